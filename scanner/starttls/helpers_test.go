package starttls

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"mxtls/scanner/scannertest"
)

func TestMain(m *testing.M) {
	if task, ok := childTasks[os.Getenv(childTask)]; ok {
		task()
		return
	}
	goleak.VerifyTestMain(m)
}

// Limits of tests. A patient one is never reached, a short one is what the test is about: long enough for a busy
// machine to take the steps before it.
const (
	patient = 30 * time.Second
	short   = 2 * time.Second
)

var (
	testCA   = sync.OnceValue(func() *scannertest.CA { return scannertest.NewCA("Test Root") })
	testCert = sync.OnceValue(func() *tls.Certificate {
		cert := testCA().Issue([]string{"mx.example.com"})
		return &cert
	})
	testRSA = sync.OnceValue(func() *tls.Certificate {
		cert := testCA().Issue([]string{"mx.example.com"}, scannertest.RSA2048)
		return &cert
	})
)

// testClient dials loopback and waits for ever, by a test's standards.
func testClient() *Client {
	return &Client{
		Dial: (&net.Dialer{}).DialContext, Hello: "client.example.org",
		Timeout: patient, GreetTimeout: patient, HostTimeout: 2 * patient,
	}
}

func serve(t testing.TB, spec scannertest.SMTP) *scannertest.Server {
	t.Helper()
	srv, err := scannertest.NewSMTP("127.0.0.1:0", spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	return srv
}

// probe holds a session with a server that behaves as told, and checks that the session is a complete record.
func probeServer(t *testing.T, c *Client, spec scannertest.SMTP) (*Session, *scannertest.Server) {
	t.Helper()
	srv := serve(t, spec)
	s := c.Probe(context.Background(), srv.Addr(), Ask{})
	checkComplete(t, s)
	return s, srv
}

// together starts one session for each of n rows at once, so that waiting for limits costs the time of one.
func together(n int, session func(i int) *Session) []*Session {
	sessions := make([]*Session, n)
	var wg sync.WaitGroup
	for i := range sessions {
		wg.Go(func() { sessions[i] = session(i) })
	}
	wg.Wait()
	return sessions
}

func scripted(script string) scannertest.SMTP {
	return scannertest.SMTP{Script: script, Certificate: testCert()}
}

// checkComplete checks what holds for every Session, however it ended.
func checkComplete(t *testing.T, s *Session) {
	t.Helper()
	if (s.Err == nil) != (s.Stage == Done) {
		t.Errorf("stage %v with error %v", s.Stage, s.Err)
	}
	if s.Err != nil && (s.Err.Stage != s.Stage || s.Err.Reason == ReasonNone || s.Err.Text == "") {
		t.Errorf("stage %v: incomplete error %+v", s.Stage, s.Err)
	}
	for stage := Connected; stage <= Done; stage++ {
		if (s.Took[stage] > 0) != (stage <= s.Stage) {
			t.Errorf("stage %v reached, %v took %v", s.Stage, stage, s.Took[stage])
		}
	}
	if (s.TLS != nil) != (s.Stage >= TLS) {
		t.Errorf("stage %v with handshake %v", s.Stage, s.TLS)
	}
	if s.Duration <= 0 || s.Started.IsZero() {
		t.Errorf("started %v, took %v", s.Started, s.Duration)
	}
}

// checkEnd checks how far a session got and why no further.
func checkEnd(t *testing.T, s *Session, stage Stage, reason Reason) {
	t.Helper()
	got := ReasonNone
	if s.Err != nil {
		got = s.Err.Reason
	}
	if s.Stage != stage || got != reason {
		t.Errorf("ended at %v, %v; want %v, %v\nerror: %v\ndialogue: %+v",
			s.Stage, got, stage, reason, s.Err, s.Dialogue)
	}
}

// checkCommands waits until the server has read what the client sent before it hung up.
func checkCommands(t *testing.T, srv *scannertest.Server, want ...string) {
	t.Helper()
	for end := time.Now().Add(patient); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if slices.Equal(srv.Commands(), want) {
			return
		}
		if len(srv.Commands()) > len(want) {
			break
		}
	}
	t.Errorf("commands (-want +got):\n%s", cmp.Diff(want, srv.Commands()))
}

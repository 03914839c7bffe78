package mtasts

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/resolve"
	"mxtls/scanner/scannertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Limits of tests: a patient one is never reached, a short one is what the test is about.
const (
	patient = 2 * time.Minute
	short   = time.Second
)

// lab is a false internet, and a client and a verifier that live in it.
type lab struct {
	*scannertest.Internet
	t        *testing.T
	resolver *resolve.Resolver
	verifier *pkix.Verifier
	read     atomic.Int64 // octets that clients read from policy hosts
}

func newLab(t *testing.T) *lab {
	t.Helper()
	in, err := scannertest.NewInternet()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(in.Close)
	r, err := resolve.New(resolve.Config{Servers: []string{in.DNS().Addr()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	bundle, err := pkix.Parse("lab", in.CA().PEM())
	if err != nil {
		t.Fatal(err)
	}
	return &lab{Internet: in, t: t, resolver: r, verifier: pkix.NewVerifier(bundle, time.Now())}
}

func (l *lab) client() *Client {
	return &Client{Resolver: l.resolver, Dial: l.dial, Timeout: patient, UserAgent: "mxtls (+https://example.org/)"}
}

func (l *lab) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := l.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &counted{c, &l.read}, nil
}

type counted struct {
	net.Conn
	read *atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Add(int64(n))
	return n, err
}

func (l *lab) zone(records ...string) {
	l.t.Helper()
	if err := l.DNS().Add(records...); err != nil {
		l.t.Fatal(err)
	}
}

// publish gives a domain a record and the address of a policy host.
func (l *lab) publish(domain, addr string) {
	l.t.Helper()
	family := "A"
	if strings.Contains(addr, ":") {
		family = "AAAA"
	}
	l.zone("_mta-sts."+domain+`. 300 IN TXT "v=STSv1; id=1;"`, "mta-sts."+domain+". 300 IN "+family+" "+addr)
}

// host starts a policy host with a good certificate for a domain, unless it has one of its own.
func (l *lab) host(domain, addr string, spec scannertest.HTTPS) *scannertest.HTTPSServer {
	l.t.Helper()
	if spec.Certificate == nil {
		cert := l.CA().Issue([]string{"mta-sts." + domain})
		spec.Certificate = &cert
	}
	server, err := l.ServeHTTPS(addr, spec)
	if err != nil {
		l.t.Fatal(err)
	}
	return server
}

func (l *lab) look(domain string) Outcome {
	return Judge(l.client().Look(context.Background(), name.MustParse(domain)), l.verifier)
}

// checkOutcome checks what holds for every outcome.
func checkOutcome(t *testing.T, o Outcome) {
	t.Helper()
	if (o.Status == Valid) != (o.Reason == ReasonNone) || (o.Status == Valid) != (o.Text == "") {
		t.Errorf("status %v with reason %v, %q", o.Status, o.Reason, o.Text)
	}
	if o.Fault != FaultNone && o.Reason != PolicyFetch && o.Reason != NotFetched && o.Reason != WebPKIInvalid {
		t.Errorf("fault %v with reason %v", o.Fault, o.Reason)
	}
	if o.Disputed && (o.Reason != PolicyInvalid || o.Mode == ModeUnknown) {
		t.Errorf("disputed with reason %v, mode %v", o.Reason, o.Mode)
	}
	if (o.BodySHA256 != "") != (o.Status == Valid || o.Reason == PolicyInvalid) {
		t.Errorf("status %v with a hash of %q", o.Status, o.BodySHA256)
	}
	checkWarnings(t, o.Warnings)
}

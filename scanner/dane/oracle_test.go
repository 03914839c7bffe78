package dane

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mxtls/scanner/resolve"
)

// A server is a chain that is shown to OpenSSL, and the certificates that records can be about.
type server struct {
	name        string
	chain       []*issued
	inter, root *issued
}

// servers are chains of all kinds, good and bad.
func servers(t testing.TB) []server {
	root := newCA(t, "Root", nil)
	inter := newCA(t, "Inter", root)
	deep := newCA(t, "Deep", inter)
	leaf := newLeaf(t, mxHost, inter)
	other := newCA(t, "Other", nil)
	oldRoot := newCA(t, "Root", nil, dates(-300*day, -day))
	oldInter := newCA(t, "Inter", root, dates(-300*day, -day))
	capped := newCA(t, "Capped", root, func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"elsewhere.example"} })
	shallow := newCA(t, "Shallow", root, func(c *x509.Certificate) { c.MaxPathLenZero = true })
	below := newCA(t, "Below", shallow)
	selfSigned := newLeaf(t, mxHost, nil)
	noCA := newCert(t, "No CA", key("No CA"), inter, func(c *x509.Certificate) { c.BasicConstraintsValid = true })
	show := func(name string, chain ...*issued) server { return server{name, chain, inter, root} }
	with := func(s server, inter, root *issued) server { s.inter, s.root = inter, root; return s }
	return []server{
		show("whole", leaf, inter, root),
		show("without root", leaf, inter),
		show("alone", leaf),
		show("any order", leaf, root, other, inter),
		show("deep", newLeaf(t, mxHost, deep), deep, inter, root),
		with(show("self-signed", selfSigned), selfSigned, selfSigned),
		with(show("self-signed and expired", newLeaf(t, mxHost, nil, dates(-9*day, -day))), inter, selfSigned),
		show("expired", newLeaf(t, mxHost, inter, dates(-9*day, -day)), inter, root),
		show("not yet valid", newLeaf(t, mxHost, inter, dates(day, 9*day)), inter, root),
		with(show("expired intermediate", leaf, oldInter, root), oldInter, root),
		with(show("expired root", leaf, inter, oldRoot), inter, oldRoot),
		show("another's", newLeaf(t, "other.example", inter), inter, root),
		show("another's and expired", newLeaf(t, "other.example", inter, dates(-9*day, -day)), inter, root),
		show("wildcard", newLeaf(t, "*.example", inter, names("*.example", "a.example")), inter, root),
		show("common name", newLeaf(t, mxHost, inter, names()), inter, root),
		show("for clients", newLeaf(t, mxHost, inter, func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}), inter, root),
		with(show("issued by no CA", newLeaf(t, mxHost, noCA), noCA, inter, root), noCA, root),
		with(show("name constraint", newLeaf(t, mxHost, capped), capped, root), capped, root),
		with(show("path length", newLeaf(t, mxHost, below), below, shallow, root), below, root),
		show("wrong signature", newLeaf(t, mxHost, &issued{inter.Certificate, key("Inter")}), inter, root),
	}
}

// sets are the record sets that are put beside each chain: every usage, selector and matching type of mail for the
// leaf, what is above it and somebody else, and some that are more than one record.
func sets(s server) map[string][]resolve.TLSA {
	leaf, stranger := s.chain[0], newStranger()
	all := map[string][]resolve.TLSA{
		"3 1 1 twice":            {tlsa(3, 1, 1, stranger), tlsa(3, 1, 1, leaf)},
		"wrong 3 1 2, 3 1 1":     {tlsa(3, 1, 1, leaf), tlsa(3, 1, 2, stranger)},
		"3 1 2, wrong 3 1 1":     {tlsa(3, 1, 1, stranger), tlsa(3, 1, 2, leaf)},
		"wrong 3 1 2, 3 0 1":     {tlsa(3, 0, 1, leaf), tlsa(3, 1, 2, stranger)},
		"wrong 3 1 2, 3 1 0":     {tlsa(3, 1, 0, leaf), tlsa(3, 1, 2, stranger)},
		"2 0 0 inter and root":   {tlsa(2, 0, 0, s.inter), tlsa(2, 0, 0, s.root)},
		"wrong 2 1 2, 2 1 1":     {tlsa(2, 1, 1, s.root), tlsa(2, 1, 2, stranger)},
		"wrong 3 1 1, 2 1 1":     {tlsa(2, 1, 1, s.root), tlsa(3, 1, 1, stranger)},
		"3 1 1, wrong 2 1 1":     {tlsa(2, 1, 1, stranger), tlsa(3, 1, 1, leaf)},
		"wrong 2 1 1, 2 1 0":     {tlsa(2, 1, 0, s.root), tlsa(2, 1, 1, stranger)},
		"root or intermediate":   {tlsa(2, 0, 1, s.inter), tlsa(2, 1, 1, s.root)},
		"unusable beside usable": {{Usage: 3, Selector: 1, Matching: 2, Data: []byte{1}}, tlsa(3, 1, 1, leaf)},
	}
	for subject, c := range map[string]*issued{"leaf": leaf, "inter": s.inter, "root": s.root, "stranger": stranger} {
		for i := range uint8(12) {
			usage, selector, matching := usageTA+i/6, i/3%2, i%3
			name := fmt.Sprintf("%d %d %d %s", usage, selector, matching, subject)
			all[name] = []resolve.TLSA{tlsa(usage, selector, matching, c)}
		}
	}
	return all
}

// bases are TLSA base domains beside mxHost, which decide for usage 2: one that another's certificate has, one that a
// wildcard covers, and names below.
var bases = []string{"other.example", "b.example", "x.mx.example", "deep.b.example"}

// newStranger is a self-signed certificate that nobody sends.
var newStranger = sync.OnceValue(func() *issued {
	return newCA(new(testing.T), "Stranger", nil)
})

// verdict is what OpenSSL says: the error that Postfix would keep, and the record that fits.
type verdict struct {
	Num, Depth int
	Matched    string // "3 1 1 matched EE certificate at depth 0"
}

// TestOpenSSL puts every chain before OpenSSL's own client with every record set. The binary is wanted: without it the
// test fails.
func TestOpenSSL(t *testing.T) {
	t.Parallel()
	asked := 0
	for _, s := range servers(t) {
		asked += len(sets(s)) + 2*len(bases)
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			addr := serve(t, s.chain)
			check := func(name, base string, records []resolve.TLSA) {
				f := found(records...)
				f.Base = host(base)
				o := Judge(f, ders(s.chain...), Names{}, now)
				if got, want := ours(&o), askOpenSSL(t, addr, base, records); got != want {
					t.Errorf("%s: %+v (%s, %s), OpenSSL says %+v", name, got, o.Reason, o.Text, want)
				}
			}
			for name, records := range sets(s) {
				check(name, mxHost, records)
			}
			for _, base := range bases {
				check("2 0 0 inter for "+base, base, []resolve.TLSA{tlsa(2, 0, 0, s.inter)})
				check("2 1 1 root, 3 1 1 for "+base, base, []resolve.TLSA{tlsa(2, 1, 1, s.root), tlsa(3, 1, 1, newStranger())})
			}
		})
	}
	if asked < 1000 {
		t.Errorf("only %d pairs of chain and records", asked)
	}
	t.Logf("%d pairs of chain and records", asked)
}

// ours is an outcome as OpenSSL would report it.
func ours(o *Outcome) verdict {
	v := verdict{Num: o.Chain.Num, Depth: o.Chain.Depth}
	if !o.Named && (v.Num == 0 || v.Depth > 0 || o.Chain.AfterNames) {
		v = verdict{Num: 62}
	}
	if o.Status != Match {
		return v
	}
	how := "matched EE certificate"
	switch {
	case o.BareKey:
		how = "signed the certificate"
	case o.Depth > 0:
		how = "matched TA certificate"
	}
	r := o.Records[o.By]
	v.Matched = fmt.Sprintf("%d %d %d %s at depth %d", r.Usage, r.Selector, r.Matching, how, o.Depth)
	return v
}

var (
	verifyError = regexp.MustCompile(`(?m)^depth=(\d+) .*\n(?:verify error:num=(\d+):)?`)
	tlsaMatch   = regexp.MustCompile(`(?m)^DANE TLSA (\d \d \d) \S+ (.*) at depth (\d+)$`)
)

// askOpenSSL has s_client look at a server as Postfix does: security level 1, ten intermediates, no names for usage 3.
func askOpenSSL(t *testing.T, addr, base string, records []resolve.TLSA) verdict {
	t.Helper()
	args := []string{"s_client", "-connect", addr, "-brief", "-no-CApath", "-no-CAfile", "-no-CAstore",
		"-attime", strconv.FormatInt(now.Unix(), 10), "-auth_level", "1", "-verify", "10",
		"-dane_tlsa_domain", base, "-dane_ee_no_namechecks"}
	for _, r := range records {
		args = append(args, "-dane_tlsa_rrdata", fmt.Sprintf("%d %d %d %x", r.Usage, r.Selector, r.Matching, r.Data))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "openssl", args...)
	cmd.Env = []string{"OPENSSL_CONF=/dev/null"}
	out, err := cmd.CombinedOutput()
	if !bytes.Contains(out, []byte("CONNECTION ESTABLISHED")) {
		t.Fatalf("openssl: %v: %s", err, out)
	}
	v := verdict{Depth: -1}
	for _, m := range verifyError.FindAllStringSubmatch(string(out), -1) {
		depth, _ := strconv.Atoi(m[1])
		if num, _ := strconv.Atoi(m[2]); num != 0 && (v.Depth < 0 || depth < v.Depth) {
			v = verdict{Num: num, Depth: depth} // as tls_verify.c update_error_state
		}
	}
	v.Depth = max(v.Depth, 0)
	if m := tlsaMatch.FindStringSubmatch(string(out)); m != nil {
		v.Matched = m[1] + " " + m[2] + " at depth " + m[3]
	}
	if strings.Contains(string(out), "Verification: OK") != (v.Num == 0) {
		t.Fatalf("openssl says %+v: %s", v, out)
	}
	return v
}

// serve shows a chain to all who come until the test ends.
func serve(t *testing.T, chain []*issued) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: ders(chain...), PrivateKey: chain[0].key}}}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(time.Minute))
				if c := tls.Server(conn, config); c.Handshake() == nil {
					_, _ = c.Read(make([]byte, 1)) // until the client hangs up
				}
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return l.Addr().String()
}

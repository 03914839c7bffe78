//go:build mta

package dane

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
	"mxtls/scanner/scannertest"
)

// inside says to a child of this test that it is in a network of its own, where port 53 is free to take.
const inside = "MXTLS_TEST_NAMESPACE"

// TestMTAFinger asks a real posttls-finger, which looks everything up for itself, about servers and records of all
// kinds: its words, the record that it matches and its complaints must be ours. It takes root to make a network.
func TestMTAFinger(t *testing.T) {
	if os.Getenv(inside) != "" {
		newFinger(t).askAll(t)
		return
	}
	resolver := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(resolver, []byte("nameserver 127.0.0.1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	unpack(t) // while there is a network to load it from
	const script = `ip link set lo up && mount --bind "$1" /etc/resolv.conf && exec "$2" -test.run '^TestMTAFinger$' -test.v`
	cmd := exec.CommandContext(t.Context(), "unshare", "-n", "-m", "sh", "-c", script, "sh", resolver, os.Args[0])
	cmd.Env = append(os.Environ(), inside+"=1")
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

// A finger is an unpacked posttls-finger, and the DNS and the CA of its world.
type finger struct {
	root, config string
	at           time.Time
	dns          *scannertest.DNS
	ca, inter    *issued
	served       int
}

func newFinger(t *testing.T) *finger {
	t.Helper()
	f := &finger{root: unpack(t), config: t.TempDir(), at: time.Now()}
	var err error
	if f.dns, err = scannertest.NewDNS("127.0.0.1:53"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.dns.Close)
	f.dns.Secure(".")
	f.ca = newCA(t, "Root", nil, f.today)
	f.inter = newCA(t, "Inter", f.ca, f.today)
	main := "compatibility_level=3.6\nqueue_directory=" + f.config + "\nshlib_directory=no\ninet_protocols=ipv4\n" +
		"mail_owner=daemon\nsetgid_group=mail\ndefault_privs=nobody\nsmtp_dns_support_level=dnssec\n" +
		"smtp_tls_security_level=dane\n"
	if err := os.WriteFile(filepath.Join(f.config, "main.cf"), []byte(main), 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

// unpack unpacks Debian's package postfix where package pkix's tests do. Nothing is installed.
func unpack(t *testing.T) string {
	t.Helper()
	root := filepath.Join(os.TempDir(), fmt.Sprintf("mxtls-finger-%d", os.Getuid()))
	if _, err := os.Stat(filepath.Join(root, "usr/sbin/posttls-finger")); err == nil {
		return root
	}
	script := `set -e; mkdir -p "$1"; cd "$1"; ls postfix_*.deb >/dev/null 2>&1 || apt-get download -q postfix
		dpkg-deb -x "$(ls postfix_*.deb | head -n 1)" .`
	if out, err := exec.Command("sh", "-c", script, "sh", root).CombinedOutput(); err != nil {
		t.Fatalf("unpack postfix: %v: %s", err, out)
	}
	return root
}

// today moves a certificate's dates from the tests' time to the real one: posttls-finger has no other.
func (f *finger) today(c *x509.Certificate) {
	c.NotBefore, c.NotAfter = c.NotBefore.Add(f.at.Sub(now)), c.NotAfter.Add(f.at.Sub(now))
}

// leaf is a certificate for the names, of which %d stands for the number of the server that is asked next.
func (f *finger) leaf(t *testing.T, host string, edits ...edit) *issued {
	return newLeaf(t, fmt.Sprintf(host, f.served+1), f.inter, append(edits, f.today)...)
}

func (f *finger) askAll(t *testing.T) {
	const own, next, other = "mx%d.example", "d%d.example", "other%d.example"
	bad := resolve.TLSA{Usage: 3, Selector: 1, Matching: 1, Data: []byte{1}}
	past := dates(-9*day, -day)
	stranger := newStranger()
	for _, tt := range []struct {
		name     string
		host     string
		edits    []edit
		insecure bool // the MX answer
		records  func(leaf *issued) []resolve.TLSA
		word     string
	}{
		{"3 1 1", other, nil, false, func(l *issued) []resolve.TLSA { return []resolve.TLSA{tlsa(3, 1, 1, l)} }, "Verified"},
		{"3 0 2", other, nil, false, func(l *issued) []resolve.TLSA { return []resolve.TLSA{tlsa(3, 0, 2, l)} }, "Verified"},
		{"3 1 0", other, nil, false, func(l *issued) []resolve.TLSA { return []resolve.TLSA{tlsa(3, 1, 0, l)} }, "Verified"},
		{"3 0 0", other, nil, false, func(l *issued) []resolve.TLSA { return []resolve.TLSA{tlsa(3, 0, 0, l)} }, "Verified"},
		{"3 1 1, expired", other, []edit{past}, false,
			func(l *issued) []resolve.TLSA { return []resolve.TLSA{tlsa(3, 1, 1, l)} }, "Verified"},
		{"3 1 1, insecure MX", other, nil, true,
			func(l *issued) []resolve.TLSA { return []resolve.TLSA{tlsa(3, 1, 1, l)} }, "Trusted"},
		{"3 1 1 beside unusable ones", other, nil, false,
			func(l *issued) []resolve.TLSA { return []resolve.TLSA{tlsa(3, 1, 1, l), tlsa(0, 1, 1, l), bad} }, "Verified"},
		{"wrong 3 1 1", own, nil, false,
			func(*issued) []resolve.TLSA { return []resolve.TLSA{tlsa(3, 1, 1, stranger)} }, "Untrusted"},
		{"wrong 3 1 2, 3 1 1", own, nil, false,
			func(l *issued) []resolve.TLSA { return []resolve.TLSA{tlsa(3, 1, 1, l), tlsa(3, 1, 2, stranger)} }, "Untrusted"},
		{"2 1 1", own, nil, false, func(*issued) []resolve.TLSA { return []resolve.TLSA{tlsa(2, 1, 1, f.inter)} }, "Verified"},
		{"2 1 0, not sent", own, nil, false,
			func(*issued) []resolve.TLSA { return []resolve.TLSA{tlsa(2, 1, 0, f.ca)} }, "Verified"},
		{"2 0 0, not sent", own, nil, false,
			func(*issued) []resolve.TLSA { return []resolve.TLSA{tlsa(2, 0, 0, f.ca)} }, "Verified"},
		{"2 0 1, not sent", own, nil, false,
			func(*issued) []resolve.TLSA { return []resolve.TLSA{tlsa(2, 0, 1, f.ca)} }, "Untrusted"},
		{"2 1 1, expired", own, []edit{past}, false,
			func(*issued) []resolve.TLSA { return []resolve.TLSA{tlsa(2, 1, 1, f.inter)} }, "Untrusted"},
		{"2 1 1, another's", other, nil, false,
			func(*issued) []resolve.TLSA { return []resolve.TLSA{tlsa(2, 1, 1, f.inter)} }, "Untrusted"},
		{"2 1 1, the next hop's", next, nil, false,
			func(*issued) []resolve.TLSA { return []resolve.TLSA{tlsa(2, 1, 1, f.inter)} }, "Verified"},
		{"2 1 1, the next hop's, insecure MX", next, nil, true,
			func(*issued) []resolve.TLSA { return []resolve.TLSA{tlsa(2, 1, 1, f.inter)} }, "Trusted"},
	} {
		leaf := f.leaf(t, tt.host, tt.edits...)
		if word := f.ask(t, tt.name, leaf, tt.insecure, tt.records(leaf)); word != tt.word {
			t.Errorf("%s: posttls-finger says %q, want %q", tt.name, word, tt.word)
		}
	}
}

var (
	fingerWord      = regexp.MustCompile(`(?m)^posttls-finger: (\w+) TLS connection established to `)
	fingerMatch     = regexp.MustCompile(`(?m)^posttls-finger: (.* Matched DANE .*)$`)
	fingerComplaint = regexp.MustCompile(`(?m)^posttls-finger: (.*certificate verification failed for .*)$`)
)

// ask puts one server into the world, and compares what posttls-finger says of it with ours. It returns the word.
func (f *finger) ask(t *testing.T, what string, leaf *issued, insecure bool, records []resolve.TLSA) string {
	t.Helper()
	f.served++
	domain, mxName := fmt.Sprintf("d%d.example", f.served), fmt.Sprintf("mx%d.example", f.served)
	addr := fmt.Sprintf("127.0.1.%d", f.served)
	zone := []string{domain + ". 300 IN MX 10 " + mxName + ".", mxName + ". 300 IN A " + addr}
	for _, r := range records {
		zone = append(zone, fmt.Sprintf("_25._tcp.%s. 300 IN TLSA %d %d %d %x", mxName, r.Usage, r.Selector, r.Matching, r.Data))
	}
	if err := f.dns.Add(zone...); err != nil {
		t.Fatal(err)
	}
	if insecure {
		f.dns.Insecure(domain)
	}
	chain := ders(leaf, f.inter)
	cert := tls.Certificate{Certificate: chain, PrivateKey: leaf.key}
	server, err := scannertest.NewSMTP(addr+":25", scannertest.SMTP{Name: mxName, Certificate: &cert})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(f.root, "usr/sbin/posttls-finger"), "-c", "-l", "dane",
		"-Lsummary,untrusted,certmatch", domain)
	cmd.Env = []string{"MAIL_CONFIG=" + f.config, "LD_LIBRARY_PATH=" + filepath.Join(f.root, "usr/lib/postfix")}
	out, _ := cmd.CombinedOutput() // what it exits with means nothing
	first := func(re *regexp.Regexp) string {
		if m := re.FindSubmatch(out); m != nil {
			return string(m[1])
		}
		return ""
	}
	r, err := resolve.New(resolve.Config{Servers: []string{f.dns.Addr()}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	target := name.Target{Name: host(domain)}
	set := mx.Lookup(ctx, r, target, mx.Limits{Families: mx.IPv4Only})
	o := Judge(Lookup(ctx, r, &set.Hosts[0], Port), chain, NamesOf(target, &set), f.at)
	peer := fmt.Sprintf("%s[%s]:25", mxName, addr)
	if match, want := first(fingerMatch), o.Log(peer); match != want {
		t.Errorf("%s: posttls-finger says %q, we %q\n%s", what, match, want, out)
	}
	if complaint, want := first(fingerComplaint), o.Complaint(peer); complaint != want {
		t.Errorf("%s: posttls-finger says %q, we %q\n%s", what, complaint, want, out)
	}
	return first(fingerWord)
}

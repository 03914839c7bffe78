package pkix

import (
	"os/exec"
	"strings"
	"testing"
)

// proxyInfo is a ProxyCertInfo (RFC 3820 3.8) that says that rights are inherited.
var proxyInfo = tlv(tagSequence, tlv(tagSequence, tlv(tagOID, []byte("\x2b\x06\x01\x05\x05\x07\x15\x01"))))

// odd are chains with what nobody issues for mail servers, and random chains found.
func (w *world) odd() []parityCase {
	proxy := func(c *tbs) {
		c.add(oidProxyCertInfo, true, proxyInfo)
	}
	garbage := func(oid string) func(*tbs) {
		return func(c *tbs) { c.add(oid, false, []byte{4, 1, 1}) }
	}
	over := reissue(w.t, w.inter, w.root, func(c *tbs) {
		c.validity = tlv(tagSequence, utcTime(now.Add(-90*day)), tlv(tagUTCTime, []byte("never")))
	})
	expired := w.ca("Intermediate", dates(-90*day, -day))
	offset := reissue(w.t, w.inter, w.root, func(c *tbs) {
		c.validity = tlv(tagSequence, utcTime(now.Add(-90*day)), tlv(tagUTCTime, []byte("9901010000+0100")))
	})
	return []parityCase{
		w.leafWith("proxy", errProxy, Untrusted, func(c *tbs) { proxy(c); c.drop(oidSubjectAltName) }),
		w.leafWith("proxy with a SAN", errNoLocalIssuer, Untrusted, proxy),
		w.leafWith("proxy with an issuer's alternative name", errNoLocalIssuer, Untrusted, func(c *tbs) {
			proxy(c)
			c.drop(oidSubjectAltName)
			c.add(oidIssuerAltName, false, tlv(tagSequence, dns("x")))
		}),
		w.interWith("proxy that is a CA", errNoLocalIssuer, Untrusted, proxy),
		w.leafWith("proxy without a policy", errNoLocalIssuer, Untrusted, func(c *tbs) {
			c.drop(oidSubjectAltName)
			c.add(oidProxyCertInfo, true, tlv(tagSequence))
		}),
		w.leafWith("AS numbers that are none", errNoLocalIssuer, Trusted, garbage(oidASNumbers)),
		w.interWith("address blocks that are none, intermediate", errNoLocalIssuer, Trusted, garbage(oidAddressBlocks)),
		w.same("issuer that never ended, and an expired one", errNotAfter, Untrusted, w.leaf, over, expired),
		w.same("expired issuer, and one that never ended", errExpired, Untrusted, w.leaf, expired, over),
		w.same("expired issuer, and one with another hour", errExpired, Untrusted, w.leaf, offset, expired),
	}
}

// TestResources: whether a server's addresses are within those of its issuers is not worked out, and so not claimed.
func TestResources(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := tlv(tagSequence, tlv(tagSequence, []byte{4, 2, 0, 1}, tlv(tagSequence, []byte{3, 2, 0, 10},
		tlv(tagSequence, []byte{3, 2, 0, 10}, []byte{3, 2, 0, 11}))))
	numbers := tlv(tagSequence, tlv(tagConstructed, tlv(tagSequence, []byte{2, 1, 7}, tlv(tagSequence, []byte{2, 1, 8},
		[]byte{2, 1, 9}))), tlv(tagConstructed+1, []byte{tagNull, 0}))
	for oid, value := range map[string][]byte{oidAddressBlocks: all, oidASNumbers: numbers} {
		leaf := reissue(t, w.leaf, w.inter, func(c *tbs) { c.add(oid, true, value) })
		c := NewVerifier(bundleOf(t, w.root), now).Postfix(ders(leaf, w.inter), 0)
		if c.Status != StatusUnknown || c.Reason != OtherInvalid || !strings.Contains(c.Text, "RFC 3779") {
			t.Errorf("%s: %s, %s, %s", dotted(oid), c.Status, c.Reason, c.Text)
		}
		inter := reissue(t, w.inter, w.root, func(c *tbs) { c.add(oid, true, value) })
		above := reissue(t, w.leaf, inter, nil)
		if c := NewVerifier(bundleOf(t, w.root), now).Postfix(ders(above, inter), 0); c.Status != Trusted {
			t.Errorf("%s, intermediate: %s, %s", dotted(oid), c.Status, c.Text)
		}
	}
}

// TestOddKeys: a key is one that we know where OpenSSL can read it, and without one there is no handshake.
func TestOddKeys(t *testing.T) {
	t.Parallel()
	binary, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	for i, spki := range oddKeys() {
		leaf := reissue(t, w.leaf, w.inter, func(c *tbs) { c.spki = spki })
		cmd := exec.CommandContext(t.Context(), binary, "x509", "-noout", "-pubkey",
			"-in", write(t, "leaf.pem", pemOf(leaf)))
		cmd.Env = []string{}
		out, err := cmd.CombinedOutput()
		known := reread(t, leaf.Raw).key.kind != keyUnknown
		if known != (err == nil) {
			t.Errorf("key %d, %x: known %t, openssl says %v\n%s", i, spki, known, err, out)
		}
		c := NewVerifier(bundleOf(t, w.root), now).Postfix(ders(leaf, w.inter), 0)
		if c.Unreadable == known || !known && (c.Status != StatusUnknown || c.Reason != CertificateMalformed) {
			t.Errorf("key %d, known %t: %s, %s, %s", i, known, c.Status, c.Reason, c.Text)
		}
		if !known {
			continue
		}
		found := opensslErrors(t, binary, w.same("", 0, 0, leaf, w.inter), 1)
		weak := len(found) > 0 && found[0].Num == errLeafKey
		if k := reread(t, leaf.Raw).key; k.weak() != weak {
			t.Errorf("key %d, %s: weak %t, openssl says %v", i, k.text, k.weak(), found)
		}
	}
}

// TestCRLPoints: what OpenSSL cannot read in whole makes the certificate invalid.
func TestCRLPoints(t *testing.T) {
	t.Parallel()
	binary, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	for i, points := range crlPoints() {
		tc := w.leafWith("", 0, 0, func(c *tbs) { c.add(oidCRLPoints, false, points) })
		found := opensslErrors(t, binary, tc, 0)
		if invalid := reread(t, tc.chain[0]).invalid; (invalid != "") != (len(found) > 0) {
			t.Errorf("%d, %x: invalid for %q, openssl says %v", i, points, dotted(invalid), found)
		}
	}
}

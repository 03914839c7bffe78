package pkix

import (
	"crypto/x509"
	"fmt"
	"sync"
	"testing"
)

// TestVerifyOnce: equal chains get one verdict, whoever asks first and however many ask at once.
func TestVerifyOnce(t *testing.T) {
	t.Parallel()
	root := newCA(t, "Root", nil)
	v := NewVerifier(bundleOf(t, root), now)
	chain := ders(newLeaf(t, "mx.example.com", root))
	verdicts := make([]*Chain, 16)
	var wg sync.WaitGroup
	for i := range verdicts {
		wg.Go(func() { verdicts[i] = v.Verify([][]byte{append([]byte(nil), chain[0]...)}) })
	}
	wg.Wait()
	for _, c := range verdicts {
		if c != verdicts[0] || c.Status != Trusted {
			t.Errorf("%p %+v, not %p", c, c, verdicts[0])
		}
	}
}

// TestSeconds: a time without seconds is no valid time, and where OpenSSL does not read it the handshake ends.
func TestSeconds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dated := func(tag byte, to string) func(*tbs) {
		return func(c *tbs) {
			c.validity = tlv(tagSequence, tlv(tagUTCTime, []byte("240101000000Z")), tlv(tag, []byte(to)))
		}
	}
	utc := reissue(t, w.leaf, w.inter, dated(tagUTCTime, "4901010000Z"))
	for _, tt := range []struct {
		name        string
		chain       [][]byte
		unreadable  bool // by OpenSSL 3.3
		before, now Status
	}{
		{"none", ders(w.leaf, w.inter), false, Trusted, Trusted},
		{"UTCTime", ders(utc, w.inter), true, Untrusted, StatusUnknown},
		{"GeneralizedTime", ders(reissue(t, w.leaf, w.inter, dated(tagGeneralizedTime, "204901010000Z")), w.inter),
			true, Untrusted, StatusUnknown},
		{"with fractions", ders(reissue(t, w.leaf, w.inter, dated(tagGeneralizedTime, "20490101000000.5Z")), w.inter),
			false, Untrusted, Untrusted},
		{"above", ders(w.leaf, reissue(t, w.inter, w.root, dated(tagUTCTime, "4901010000Z"))), true, Untrusted,
			StatusUnknown},
		{"beside", ders(w.leaf, w.inter, utc), true, Trusted, StatusUnknown},
	} {
		for _, seconds := range []bool{false, true} {
			v := NewVerifier(bundleOf(t, w.root), now)
			v.Seconds = seconds
			want, unreadable := tt.before, false
			if seconds {
				want, unreadable = tt.now, tt.unreadable
			}
			if c := v.Postfix(tt.chain, 0); c.Status != want || c.Unreadable != unreadable {
				t.Errorf("%s, %t: %s, unreadable %t, %s; want %s", tt.name, seconds, c.Status, c.Unreadable, c.Text, want)
			}
		}
	}
}

// TestSameHash: chains whose hashes are the same are told apart, in turn too; where one certificate ends is a part of
// the chain.
func TestSameHash(t *testing.T) {
	t.Parallel()
	v := NewVerifier(bundleOf(t, newCA(t, "Root", nil)), now)
	one, other := [][]byte{[]byte("ab"), []byte("c")}, [][]byte{[]byte("a"), []byte("bc")}
	if v.hash(one) != v.hash(other) {
		t.Fatal("this test needs two chains with one hash")
	}
	for range 2 {
		for _, chain := range [][][]byte{one, other} {
			if got, want := v.Verify(chain).SHA256, fingerprint(chain[0]); got != want {
				t.Errorf("%q got the verdict on %s, not on %s", chain, got, want)
			}
		}
	}
}

// TestCacheIsBounded: the cache forgets, and what is asked for again and again stays.
func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	v := NewVerifier(bundleOf(t, newCA(t, "Root", nil)), now)
	kept := [][]byte{[]byte("kept")}
	first := v.Verify(kept)
	junk := make([]byte, 200<<10)
	for i := range 4 * cacheSize / len(junk) {
		copy(junk, fmt.Sprint(i))
		v.Verify([][]byte{append([]byte(nil), junk...)})
		if c := v.Verify(kept); c != first {
			t.Fatalf("forgotten after %d chains", i)
		}
	}
	if n := len(v.young) + len(v.old); n > 2*cacheSize/len(junk)+4 {
		t.Errorf("%d verdicts kept", n)
	}
}

// TestRemember: an intermediate that was verified once vouches for later leaves, unless something above it looks at
// what is below.
func TestRemember(t *testing.T) {
	t.Parallel()
	root := newCA(t, "Root", nil)
	bound := newCA(t, "Bound", root, permit("example.com"))
	explicit := extension(false, []byte{0x30, 3, 0x80, 1, 0}, 2, 5, 29, 36) // requireExplicitPolicy 0
	for _, tc := range []struct {
		name  string
		chain []*issued
		kept  int
	}{
		{"plain", []*issued{newCA(t, "Plain", root)}, 1},
		{"two", []*issued{newCA(t, "Lower", newCA(t, "Upper", root)), newCA(t, "Upper", root)}, 1},
		{"none", []*issued{root}, 0},
		{"name constraint", []*issued{bound}, 0},
		{"name constraint above", []*issued{newCA(t, "Lower", bound), bound}, 0},
		{"policy constraint, no policy", []*issued{newCA(t, "Explicit", root, explicit)}, 0},
	} {
		v := NewVerifier(bundleOf(t, root), now)
		v.Verify(ders(append([]*issued{newLeaf(t, "mx.example.com", tc.chain[0])}, tc.chain...)...))
		if len(v.issuers) != tc.kept {
			t.Errorf("%s: %d intermediates kept, want %d", tc.name, len(v.issuers), tc.kept)
		}
	}
}

// TestShortcut: with the intermediate known, the root's signature over it is not looked at again, and bad leaves are
// still found.
func TestShortcut(t *testing.T) {
	t.Parallel()
	root := newCA(t, "Root", nil)
	inter := newCA(t, "Intermediate", root)
	v := NewVerifier(bundleOf(t, root), now)
	if c := v.Verify(ders(newLeaf(t, "a.example.com", inter), inter)); c.Status != Trusted {
		t.Fatalf("%+v", c)
	}
	short := func(leaf *x509.Certificate) bool {
		return v.shortcut(&sent{leaf: reread(t, leaf.Raw), others: []*certificate{reread(t, inter.Raw)}}) != nil
	}
	impostor := *inter
	impostor.key = key("impostor")
	for name, tc := range map[string]struct {
		leaf *issued
		want bool
	}{
		"good":    {newLeaf(t, "b.example.com", inter), true},
		"expired": {newLeaf(t, "b.example.com", inter, dates(-9*day, -day)), false},
		"forged":  {newLeaf(t, "b.example.com", &impostor), false},
		"client":  {newLeaf(t, "b.example.com", inter, usage(x509.ExtKeyUsageClientAuth)), true}, // seen to elsewhere
		"a CA's":  {newLeaf(t, "b.example.com", newCA(t, "Another", inter)), false},
	} {
		if got := short(tc.leaf.Certificate); got != tc.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

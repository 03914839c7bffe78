package pkix

import (
	"bytes"
	"slices"
	"testing"
)

// Package dane's tests put chains and records before OpenSSL; these are about what it cannot be asked.

func TestAnchoredPaths(t *testing.T) {
	t.Parallel()
	root := newCA(t, "Root", nil)
	inter := newCA(t, "Inter", root)
	leaf := newLeaf(t, "mx.example", inter)
	is := func(c *issued) func(cert, key []byte) bool {
		return func(cert, key []byte) bool {
			return bytes.Equal(cert, c.Raw) && bytes.Equal(key, c.RawSubjectPublicKeyInfo)
		}
	}
	none := func([]byte, []byte) bool { return false }
	for _, tt := range []struct {
		name    string
		chain   [][]byte
		anchors Anchors
		status  Status
		num     int
		found   bool
		top     int
		anchor  *issued // by its certificate
		key     *issued // by its key
	}{
		{"the leaf itself", ders(leaf), Anchors{Leaf: true}, Trusted, 0, true, 0, leaf, nil},
		{"nothing to look for", ders(leaf, inter), Anchors{}, Untrusted, errNoMatch, false, 0, nil, nil},
		{"the first that is one", ders(leaf, root, inter), Anchors{Is: is(inter)}, Trusted, 0, true, 1, inter, nil},
		{"none is one", ders(leaf, inter, root), Anchors{Is: none}, Untrusted, errNoMatch, false, 2, nil, nil},
		{"the leaf is none", ders(leaf, inter), Anchors{Is: is(leaf)}, Untrusted, errNoMatch, false, 1, nil, nil},
		{"from the DNS, all the way", ders(leaf), Anchors{Certs: ders(inter, inter, root), Is: is(root)}, Trusted, 0, true,
			2, root, nil},
		{"in the DNS and none", ders(leaf), Anchors{Certs: ders(inter), Is: none}, Untrusted, errNoMatch, false, 1, nil,
			nil},
		{"garbage in the DNS", ders(leaf, inter), Anchors{Certs: [][]byte{{0x30}}, Keys: [][]byte{{0x30}}, Is: is(inter)},
			Trusted, 0, true, 1, inter, nil},
		{"a bare key", ders(leaf, inter), Anchors{Keys: [][]byte{leaf.RawSubjectPublicKeyInfo,
			root.RawSubjectPublicKeyInfo}}, Trusted, 0, true, 1, nil, root},
		{"a bare key that signed nothing", ders(leaf, inter), Anchors{Keys: [][]byte{leaf.RawSubjectPublicKeyInfo}},
			Untrusted, errNoMatch, false, 1, nil, nil},
		{"no certificate", nil, Anchors{Leaf: true}, Anonymous, 0, false, 0, nil, nil},
		{"too many", slices.Repeat(ders(leaf), maxCerts+1), Anchors{Leaf: true}, StatusUnknown, 0, false, 0, nil, nil},
		{"unreadable", [][]byte{{0x30, 0}}, Anchors{Leaf: true}, StatusUnknown, 0, false, 0, nil, nil},
		{"unreadable above", append(ders(leaf), []byte{0x30, 0}), Anchors{Leaf: true}, StatusUnknown, 0, true, 0, leaf,
			nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := VerifyAnchored(tt.chain, tt.anchors, now)
			if a.Status != tt.status || a.Num != tt.num || a.Found != tt.found || a.Top != tt.top ||
				(a.Status == Trusted) != (a.Text == "") {
				t.Errorf("%s, num %d, %s; found %t, top %d", a.Status, a.Num, a.Text, a.Found, a.Top)
			}
			if want := tt.anchor; want == nil != (a.Anchor == nil) || want != nil && !bytes.Equal(a.Anchor, want.Raw) {
				t.Errorf("anchor %x", a.Anchor)
			}
			if want := tt.key; want == nil != (a.Key == nil) ||
				want != nil && !bytes.Equal(a.Key, want.RawSubjectPublicKeyInfo) {
				t.Errorf("key %x", a.Key)
			}
		})
	}
}

// A path longer than OpenSSL's client goes ends without an anchor, even one that comes next.
func TestAnchoredTooLong(t *testing.T) {
	t.Parallel()
	chain := []*issued{newCA(t, "Top", nil)}
	for i := range maxPath + 2 {
		chain = append(chain, newCA(t, "CA "+string(rune('a'+i)), chain[i]))
	}
	chain = append(chain, newLeaf(t, "mx.example", chain[len(chain)-1]))
	slices.Reverse(chain)
	top := chain[len(chain)-1]
	a := VerifyAnchored(ders(chain...), Anchors{Is: func(cert, _ []byte) bool { return bytes.Equal(cert, top.Raw) }}, now)
	if a.Found || a.Num != errTooLong || a.Reason != ChainTooLong {
		t.Errorf("%+v", a)
	}
}

func TestCheckKey(t *testing.T) {
	t.Parallel()
	leaf := newLeaf(t, "mx.example", nil)
	key := leaf.RawSubjectPublicKeyInfo
	if err := CheckKey(key); err != nil {
		t.Error(err)
	}
	for _, bad := range [][]byte{nil, key[:len(key)-1], append(bytes.Clone(key), 0), leaf.Raw, {0x30, 0}} {
		if CheckKey(bad) == nil {
			t.Errorf("%x passed", bad)
		}
	}
	if got, err := PublicKeyInfo(leaf.Raw); err != nil || !bytes.Equal(got, key) {
		t.Errorf("%x, %v", got, err)
	}
	if got, err := PublicKeyInfo(key); err == nil || got != nil {
		t.Errorf("of no certificate: %x", got)
	}
}

package pkix

import (
	"testing"
	"time"
)

// TestLasting: a chain fails with the first certificate of its path that ends, unless another path is there by then.
func TestLasting(t *testing.T) {
	t.Parallel()
	root := newCA(t, "Root", nil)
	short := newCA(t, "Short", nil, dates(-300*day, 20*day))
	inter := newCA(t, "Intermediate", root, dates(-300*day, 40*day))
	lasting := newCA(t, "Intermediate", root, dates(-300*day, 900*day))
	cross := newCA(t, "Root", short, dates(-300*day, 15*day)) // the root, certified by an older one
	for _, tc := range []struct {
		name    string
		roots   *Bundle
		chain   []*issued
		days    int
		subject string
		depth   int
	}{
		{"the server's own", bundleOf(t, root), []*issued{newLeaf(t, "mx.example", root)}, 60, "CN=mx.example", 0},
		{"an intermediate", bundleOf(t, root), []*issued{newLeaf(t, "mx.example", inter), inter}, 40, "CN=Intermediate", 1},
		{"the root", bundleOf(t, short), []*issued{newLeaf(t, "mx.example", short)}, 20, "CN=Short", 1},
		{"another intermediate was sent", bundleOf(t, root),
			[]*issued{newLeaf(t, "mx.example", inter), inter, lasting}, 60, "CN=mx.example", 0},
		{"the root is in the bundle too", bundleOf(t, root, short),
			[]*issued{newLeaf(t, "mx.example", root), cross}, 60, "CN=mx.example", 0},
		{"and here it is not", bundleOf(t, short),
			[]*issued{newLeaf(t, "mx.example", root), cross}, 15, "CN=Root", 1},
	} {
		c := NewVerifier(tc.roots, now).Verify(ders(tc.chain...))
		want := Lasting{now.Add(time.Duration(tc.days) * day), tc.subject, tc.depth}
		if c.Status != Trusted || c.Lasts != want {
			t.Errorf("%s: %s %s, lasts %+v, want %+v", tc.name, c.Status, c.Text, c.Lasts, want)
		}
		// It is so: trusted a second before, and no more at the end.
		for _, at := range []time.Duration{-time.Second, 0} {
			then := NewVerifier(tc.roots, want.Until.Add(at)).Verify(ders(tc.chain...))
			if (then.Status == Trusted) != (at < 0) {
				t.Errorf("%s: %s after its end: %s, %s", tc.name, at, then.Status, then.Text)
			}
		}
	}
	untrusted := NewVerifier(bundleOf(t, root), now).Verify(ders(newLeaf(t, "mx.example", short)))
	if untrusted.Lasts != (Lasting{}) {
		t.Errorf("untrusted, lasts %+v", untrusted.Lasts)
	}
}

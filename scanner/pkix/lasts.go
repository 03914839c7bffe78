package pkix

import (
	"time"
)

// maxDetours is how often a path is replaced by another one whose certificates last longer. The web has one or two.
const maxDetours = 8

// A Lasting is how long a trusted chain stays trusted if nobody renews anything.
type Lasting struct {
	Until   time.Time // the end of the certificate that ends it; zero = the chain is not trusted
	Subject string    // of that certificate
	Depth   int       // where it stands in the path; 0 = the server's own
}

// lasting follows OpenSSL's path to the first end of a certificate in it. Where a certificate above the server's ends,
// OpenSSL may find another path at that time, and so on: a cross-signed root whose new form is in the bundle.
func (v *Verifier) lasting(s *sent, t *trial) Lasting {
	for range maxDetours {
		depth := 0
		for i, c := range t.path {
			if c.notAfter.Before(t.path[depth].notAfter.Time) {
				depth = i
			}
		}
		first := t.path[depth]
		ends := Lasting{Until: first.notAfter.UTC(), Subject: first.subject.text(), Depth: depth}
		if depth == 0 {
			return ends
		}
		next := &trial{store: v.bundle, at: ends.Until, signed: t.signed}
		next.run(s.leaf, s.others)
		if next.nearest(1) != nil {
			return ends
		}
		t = next
	}
	return Lasting{Until: t.at, Subject: t.path[len(t.path)-1].subject.text(), Depth: len(t.path) - 1}
}

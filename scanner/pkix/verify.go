package pkix

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Limits of a Verifier. A healthy chain has 2 to 4 certificates, 3 to 6 KB and a handful of names.
const (
	maxCerts   = 100       // certificates of a chain
	maxOctets  = 256 << 10 // of a chain: what crypto/tls takes in a handshake; OpenSSL takes 100 KB
	maxRSA     = 8192      // bits of an issuer's key, as in crypto/tls: larger ones cost milliseconds each time
	maxPlain   = 4096      // bits of an issuer's key with a public exponent above 65537, for the same reason
	maxChecks  = 16        // signatures checked to name what is wrong; crypto/x509 has checked up to 100 before
	cacheSize  = 16 << 20  // octets of verdicts kept by one generation of the cache; there are two
	entrySize  = 1 << 10   // octets of a verdict beside its names, roughly
	maxIssuers = 1024      // intermediates remembered; the public web has some 2,000, mail servers a few hundred
	plainChain = 4         // certificates of a chain that a remembered intermediate may shorten
)

// A Verifier judges chains against one bundle at one time, each chain once. It may be used from several goroutines.
type Verifier struct {
	bundle *Bundle
	at     time.Time

	mu      sync.Mutex
	young   map[[32]byte]func() *Chain // verdicts by the chain's hash, computed by the first who asks
	old     map[[32]byte]func() *Chain // the generation before: what is asked for again moves to young
	size    int                        // estimated octets of young
	issuers map[[32]byte]*x509.Certificate
}

// NewVerifier makes a Verifier for one run: every chain is judged as of the same time.
func NewVerifier(b *Bundle, at time.Time) *Verifier {
	return &Verifier{bundle: b, at: at, young: map[[32]byte]func() *Chain{}, issuers: map[[32]byte]*x509.Certificate{}}
}

// Verify judges a chain as it was sent, DER, leaf first, for TLS servers and without a name. The same chain gets the
// same *Chain, which nobody may change; a chain seen before costs one hash. An empty chain is Anonymous.
func (v *Verifier) Verify(chain [][]byte) *Chain {
	if len(chain) == 0 {
		return &Chain{Status: Anonymous, Text: "TLS without a certificate"}
	}
	octets := 0
	for _, der := range chain {
		octets += len(der)
	}
	if len(chain) > maxCerts || octets > maxOctets {
		c := &Chain{Status: StatusUnknown, Reason: ChainTooLong, Sent: len(chain), SHA256: fingerprint(chain[0])}
		c.Text = fmt.Sprintf("%d certificates of %d octets were sent, more than we take", len(chain), octets)
		return c
	}
	key := hash(chain)
	v.mu.Lock()
	verdict, ok := v.young[key]
	if !ok {
		if verdict, ok = v.old[key]; !ok {
			verdict = sync.OnceValue(func() *Chain { return v.judge(chain) })
		}
		v.keep(key, verdict, octets+entrySize)
	}
	v.mu.Unlock()
	return verdict()
}

// keep files a verdict under the young. Its names and texts take at most the octets of the chain.
func (v *Verifier) keep(key [32]byte, verdict func() *Chain, size int) {
	if v.size += size; v.size > cacheSize {
		v.old, v.young, v.size = v.young, map[[32]byte]func() *Chain{}, size
	}
	v.young[key] = verdict
}

// hash is the SHA-256 of the chain as sent, with the lengths, so that no two chains share it.
func hash(chain [][]byte) (sum [32]byte) {
	h := sha256.New()
	for _, der := range chain {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(der))))
		h.Write(der)
	}
	h.Sum(sum[:0])
	return sum
}

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// sent is a chain as it was sent, parsed.
type sent struct {
	leaf   *x509.Certificate
	others []*x509.Certificate // in the order sent, each once, without the leaf
	bad    error               // why the first of the others that was left out was
	badAt  int                 // its position, from 1
	twice  bool
}

// judge is Verify without the cache.
func (v *Verifier) judge(chain [][]byte) *Chain {
	c := &Chain{SHA256: fingerprint(chain[0]), Sent: len(chain)}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		// OpenSSL may well read it, and trust it: this is no no.
		c.Reason, c.Text = CertificateMalformed, "the server's certificate cannot be parsed: "+plain(err)
		return c
	}
	s := parseSent(leaf, chain)
	c.describe(leaf)
	c.observe(s, v.at)
	v.status(c, s)
	return c
}

// parseSent parses what was sent above the leaf.
func parseSent(leaf *x509.Certificate, chain [][]byte) *sent {
	s := &sent{leaf: leaf}
	seen := map[string]bool{string(chain[0]): true}
	for i, der := range chain[1:] {
		if seen[string(der)] {
			s.twice = true
			continue
		}
		seen[string(der)] = true
		cert, err := x509.ParseCertificate(der)
		if err == nil {
			err = tooCostly(cert)
		}
		switch {
		case err == nil:
			s.others = append(s.others, cert)
		case s.bad == nil:
			s.bad, s.badAt = err, i+2
		}
	}
	return s
}

// tooCostly keeps an issuer's key out that would take long to check signatures with: a chain can hold a hundred.
func tooCostly(c *x509.Certificate) error {
	key, ok := c.PublicKey.(*rsa.PublicKey)
	if bits := rsaBits(c); ok && (bits > maxRSA || bits > maxPlain && key.E > 65537) {
		return fmt.Errorf("RSA key of %d bits with the exponent %d", bits, key.E)
	}
	return nil
}

// status fills in Status, Reason and Text.
func (v *Verifier) status(c *Chain, s *sent) {
	if v.shortcut(s) {
		c.Status = Trusted
		return
	}
	f := v.verify(s)
	if f == nil {
		c.Status = Trusted
		return
	}
	c.Status, c.Reason, c.Text = Untrusted, f.reason, f.text
	if f.unsure {
		c.Status = StatusUnknown
	}
	if s.bad != nil && (f.reason == UnknownIssuer || f.reason == IncompleteChain) {
		// The missing issuer may be the one that OpenSSL could have read.
		c.Status, c.Reason = StatusUnknown, CertificateMalformed
		c.Text = fmt.Sprintf("%s; certificate %d of %d cannot be used: %s", f.text, s.badAt, c.Sent, plain(s.bad))
	}
}

// verify looks for a path and returns nil, or the flaw that is nearest the leaf.
func (v *Verifier) verify(s *sent) *flaw {
	pool := v.bundle.helpers.Clone()
	for _, c := range s.others {
		pool.AddCert(c)
	}
	paths, err := v.paths(s.leaf, v.bundle.pool, pool)
	if err == nil {
		var first *flaw
		for _, p := range paths {
			f := v.flaw(certPath{certs: p, anchored: true})
			if f == nil {
				v.remember(p)
				return nil
			}
			if first == nil {
				first = f
			}
		}
		if first != nil {
			return first
		}
	}
	if f := v.flaw(v.walk(s)); f != nil {
		return f
	}
	return goFlaw(err)
}

// paths asks crypto/x509 for all paths from leaf to a root, and drops those that OpenSSL would not build because a key
// identifier names another issuer (RFC 5280 4.2.1.1; v3_purp.c X509_check_akid). Extended key usage is left to flaw,
// since OpenSSL's rules differ: anyExtendedKeyUsage is not enough, Server Gated Crypto is.
func (v *Verifier) paths(leaf *x509.Certificate, roots, others *x509.CertPool) ([][]*x509.Certificate, error) {
	paths, err := leaf.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: others, CurrentTime: v.at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return slices.DeleteFunc(paths, func(p []*x509.Certificate) bool {
		for i, c := range p[:len(p)-1] {
			if !keyIDFits(c, p[i+1]) {
				return true
			}
		}
		return false
	}), err
}

// shortcut reports whether the leaf was issued by an intermediate that this run has verified already: its signature is
// then all that is left to check. The whole saving is one signature per chain, of a root over an intermediate.
func (v *Verifier) shortcut(s *sent) bool {
	if len(s.others)+1 > plainChain || hasExtension(s.leaf, oidPolicyConstraints) {
		return false // in a small chain crypto/x509 cannot run into its limits: the verdict is the same on both ways
	}
	for _, c := range s.others {
		v.mu.Lock()
		known := v.issuers[sha256.Sum256(c.Raw)] != nil
		v.mu.Unlock()
		if !known {
			continue
		}
		pool := x509.NewCertPool()
		pool.AddCert(c)
		paths, err := v.paths(s.leaf, pool, nil)
		if err == nil && len(paths) > 0 && v.flaw(certPath{certs: paths[0], anchored: true}) == nil {
			return true
		}
	}
	return false
}

// remember keeps the intermediate that issued the leaf of a good path, if nothing above it looks at what is below: then
// whatever it issues has a good path too, at the same time and depth. What looks below are name constraints, policy
// constraints and Mozilla's distrust-after dates.
func (v *Verifier) remember(path []*x509.Certificate) {
	if len(path) < 3 {
		return
	}
	for _, c := range path[1:] {
		for _, id := range []asn1.ObjectIdentifier{oidNameConstraints, oidPolicyConstraints, oidInhibitAnyPolicy} {
			if hasExtension(c, id) {
				return
			}
		}
	}
	if v.bundle.limits[sha256.Sum256(path[len(path)-1].Raw)] != nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.issuers) < maxIssuers {
		v.issuers[sha256.Sum256(path[1].Raw)] = path[1]
	}
}

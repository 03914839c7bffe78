package pkix

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"mxtls/scanner/truth"
)

// Limits of a Verifier. A healthy chain has 2 to 4 certificates, 3 to 6 KB and a handful of names.
const (
	maxCerts   = 100       // certificates of a chain
	maxOctets  = 256 << 10 // of a chain: what crypto/tls takes in a handshake; OpenSSL takes 100 KB
	maxRSA     = 8192      // bits of a key that crypto/x509 gets to see: larger ones cost milliseconds each time
	maxPlain   = 4096      // bits of one with a public exponent above 65537, for the same reason
	cacheSize  = 16 << 20  // octets of verdicts kept by one generation of the cache; there are two
	entrySize  = 2 << 10   // octets of the verdicts on a chain, roughly, beside the chain and names and texts out of it
	maxIssuers = 1024      // intermediates remembered; the public web has some 2,000, mail servers a few hundred
	plainChain = 4         // certificates of a chain that a remembered intermediate may shorten
)

// A Verifier judges chains against one bundle at one time, each chain once. It may be used from several goroutines.
type Verifier struct {
	// Seconds says that OpenSSL does not read a certificate with a time without seconds: 3.3 and later do not. Set
	// before the first chain.
	Seconds bool

	bundle *Bundle
	at     time.Time

	seed    maphash.Seed
	mu      sync.Mutex
	young   map[uint64]*judgement     // by the chain's hash
	old     map[uint64]*judgement     // the generation before: what is asked for again moves to young
	size    int                       // estimated octets of young
	issuers map[[32]byte]*certificate // intermediates that crypto/x509 found a good path for
	signed  map[pair]bool             // CAs' signatures on CAs that were checked and hold
}

// judgement is what is said of a chain, worked out by the first who asks.
type judgement struct {
	chain    [][]byte // as the hash is short
	verdicts func() *verdicts
}

// verdicts is all that is said of one chain.
type verdicts struct {
	scan, web Chain
	postfix   [2]Chain // by security level
}

// NewVerifier makes a Verifier for one run: every chain is judged as of the same time.
func NewVerifier(b *Bundle, at time.Time) *Verifier {
	return &Verifier{
		bundle: b, at: at, seed: maphash.MakeSeed(), young: map[uint64]*judgement{},
		issuers: map[[32]byte]*certificate{}, signed: map[pair]bool{},
	}
}

// Verify judges a chain as it was sent, DER, leaf first, for TLS servers and without a name: trusted is what OpenSSL
// trusts at security level 1 and crypto/x509 trusts as well. The same chain gets the same *Chain, which nobody may
// change; a chain seen before costs one quick look at it. An empty chain is Anonymous. What OpenSSL trusts and
// crypto/x509 cannot parse is untrusted, with CertificateMalformed; unknown is what cannot be told of OpenSSL either.
func (v *Verifier) Verify(chain [][]byte) *Chain { return &v.verdicts(chain).scan }

// Postfix judges a chain as sent as Postfix 3.7 with OpenSSL 3.0 does, or, with v.Seconds, 3.10 with 3.5, at OpenSSL's
// security level: 0 at may and encrypt, 1 where a match is required. Names are another matter: see Matcher. Unknown
// means that it cannot be told: a signature of a kind that Go cannot check, or, with CertificateMalformed, DER on which
// OpenSSL is likely to break the handshake off, and with Chain.Unreadable known to. Cached as in Verify.
func (v *Verifier) Postfix(chain [][]byte, level int) *Chain {
	return &v.verdicts(chain).postfix[max(0, min(level, 1))]
}

// WebPKI judges a chain as sent as a strict sender does who goes by the rules of the web (Gmail, MTA-STS): RFC 5280 as
// crypto/x509 has it, with Mozilla's distrust-after dates where the bundle has them, no SHA-1, no RSA key below 2,048
// bits, no serial number below zero, serverAuth. For names see Chain.MatchSAN. Cached as in Verify.
func (v *Verifier) WebPKI(chain [][]byte) *Chain { return &v.verdicts(chain).web }

// Readable reports whether the leaf could be read, however little of it crypto/x509 understands: where it could not,
// nothing is known of it but its fingerprint.
func (c *Chain) Readable() bool { return c.Key != "" }

// verdicts judges a chain, or remembers how it was judged.
func (v *Verifier) verdicts(chain [][]byte) *verdicts {
	if len(chain) == 0 {
		return alike(Chain{Status: Anonymous, Text: "TLS without a certificate"})
	}
	octets := 0
	for _, der := range chain {
		octets += len(der)
	}
	if len(chain) > maxCerts || octets > maxOctets {
		return alike(tooLong(chain, octets))
	}
	key := v.hash(chain)
	v.mu.Lock()
	known, ok := v.young[key]
	if !ok {
		if known, ok = v.old[key]; ok {
			v.keep(key, known, 2*octets+entrySize)
		}
	}
	if !ok || !same(known.chain, chain) {
		known = &judgement{chain, sync.OnceValue(func() *verdicts { return v.judge(chain) })}
		v.keep(key, known, 2*octets+entrySize)
	}
	v.mu.Unlock()
	return known.verdicts()
}

// tooLong is the verdict on a chain over our limits.
func tooLong(chain [][]byte, octets int) Chain {
	return Chain{Status: StatusUnknown, Reason: ChainTooLong, Sent: len(chain), SHA256: fingerprint(chain[0]),
		Text: fmt.Sprintf("%d certificates of %d octets were sent, more than we take", len(chain), octets)}
}

// alike is one verdict for whoever asks.
func alike(c Chain) *verdicts { return &verdicts{scan: c, web: c, postfix: [2]Chain{c, c}} }

// keep files a judgement under the young.
func (v *Verifier) keep(key uint64, j *judgement, size int) {
	if v.size += size; v.size > cacheSize {
		v.old, v.young, v.size = v.young, map[uint64]*judgement{}, size
	}
	v.young[key] = j
}

// hash is that of the chain as sent, by a seed that nobody outside knows.
func (v *Verifier) hash(chain [][]byte) uint64 {
	var h maphash.Hash
	h.SetSeed(v.seed)
	for _, der := range chain {
		h.Write(der)
	}
	return h.Sum64()
}

// same reports whether two chains are of the same octets. Who asks again mostly has the very same.
func same(a, b [][]byte) bool { return slices.EqualFunc(a, b, bytes.Equal) }

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// sent is a chain as it was sent, parsed.
type sent struct {
	leaf       *certificate
	others     []*certificate // in the order sent, each once, without the leaf
	bad        error          // why crypto/x509 does not get the first of the others that it does not get
	badAt      int            // its position, from 1
	count      int            // certificates sent
	unreadable int            // the position of the first of the others that OpenSSL cannot read either
	refused    bool           // OpenSSL is known to refuse one of the others
	costly     bool           // bad is a key that we do not have checked, and strict senders may
	twice      bool
}

// parseSent parses what was sent above the leaf.
func (v *Verifier) parseSent(leaf *certificate, chain [][]byte) *sent {
	s := &sent{leaf: leaf, count: len(chain)}
	seen := map[string]bool{string(chain[0]): true}
	for i, der := range chain[1:] {
		if seen[string(der)] {
			s.twice = true
			continue
		}
		seen[string(der)] = true
		cert, err := v.read(der)
		if err != nil {
			s.refused = s.refused || errors.Is(err, errRefused)
			if s.unreadable == 0 {
				s.unreadable = i + 2
			}
		} else {
			s.others = append(s.others, cert)
			err = cert.refused()
		}
		if err != nil && s.bad == nil {
			s.bad, s.badAt = err, i+2
			s.costly = cert != nil && cert.std != nil
		}
	}
	return s
}

// read reads a certificate, unless it is an intermediate that was good before.
func (v *Verifier) read(der []byte) (*certificate, error) {
	v.mu.Lock()
	known := v.issuers[sha256.Sum256(der)]
	v.mu.Unlock()
	if known != nil {
		return known, nil
	}
	cert, err := readCertificate(der)
	if err == nil && v.Seconds && cert.shortTime {
		return nil, errRefused
	}
	return cert, err
}

// cannotUse says which certificate crypto/x509 does not get, and why.
func (s *sent) cannotUse() string {
	return fmt.Sprintf("certificate %d of %d cannot be used: %s", s.badAt, s.count, plain(s.bad))
}

// refused says why crypto/x509 does not get a certificate to see: it cannot read it, or the key would take long to
// check signatures with, of which a chain can hold a hundred.
func (c *certificate) refused() error {
	if c.std == nil {
		return c.stdErr
	}
	if m := c.key.modulus; m != nil && (m.BitLen() > maxRSA || m.BitLen() > maxPlain && c.key.exponent.BitLen() > 17) {
		return fmt.Errorf("RSA key of %d bits with the exponent %s", m.BitLen(), c.key.exponent)
	}
	return nil
}

// judge is verdicts without the cache.
func (v *Verifier) judge(chain [][]byte) *verdicts {
	c := Chain{SHA256: fingerprint(chain[0]), Sent: len(chain)}
	leaf, err := v.read(chain[0])
	if err != nil {
		// OpenSSL may well read it, and trust it: this is no no.
		c.Reason, c.Text = CertificateMalformed, "the server's certificate cannot be parsed: "+plain(err)
		c.Unreadable = errors.Is(err, errRefused)
		out := alike(c)
		out.web.Status = Untrusted
		return out
	}
	s := v.parseSent(leaf, chain)
	c.describe(leaf)
	c.observe(s, v.at)
	c.Unreadable = s.refused || leaf.key.kind == keyUnknown
	out := alike(c)
	paths, err := v.goPaths(s)
	t := v.openssl(s, paths)
	for level := range out.postfix {
		out.postfix[level].postfix(t.nearest(level), t, s)
	}
	ours := flawOf(t.nearest(1))
	if ours == nil && err != nil {
		ours = v.goFlaw(s, t, err)
	}
	out.scan.scan(s, ours)
	if out.scan.Status == Trusted {
		out.scan.Lasts = v.lasting(s, t)
	}
	out.web.web(s, ours, paths, err)
	return out
}

// A flaw is why a path is not good.
type flaw struct {
	reason Reason
	text   string
	unsure bool // Go cannot do it; OpenSSL might
}

// flawOf is a fault of OpenSSL's as a flaw, nil for none.
func flawOf(f *fault) *flaw {
	if f == nil {
		return nil
	}
	return &flaw{f.reason, f.text, f.num == 0}
}

// apply writes a verdict: trusted without a flaw.
func (c *Chain) apply(f *flaw) {
	if f == nil {
		c.Status = Trusted
		return
	}
	c.Status, c.Reason, c.Text = Untrusted, f.reason, f.text
	if f.unsure {
		c.Status = StatusUnknown
	}
}

// scan writes the verdict of Verify.
func (c *Chain) scan(s *sent, f *flaw) {
	if c.Unreadable {
		c.unread(s)
		return
	}
	c.apply(f)
	switch {
	case s.unreadable > 0 && (c.Reason == UnknownIssuer || c.Reason == IncompleteChain):
		// The missing issuer may be the one that could not be read.
		c.Status, c.Reason = StatusUnknown, CertificateMalformed
		c.Text = f.text + "; " + s.cannotUse()
	case s.leaf.std == nil && c.Reason != CertificateMalformed:
		c.Text += "; strict senders cannot even read it"
	}
}

// unread says that OpenSSL refuses what was sent, or may well.
func (c *Chain) unread(s *sent) {
	c.Reason, c.Text = CertificateMalformed, fmt.Sprintf("certificate %d of %d cannot be read", s.unreadable, c.Sent)
	if s.leaf.key.kind == keyUnknown { // statem_clnt.c, tls_post_process_server_certificate
		c.Text = "the key of the server's certificate cannot be read"
	}
}

// postfix writes a verdict of Postfix.
func (c *Chain) postfix(f *fault, t *trial, s *sent) {
	if c.Unreadable || s.unreadable > 0 {
		c.unread(s)
		return
	}
	c.apply(flawOf(f))
	if f == nil {
		return
	}
	c.Num, c.Depth, c.AfterNames = f.num, f.depth, f.late
	c.Culprit = t.path[f.depth].issuer.oneline()
}

// A pair is a certificate and its issuer, by their fingerprints.
type pair [2][32]byte

// openssl runs OpenSSL's verification. Signatures on crypto/x509's paths are known to hold.
func (v *Verifier) openssl(s *sent, paths [][]*x509.Certificate) *trial {
	known := map[pair]bool{}
	for _, p := range paths {
		for i, c := range p[:len(p)-1] {
			known[pair{sha256.Sum256(c.Raw), sha256.Sum256(p[i+1].Raw)}] = true
		}
	}
	t := &trial{store: v.bundle, at: v.at, signed: func(child, parent *certificate, depth int) truth.Truth {
		of := pair{child.sum, parent.sum}
		if known[of] || depth > 0 && v.holds(of) {
			return truth.Yes
		}
		holds := child.signed(parent)
		if holds == truth.Yes && depth > 0 {
			v.note(of)
		}
		return holds
	}}
	t.run(s.leaf, s.others)
	return t
}

// holds reports whether a CA's signature on a CA was checked before.
func (v *Verifier) holds(of pair) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.signed[of]
}

// note keeps that it holds.
func (v *Verifier) note(of pair) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.signed) < maxIssuers {
		v.signed[of] = true
	}
}

package pkix

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	cryptorand "crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
)

// A wood is a handful of CAs that issued each other in all ways, good and bad, and servers' certificates of theirs.
type wood struct {
	t testing.TB
	*rand.Rand
	cas, sent, leaves []*issued
	store             []byte              // PEM
	tales             map[[32]byte]string // how each certificate came about, by its fingerprint
}

// grow makes the wood of a seed.
func grow(t testing.TB, seed uint64) *wood {
	w := &wood{t: t, Rand: rand.New(rand.NewPCG(seed, 0)), tales: map[[32]byte]string{}}
	for range 4 + w.IntN(5) {
		w.cas = append(w.cas, w.newCA())
	}
	for range servers {
		w.leaves = append(w.leaves, w.newServer())
	}
	stored := 0
	for _, c := range w.cas {
		root := reread(t, c.Raw).selfSigned
		if root && !w.one(4) || w.one(8) {
			w.store = append(w.store, w.stored(c)...)
			stored++
		}
		if !w.one(5) {
			w.sent = append(w.sent, c)
		}
	}
	if w.one(4) {
		w.store = append(w.store, w.stored(w.leaves[w.IntN(len(w.leaves))])...)
		stored++
	}
	if stored == 0 {
		w.store = pemOf(w.cas[0])
	}
	if len(w.sent) == 0 {
		w.sent = w.cas[:1] // openssl verify wants a certificate in its file
	}
	w.Shuffle(len(w.sent), func(i, j int) { w.sent[i], w.sent[j] = w.sent[j], w.sent[i] })
	return w
}

// one is true one time in n.
func (w *wood) one(n int) bool { return w.IntN(n) == 0 }

func pickOne[T any](w *wood, of ...T) T { return of[w.IntN(len(of))] }

// randomKeys are the keys of the wood's certificates, most of them good for all.
var randomKeys = sync.OnceValue(func() (all []crypto.Signer) {
	for i := range 5 {
		all = append(all, key(fmt.Sprint("Wood ", i)))
	}
	_, ed, err := ed25519.GenerateKey(cryptorand.Reader)
	if err != nil {
		panic(err)
	}
	return append(all, rsaKey(), smallRSA(), newPlainRSA(919, 65537), newPlainRSA(920, 3), newPlainRSA(1024, 65537), ed,
		must(ecdsa.GenerateKey(elliptic.P384(), cryptorand.Reader)))
})

// anyKey is often an RSA key, so that weak hashes come up.
func (w *wood) anyKey() crypto.Signer {
	keys := randomKeys()
	switch w.IntN(8) {
	case 0:
		return pickOne(w, keys...)
	case 1, 2, 3:
		return rsaKey()
	}
	return keys[w.IntN(5)]
}

// caName is one of few names, so that they meet, in one of many forms.
func (w *wood) caName() []byte {
	cn := pickOne(w, "Oak", "Elm", "Ash Tree", "Yew", "Fir")
	if w.one(10) {
		cn = pickOne(w, strings.ToUpper(cn), " "+cn+"  ", strings.ReplaceAll(cn, " ", " \t "))
	}
	attrs := []attr{{oidCN, pickOne[byte](w, tagUTF8String, tagPrintableString, tagT61String), cn}}
	if w.one(12) {
		attrs = append(attrs, attr{oidEmail, pickOne[byte](w, tagIA5String, tagUTF8String), "ca@example.com"})
	}
	if w.one(40) {
		attrs = nil
	}
	return nameDER(attrs...)
}

// newCA is a CA of its own, or one of a name or a key that was there before, below any CA, or below itself.
func (w *wood) newCA() *issued {
	c := &tbs{keep: w.anyKey(), subjectName: w.caName()}
	how := "new"
	if len(w.cas) > 0 {
		switch known := pickOne(w, w.cas...); w.IntN(5) {
		case 0:
			c.keep, c.subjectName, how = known.key, reread(w.t, known.Raw).subject.raw, "again"
		case 1:
			c.subjectName, how = reread(w.t, known.Raw).subject.raw, "of the same name"
		}
	}
	c.add(oidBasicConstraints, true, tlv(tagSequence, []byte{1, 1, 0xff}))
	c.add(oidKeyUsage, true, tlv(tagBitString, []byte{1, 6}))
	return w.issue(c, how, w.one(3), caMutations)
}

// newServer is a server's certificate, or now and then something else in its place.
func (w *wood) newServer() *issued {
	if w.one(30) {
		return pickOne(w, w.cas...)
	}
	c := &tbs{keep: w.anyKey(), subjectName: nameDER(attr{oidCN, tagUTF8String, parityHost})}
	c.san(dns(parityHost))
	c.add(oidKeyUsage, true, tlv(tagBitString, []byte{7, 0x80}))
	c.add(oidExtKeyUsage, false, tlv(tagSequence, tlv(tagOID, []byte(oidServerAuth))))
	return w.issue(c, "server", w.one(25), leafMutations)
}

// issue signs what c says, after up to three mutations.
func (w *wood) issue(c *tbs, how string, bySelf bool, own []mutation) *issued {
	c.key(c.keep)
	c.version, c.serial = tlv(tagConstructed, []byte{2, 1, 2}), []byte{2, 1, byte(1 + w.IntN(100))}
	c.validity = validity(now.Add(-100*day), now.Add(1000*day))
	c.issuer, c.signer = c.subjectName, c.keep
	keyID := sha1.Sum(c.spki)
	c.add(oidSubjectKeyID, false, tlv(tagOctetString, keyID[:]))
	above := keyID[:]
	var parent *certificate
	if len(w.cas) > 0 && !bySelf {
		p := pickOne(w, w.cas...)
		if w.one(2) {
			p = w.cas[len(w.cas)-1] // long chains
		}
		parent = reread(w.t, p.Raw)
		c.issuer, c.signer, above = parent.subject.raw, p.key, parent.subjectKey
		how += " below " + w.tales[sha256.Sum256(p.Raw)]
	} else {
		how += " below itself"
	}
	if above != nil && !w.one(3) {
		c.add(oidAuthorityKeyID, false, tlv(tagSequence, tlv(tagContext+0, above)))
	}
	mutations := append(append([]mutation(nil), anyMutations...), own...)
	for range max(0, w.IntN(6)-2) {
		m := pickOne(w, mutations...)
		m.edit(w, c)
		how += ", " + m.name
	}
	der := c.sign(w.t)
	w.tales[sha256.Sum256(der)] = fmt.Sprintf("[%d: %s %s]", len(w.tales), reread(w.t, der).subject.text(), how)
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		cert = &x509.Certificate{Raw: der}
	}
	return &issued{cert, c.keep}
}

// validity is a Validity (RFC 5280 4.1.2.5).
func validity(from, to time.Time) []byte {
	return tlv(tagSequence, utcTime(from), utcTime(to))
}

func utcTime(t time.Time) []byte { return tlv(tagUTCTime, []byte(t.UTC().Format("060102150405Z"))) }

// isRSA reports whether a key makes RSA signatures.
func isRSA(k crypto.Signer) bool {
	_, ok := k.Public().(*rsa.PublicKey)
	return ok
}

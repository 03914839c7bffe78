//go:build parity

package main_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// authority signs certificates.
type authority struct {
	name  []byte
	key   crypto.Signer
	der   []byte
	chain [][]byte // what a server sends above its leaf: this one and those above it, without a root
}

// authorities are the lab's: what servers chain up to, and what the CAfile holds.
type authorities struct {
	dir             string // of the lab's certificates
	now             time.Time
	root, rsa       *authority // in the CAfile
	stranger        *authority // not
	leafKey, rsaKey crypto.Signer
	caFile          bytes.Buffer
	mu              sync.Mutex
	files           map[string]string // openssl's keys by their arguments
	complained      map[string]bool   // by openssl
	leafs           map[string][]byte // the certificates made last for each host
}

func newAuthorities(dir string) *authorities {
	a := &authorities{dir: dir, now: time.Now(), leafKey: newP256(), files: make(map[string]string),
		complained: make(map[string]bool), leafs: make(map[string][]byte)}
	a.rsaKey = must(rsa.GenerateKey(rand.Reader, 2048))
	a.root = a.authority("Lab Root", nil)
	a.rsa = a.authority("Lab RSA Root", nil, func(_ *cert, key *crypto.Signer) {
		*key = must(rsa.GenerateKey(rand.Reader, 2048))
	})
	a.stranger = a.authority("Stranger Root", nil)
	a.trust("CERTIFICATE", a.root.der)
	a.trust("CERTIFICATE", a.rsa.der)
	return a
}

// trust puts a block into the CAfile.
func (a *authorities) trust(label string, der []byte) {
	pem.Encode(&a.caFile, &pem.Block{Type: label, Bytes: der}) // a buffer takes all
}

// complain takes up what openssl s_server says of its arguments.
func (a *authorities) complain(stderr string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for line := range strings.Lines(stderr) {
		if strings.Contains(line, "Unable to load") || strings.Contains(line, "Error setting") {
			a.complained[line] = true
		}
	}
}

func (a *authorities) complaints() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(maps.Keys(a.complained))
}

// write leaves the CAfiles in the lab's directory: ca.pem and one with a block that is no base64.
func (a *authorities) write() error {
	broken := "-----BEGIN CERTIFICATE-----\n!!!! this is not base64 !!!!\n-----END CERTIFICATE-----\n"
	return firstError(os.WriteFile(filepath.Join(a.dir, "ca.pem"), a.caFile.Bytes(), 0o644),
		os.WriteFile(filepath.Join(a.dir, "broken.pem"), append(a.caFile.Bytes(), broken...), 0o644))
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// authority makes a root (issuer nil) or an intermediate. An edit may change everything, the key included, before the
// rest is derived from it.
func (a *authorities) authority(name string, issuer *authority, edits ...func(*cert, *crypto.Signer)) *authority {
	var key crypto.Signer = newP256()
	c := a.template(dn(tagUTF8, name))
	c.exts = []ext{basicConstraints(), {idKU, true, bits(1, 0x06)}}
	for _, edit := range edits {
		edit(c, &key)
	}
	c.spki = publicKey(key)
	if !c.v1 {
		c.exts = append([]ext{{idSKI, false, der(tagOctets, keyID(c.spki))}}, c.exts...)
	}
	made := &authority{name: c.subject, key: key}
	signer := made
	if issuer != nil {
		signer = issuer
		if c.issuer == nil {
			c.set(aki(keyID(publicKey(issuer.key))))
		}
	}
	if c.issuer == nil {
		c.issuer = signer.name
	}
	made.der = c.sign(signer.key)
	if issuer != nil {
		made.chain = append([][]byte{made.der}, issuer.chain...)
	}
	return made
}

func (a *authorities) template(subject []byte) *cert {
	return &cert{serial: serial(), subject: subject, hash: crypto.SHA256,
		from: utcTime(a.now.Add(-24 * time.Hour)), to: utcTime(a.now.AddDate(0, 3, 0))}
}

// leaf is a server's certificate in the making, with what the server sends and how.
type leaf struct {
	*cert
	host   string
	issuer *authority
	chain  [][]byte // sent behind it; nil: the issuer's
	key    crypto.Signer
	file   string   // of openssl's key, in place of key
	more   []string // arguments of openssl s_server
	tls    *tls.Config
	only   bool     // send the leaf alone
	first  [][]byte // sent before the rest of the chain
	last   [][]byte // sent behind it
	after  func(der []byte)
}

// edit changes a leaf before it is signed.
type edit func(*authorities, *leaf)

// leaf makes a certificate for a host and returns its chain as sent.
func (a *authorities) leaf(host string, edits ...edit) *leaf {
	l := &leaf{host: host, key: a.leafKey, issuer: a.root, tls: &tls.Config{},
		cert: a.template(dn(tagUTF8, "mail server"))}
	l.exts = []ext{san(host), eku(ekuServer), {idKU, true, bits(7, 0x80)}}
	for _, e := range edits {
		e(a, l)
	}
	if l.spki == nil {
		l.spki = publicKey(l.key)
	}
	if _, is := l.key.(*rsa.PrivateKey); is && l.hasKeyUsage(bits(7, 0x80)) {
		l.set(ext{idKU, true, bits(5, 0xa0)})
	}
	if l.cert.issuer == nil {
		l.cert.issuer = l.issuer.name
	}
	if !l.v1 && !l.has(idAKI) {
		l.set(aki(keyID(publicKey(l.issuer.key))))
	}
	signed := l.sign(l.issuer.key)
	if l.after != nil {
		l.after(signed)
	}
	a.leafs[host] = signed
	above := l.chain
	if above == nil && !l.only {
		above = l.issuer.chain
	}
	l.chain = append(append([][]byte{signed}, l.first...), append(append([][]byte{}, above...), l.last...)...)
	return l
}

func (l *leaf) has(id string) bool {
	for _, e := range l.exts {
		if e.id == id {
			return true
		}
	}
	return false
}

func (l *leaf) hasKeyUsage(value []byte) bool {
	for _, e := range l.exts {
		if e.id == idKU && bytes.Equal(e.value, value) {
			return true
		}
	}
	return false
}

// config is what crypto/tls serves the leaf with; it looks at the key alone, so the certificate may be unparsable.
func (l *leaf) config() *tls.Config {
	c := l.tls.Clone()
	c.Certificates = []tls.Certificate{{Certificate: l.chain, PrivateKey: l.key}}
	return c
}

// openssl writes the leaf as files for openssl s_server and returns the arguments that name them.
func (a *authorities) openssl(l *leaf) ([]string, error) {
	name := filepath.Join(a.dir, l.host)
	var sent [2]bytes.Buffer // the leaf, and the others: s_server wants them apart
	for i, c := range l.chain {
		pem.Encode(&sent[min(i, 1)], &pem.Block{Type: "CERTIFICATE", Bytes: c})
	}
	key := l.file
	if key == "" {
		key = name + ".key"
		octets := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(l.key))})
		if err := os.WriteFile(key, octets, 0o600); err != nil {
			return nil, err
		}
	}
	args := append([]string{"-cert", name + ".pem", "-key", key}, l.more...)
	if len(l.chain) > 1 {
		args = append(args, "-cert_chain", name+".chain.pem")
	}
	return args, firstError(os.WriteFile(name+".pem", sent[0].Bytes(), 0o644),
		os.WriteFile(name+".chain.pem", sent[1].Bytes(), 0o644))
}

// opensslKey gives the leaf a key that Go cannot make or sign with: openssl's arguments after -out FILE.
func opensslKey(args ...string) edit {
	return func(a *authorities, l *leaf) { l.fileFrom(a.keyFile(args)) }
}

// fileFrom gives the leaf the key in a file.
func (l *leaf) fileFrom(file string) {
	out, err := exec.Command("openssl", "pkey", "-in", file, "-pubout", "-outform", "DER").Output()
	if err != nil {
		panic(fmt.Sprintf("openssl pkey -in %s: %v", file, err))
	}
	l.file, l.spki = file, out
}

// keyFile makes a key, once for the same arguments.
func (a *authorities) keyFile(args []string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	id := strings.Join(args, " ")
	if a.files[id] == "" {
		file := filepath.Join(a.dir, fmt.Sprintf("openssl-%d.key", len(a.files)))
		full := append([]string{args[0], "-out", file}, args[1:]...)
		if out, err := exec.Command("openssl", full...).CombinedOutput(); err != nil {
			panic(fmt.Sprintf("openssl %s: %v\n%s", strings.Join(full, " "), err, out))
		}
		a.files[id] = file
	}
	return a.files[id]
}

// Edits that choose the key and the issuer.

func withRSA(a *authorities, l *leaf) { l.key, l.issuer = a.rsaKey, a.rsa }

func withKey(make func() crypto.Signer) edit { return func(_ *authorities, l *leaf) { l.key = make() } }

func p384() crypto.Signer { return must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)) }
func p521() crypto.Signer { return must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)) }
func ed() crypto.Signer {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return must(crypto.Signer(key), err)
}

func names(names ...string) edit {
	return func(_ *authorities, l *leaf) { l.set(san(names...)) }
}

func with(e ext) edit { return func(_ *authorities, l *leaf) { l.set(e) } }

func without(ids ...string) edit {
	return func(_ *authorities, l *leaf) {
		for _, id := range ids {
			l.drop(id)
		}
	}
}

// under signs the leaf with an authority of its own, which make builds.
func under(make func(a *authorities, l *leaf) *authority) edit {
	return func(a *authorities, l *leaf) { l.issuer = make(a, l) }
}

// valid sets the dates, in days from now.
func valid(from, to int) edit {
	return func(a *authorities, l *leaf) {
		l.from, l.to = utcTime(a.now.AddDate(0, 0, from)), utcTime(a.now.AddDate(0, 0, to))
	}
}

func config(change func(*tls.Config)) edit { return func(_ *authorities, l *leaf) { change(l.tls) } }

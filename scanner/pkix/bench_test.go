package pkix

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"os"
	"testing"
)

// BenchmarkVerify: a chain of leaf and intermediate among 140 roots. "bare" is crypto/x509 alone with parsed
// certificates and pools at hand, "parsed" the same with parsing, which every client pays; "cold" a chain never seen,
// "issuer" a new leaf of an intermediate seen before, "cached" a chain seen before. Each of ours comes to
// all verdicts at once.
func BenchmarkVerify(b *testing.B) {
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384()} {
		b.Run(curve.Params().Name, func(b *testing.B) { benchmarkVerify(b, curve) })
	}
}

func benchmarkVerify(b *testing.B, curve elliptic.Curve) {
	ca := func(cn string, parent *issued) *issued {
		k, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		return newCert(b, cn, k, parent, func(c *x509.Certificate) {
			c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
		})
	}
	root := ca("Root", nil)
	inter := ca("Intermediate", root)
	mozilla, err := Mozilla()
	if err != nil {
		b.Fatal(err)
	}
	bundle := newBundle(Embedded, "benchmark")
	for _, c := range append(mozilla.roots, reread(b, root.Raw)) {
		bundle.add(anchor{cert: c}, nil)
	}
	if _, err := bundle.seal(); err != nil {
		b.Fatal(err)
	}
	chain := ders(newLeaf(b, "mx.example.com", inter), inter)
	verify := func(b *testing.B, leaf *x509.Certificate, pool *x509.CertPool) {
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: bundle.pool, Intermediates: pool, CurrentTime: now}); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("bare", func(b *testing.B) {
		leaf, pool := parse(b, chain[0]), x509.NewCertPool()
		pool.AddCert(inter.Certificate)
		for b.Loop() {
			verify(b, leaf, pool)
		}
	})
	b.Run("parsed", func(b *testing.B) {
		for b.Loop() {
			pool := x509.NewCertPool()
			pool.AddCert(parse(b, chain[1]))
			verify(b, parse(b, chain[0]), pool)
		}
	})
	trusted := func(b *testing.B, c *Chain) {
		if c.Status != Trusted {
			b.Fatalf("%+v", c)
		}
	}
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			trusted(b, NewVerifier(bundle, now).Verify(chain))
		}
	})
	v := NewVerifier(bundle, now)
	trusted(b, v.Verify(chain))
	b.Run("issuer", func(b *testing.B) {
		for b.Loop() {
			trusted(b, &v.judge(chain).scan)
		}
	})
	b.Run("cached", func(b *testing.B) {
		for b.Loop() {
			trusted(b, v.Verify(chain))
		}
	})
	b.Run("postfix/cached", func(b *testing.B) {
		for b.Loop() {
			trusted(b, v.Postfix(chain, 1))
		}
	})
	b.Run("postfix/alone", func(b *testing.B) { // OpenSSL's verification without crypto/x509's, the reading included
		for b.Loop() {
			v := NewVerifier(bundle, now)
			if t := v.openssl(v.parseSent(reread(b, chain[0]), chain), nil); len(t.faults) > 0 {
				b.Fatal(t.faults)
			}
		}
	})
}

// BenchmarkRead: a certificate read by crypto/x509 alone, and by both readers, as every one is.
func BenchmarkRead(b *testing.B) {
	der := newLeaf(b, "mx.example.com", newCA(b, "CA", nil)).Raw
	b.Run("crypto/x509", func(b *testing.B) {
		for b.Loop() {
			parse(b, der)
		}
	})
	b.Run("both", func(b *testing.B) {
		for b.Loop() {
			reread(b, der)
		}
	})
}

// BenchmarkLoad: what a bundle costs at start-up.
func BenchmarkLoad(b *testing.B) {
	b.Run("embedded", func(b *testing.B) {
		for b.Loop() {
			if _, err := Mozilla(); err != nil {
				b.Fatal(err)
			}
		}
	})
	mozilla, err := Mozilla()
	if err != nil {
		b.Fatal(err)
	}
	var all []*issued
	for _, c := range mozilla.roots {
		all = append(all, &issued{Certificate: c.std})
	}
	file := write(b, "roots.pem", pemOf(all...))
	info, err := os.Stat(file)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("file", func(b *testing.B) {
		b.SetBytes(info.Size())
		for b.Loop() {
			if _, err := Load(file); err != nil {
				b.Fatal(err)
			}
		}
	})
}

package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"mxtls/report"
	"mxtls/scanner/pkix"
)

const (
	maxBundles = 16 // kept at a time; a large one takes a megabyte and 4 ms to read
	maxCourts  = 4  // likewise, each with the verdicts on up to 32 MiB of chains
)

// courts are those that judge a batch: the bundles, and the verdicts under each bundle and time, that were used last.
type courts struct {
	flags *verifyFlags
	main  *pkix.Bundle // of the flags
	at    time.Time    // likewise

	mu      sync.Mutex
	bundles recent[bundleKey, *pkix.Bundle]
	courts  recent[courtKey, *court]
}

// bundleKey is a bundle in a batch: its file, or the hash of its text; zero = that of the flags.
type bundleKey struct {
	path string
	text [sha256.Size]byte
}

type courtKey struct {
	bundle bundleKey
	at     int64 // in nanoseconds
}

// courts reads what the flags say for all lines.
func (f *verifyFlags) courts() (*courts, error) {
	at, err := parseTime(f.at)
	if err != nil {
		return nil, err
	}
	if at.IsZero() {
		at = time.Now()
	}
	main, err := f.load()
	if err != nil {
		return nil, err
	}
	c := &courts{flags: f, main: main, at: at}
	c.bundles.most, c.courts.most = maxBundles, maxCourts
	return c, nil
}

// verdict judges one line.
func (c *courts) verdict(line []byte) (report.Verdict, error) {
	l, err := parseBatchLine(line)
	if err != nil {
		return report.Verdict{}, err
	}
	k, err := l.parse(c.flags)
	if err != nil {
		return report.Verdict{}, err
	}
	court, err := c.of(l)
	if err != nil {
		return report.Verdict{}, err
	}
	return court.rule(k), nil
}

// of is the court for a line.
func (c *courts) of(l *batchLine) (*court, error) {
	at, err := parseTime(l.At)
	switch {
	case err != nil:
		return nil, errors.New(strings.TrimPrefix(err.Error(), "--")) // a field and no flag
	case at.IsZero():
		at = c.at
	}
	key := courtKey{at: at.UnixNano()}
	switch {
	case strings.Contains(l.CA, pemMark):
		key.bundle.text = sha256.Sum256([]byte(l.CA))
	case l.CA != "":
		key.bundle.path = l.CA
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.courts.get(key, func() (*court, error) {
		bundle, err := c.bundle(key.bundle, l.CA)
		if err != nil {
			return nil, fmt.Errorf("ca: %w", err)
		}
		return newCourt(bundle, at), nil
	})
}

// bundle is the bundle for a line; c is locked.
func (c *courts) bundle(key bundleKey, ca string) (*pkix.Bundle, error) {
	if key == (bundleKey{}) {
		return c.main, nil
	}
	return c.bundles.get(key, func() (*pkix.Bundle, error) {
		if key.path == "" {
			return pkix.Parse("the PEM text", []byte(ca))
		}
		if err := regular(key.path); err != nil {
			return nil, err
		}
		return pkix.Load(key.path)
	})
}

// recent keeps the values that were asked for last. The zero value keeps none.
type recent[K comparable, V any] struct {
	most   int
	keys   []K // the last one first
	values map[K]V
}

// get is the value for a key, made where it is not at hand. An error is not kept.
func (r *recent[K, V]) get(key K, make func() (V, error)) (V, error) {
	v, ok := r.values[key]
	if !ok {
		var err error
		if v, err = make(); err != nil {
			return v, err
		}
	}
	r.use(key, v)
	return v, nil
}

// use puts a key first, and drops the last one where there are too many.
func (r *recent[K, V]) use(key K, v V) {
	if r.values == nil {
		r.values = map[K]V{}
	}
	i := 0
	for i < len(r.keys) && r.keys[i] != key {
		i++
	}
	if i == len(r.keys) {
		r.keys = append(r.keys, key)
	}
	copy(r.keys[1:], r.keys[:i])
	r.keys[0] = key
	r.values[key] = v
	if len(r.keys) > r.most {
		last := len(r.keys) - 1
		delete(r.values, r.keys[last])
		r.keys = r.keys[:last]
	}
}

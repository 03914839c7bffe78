//go:build mta

package main_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// counts are a row of mxtls traffic.
type counts struct {
	Messages  int            `json:"messages"`
	Encrypted int            `json:"encrypted"`
	Plaintext int            `json:"plaintext"`
	Unknown   int            `json:"unknown"`
	Deferred  int            `json:"deferred"`
	Bounced   int            `json:"bounced"`
	Words     map[string]int `json:"words"`
	Versions  map[string]int `json:"versions"`
	Ciphers   map[string]int `json:"ciphers"`
}

// row is the row of a domain that is to be.
func (r *run) row(direction, domain string) *counts {
	key := direction + " " + domain
	if r.want[key] == nil {
		r.want[key] = newCounts()
	}
	return r.want[key]
}

func newCounts() *counts {
	return &counts{Words: map[string]int{}, Versions: map[string]int{}, Ciphers: map[string]int{}}
}

// add counts a message.
func (c *counts) add(s session) {
	c.Messages++
	if s.version == "" {
		c.Plaintext++
		return
	}
	c.Encrypted++
	c.Words[s.word]++
	c.Versions[s.version]++
	c.Ciphers[s.cipher]++
}

// letters are all messages of the run, from the servers that keep them.
func (r *run) letters(t *testing.T) (all []letter) {
	t.Helper()
	for _, server := range slices.Sorted(maps.Keys(keptBy)) {
		all = append(all, r.kept(t, server, r.word)...)
	}
	return all
}

// arrive puts what arrived to what was sent.
func (r *run) arrive(t *testing.T, letters []letter) {
	t.Helper()
	for _, l := range letters {
		if l.server == "own" {
			continue
		}
		s := l.taken(t)
		for _, to := range l.recipients {
			domain := domainOf(to)
			p, comesBack := r.back[domain]
			if comesBack {
				s.word = "Trusted" // as bouncesDomain's server is
				r.row("outbound", domain).add(s)
			} else if p = r.sent[domain]; p == nil {
				t.Errorf("%s has a message for %s, which nobody sent", l.server, to)
				continue
			}
			p.arrived = append(p.arrived, s)
		}
	}
}

// expect is what the report must say, where all went as the table has it.
func (r *run) expect(t *testing.T) {
	t.Helper()
	held := map[string]bool{}
	for _, p := range r.sent {
		became, _, _ := strings.Cut(p.became, " ")
		n := p.copies()
		row := r.row("outbound", p.domain)
		switch became {
		case "deferred":
			row.Deferred = n
			for _, to := range p.recipients {
				held[to] = true
			}
			n = 0
		case "bounced":
			row.Bounced = n
			n = 1 // that comes back
		}
		if len(p.arrived) != n {
			t.Errorf("%s at %s to %s: %d arrived of %d", p.became, p.level, p.to, len(p.arrived), n)
		}
		if row.Deferred+row.Bounced > 0 {
			continue
		}
		for _, s := range p.arrived {
			if (s.version == "") != (became == "plain") {
				t.Errorf("%s at %s to %s: taken as %+v", p.became, p.level, p.to, s)
			}
			if s.word = became; p.by == "quiet" {
				row.Messages++
				row.Unknown++
			} else {
				row.add(s)
			}
		}
	}
	if diff := cmp.Diff(held, r.queued(t)); diff != "" {
		t.Errorf("recipients in the queue (-table +postqueue):\n%s", diff)
	}
	for _, c := range r.came {
		r.row("inbound", c.domain()).add(c.session(r, t))
	}
}

func domainOf(address string) string { return address[strings.IndexByte(address, '@')+1:] }

// queued are the recipients of what our own Postfix has deferred.
func (r *run) queued(t *testing.T) map[string]bool {
	t.Helper()
	held := map[string]bool{}
	decoder := json.NewDecoder(bytes.NewReader(output(t, scanPatience, r.script, "in", "own", "postqueue", "-j")))
	for decoder.More() {
		var message struct {
			Recipients []struct{ Address string }
		}
		if err := decoder.Decode(&message); err != nil {
			t.Fatal(err)
		}
		for _, to := range message.Recipients {
			held[to.Address] = true
		}
	}
	return held
}

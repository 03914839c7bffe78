package report

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"mxtls/scanner"
	"mxtls/scanner/pkix"
	"mxtls/scanner/truth"
	"mxtls/scanner/verdict"
)

// kinds is how many different texts one cell tells before it counts the rest.
const kinds = 3

// namesQuoted is how many of a certificate's names a cell quotes.
const namesQuoted = 2

// similar are servers of which the same can be said.
type similar struct {
	rank  int    // good news first
	key   string // what they have in common
	text  string // without the date
	until string // stands before the date; "" = no date
	date  time.Time
	n     int
}

// certificateText says of a domain's servers with TLS what their certificates are worth: one text when all are alike,
// else counts. The date is the earliest.
func certificateText(r *scanner.Result) string {
	var all []similar
	for i := range r.Facts.Servers {
		switch s := &r.Facts.Servers[i]; {
		case s.Chain != nil:
			all = merge(all, judged(s))
		case handshake(s) != nil:
			all = merge(all, similar{rank: 5, key: "hidden", text: "certificate hidden by TLS 1.3", n: 1})
		}
	}
	return join(all)
}

// judged is what can be said of one server's certificate.
func judged(s *verdict.Server) similar {
	c := s.Chain
	switch {
	case c.Status == pkix.Trusted && s.NameMatch == truth.Yes:
		return similar{rank: 0, text: "trusted, name matches", until: " until ", date: c.NotAfter, n: 1}
	case c.Status == pkix.Trusted && s.NameMatch == truth.No:
		text := "trusted, but for other names" + quoted(c.Names)
		return similar{rank: 2, key: text, text: text, n: 1}
	case c.Status == pkix.Trusted:
		return similar{rank: 1, text: "trusted", until: " until ", date: c.NotAfter, n: 1}
	case c.Status == pkix.Anonymous:
		return similar{rank: 4, text: "anonymous: no certificate", n: 1}
	case c.Status == pkix.Untrusted:
		return untrusted(c)
	default:
		return similar{rank: 5, text: "certificate could not be judged", n: 1}
	}
}

// untrusted says why a chain is not trusted.
func untrusted(c *pkix.Chain) similar {
	u := similar{rank: 3, key: c.Reason.String(), text: "untrusted", n: 1}
	switch c.Reason {
	case pkix.Expired:
		u.text, u.until, u.date = "untrusted: expired", " ", c.NotAfter
	case pkix.NotYetValid:
		u.text, u.until, u.date = "untrusted: not valid before", " ", c.NotBefore
	case pkix.SelfSigned:
		u.text = "untrusted: self-signed"
	case pkix.UnknownIssuer:
		u.text = "untrusted: unknown issuer"
	case pkix.IncompleteChain:
		u.text = "untrusted: incomplete chain"
	case pkix.ReasonNone:
	default:
		u.text = "untrusted: " + inWords(c.Reason.String())
	}
	return u
}

// quoted are the first names of a certificate in brackets.
func quoted(names []string) string {
	if len(names) == 0 {
		return ""
	}
	shown := make([]string, 0, namesQuoted)
	for _, n := range names[:min(len(names), namesQuoted)] {
		shown = append(shown, Escape(n))
	}
	text := " (" + strings.Join(shown, ", ")
	if more := len(names) - len(shown); more > 0 {
		text += " +" + strconv.Itoa(more)
	}
	return text + ")"
}

// merge adds one server to its like.
func merge(all []similar, one similar) []similar {
	for i := range all {
		if a := &all[i]; a.rank == one.rank && a.key == one.key {
			a.n += one.n
			if one.date.Before(a.date) {
				a.date = one.date
			}
			return all
		}
	}
	return append(all, one)
}

// join words the groups, with counts when there are several.
func join(all []similar) string {
	slices.SortStableFunc(all, func(a, b similar) int {
		if a.rank != b.rank {
			return a.rank - b.rank
		}
		return b.n - a.n
	})
	var parts []string
	rest := 0
	for i, a := range all {
		if i >= kinds {
			rest += a.n
			continue
		}
		text := a.text
		if a.until != "" {
			text += a.until + date(a.date)
		}
		if len(all) > 1 {
			text = strconv.Itoa(a.n) + " " + short(text)
		}
		parts = append(parts, text)
	}
	if rest > 0 {
		parts = append(parts, strconv.Itoa(rest)+" otherwise")
	}
	return strings.Join(parts, ", ")
}

// short leaves out what the column's title and the lack of a complaint say anyway.
func short(text string) string { return shorter.Replace(text) }

var shorter = strings.NewReplacer(", name matches until ", " until ", "untrusted: ", "")

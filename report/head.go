package report

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"mxtls/scanner/truth"
	"mxtls/scanner/verdict"
)

// title is a report's first line.
func title(r *Run, s *Summary) string {
	return "Email encryption in transit · " + count(s.Total.Domains, "domain", "domains") + ", " +
		count(s.Total.Servers.Total()+s.Total.Untested, "mail server", "mail servers") + " · " +
		r.Started.UTC().Format("2006-01-02 15:04 UTC")
}

// vantage are the facts of the head: what the verdicts rest on.
func vantage(r *Run) []string {
	items := []string{"Roots: " + rootsText(&r.Roots)}
	if len(r.Resolvers) > 0 {
		items = append(items, "resolver "+Escape(resolversText(r.Resolvers))+map[truth.Truth]string{
			truth.Yes: " (validating)", truth.No: " (not validating)", truth.Unknown: " (validating: unknown)"}[r.Validating])
	}
	if r.EHLO != "" {
		items = append(items, "EHLO "+Escape(r.EHLO))
	}
	if r.Port != 0 && r.Port != 25 {
		items = append(items, "port "+strconv.Itoa(int(r.Port)))
	}
	return items
}

// resolversText are the resolvers without the port that goes without saying.
func resolversText(resolvers []string) string {
	shown := make([]string, len(resolvers))
	for i, r := range resolvers {
		shown[i] = r
		if host, port, err := net.SplitHostPort(r); err == nil && port == "53" {
			shown[i] = host
		}
	}
	return strings.Join(shown, ", ")
}

// embedded is the source of the bundle that is a part of the program; its path is a Go module's, for programs alone.
const embedded = "embedded"

// rootsText names the root bundle, with its size, its age and what in it has expired.
func rootsText(r *Roots) string {
	name := r.Path
	if r.Source == embedded {
		name = "Mozilla's, embedded"
	}
	notes := []string{strconv.Itoa(r.Count)}
	if r.Expired > 0 {
		notes = append(notes, fmt.Sprintf("%d expired", r.Expired))
	}
	if !r.Date.IsZero() {
		notes = append(notes, "of "+date(r.Date))
	}
	return Escape(name) + " (" + strings.Join(notes, ", ") + ")"
}

// tallyItem is one labelled line of a summary, in parts between which it may be broken.
type tallyItem struct {
	label string
	parts []string
}

// tallyItems are the summary of a run or a group. Unknowns stand in the denominators; what takes no mail does not.
func tallyItems(t *Tally) []tallyItem {
	if t.Domains == 0 {
		return []tallyItem{{"Domains", []string{"none"}}}
	}
	items := []tallyItem{{"Domains", domainsParts(t)}}
	if t.Servers.Total()+t.Untested > 0 {
		items = append(items, tallyItem{"Servers", serversParts(t)})
	}
	return items
}

func domainsParts(t *Tally) []string {
	var parts []string
	if n := t.Mail(); n > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d fully encrypted (%s)", t.Full, n, share(t.Full, t.Unknown, n)))
		parts = appendCount(parts, t.Partial, "partly")
		parts = appendCount(parts, t.Plain, "not")
		parts = appendCount(parts, t.Unknown, "could not be told")
	}
	return append(parts, besides(t)...)
}

// besides are the domains that are in no denominator.
func besides(t *Tally) []string {
	var parts []string
	parts = appendCount(parts, t.Null, "with a null MX")
	parts = appendCount(parts, t.None, "without mail host")
	parts = appendCount(parts, t.Failed-t.OptedOut, "with a failed lookup")
	parts = appendCount(parts, t.OptedOut, "on the opt-out list")
	parts = appendCount(parts, t.Invalid, "invalid")
	if len(parts) > 0 && t.Mail() > 0 {
		parts[0] = "besides " + parts[0]
	}
	return parts
}

func serversParts(t *Tally) []string {
	var parts []string
	if c := t.Servers; c.Total() > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d encrypted (%s)", c.Yes, c.Total(), share(c.Yes, c.Unknown, c.Total())))
		parts = appendCount(parts, c.No, "not")
		parts = appendCount(parts, c.Unknown, "could not be told")
	}
	parts = appendCount(parts, t.Untested, "not tested (no IPv6 on this machine)")
	if n := t.Trusted + t.Untrusted; n > 0 {
		parts = append(parts, fmt.Sprintf("certificates: %d of %d trusted", t.Trusted, n))
	}
	return parts
}

func appendCount(parts []string, n int, what string) []string {
	if n == 0 {
		return parts
	}
	return append(parts, strconv.Itoa(n)+" "+what)
}

// remarks are what else there is to say of a run.
func remarks(s *Summary) []string {
	var out []string
	if s.Duplicates > 0 {
		out = append(out, count(s.Duplicates, "duplicate", "duplicates")+" in the list, scanned once")
	}
	if s.Sessions > 0 {
		out = append(out, count(s.Sessions, "session", "sessions")+" held")
	}
	return out
}

// partialText says that a run is not whole; "" when it is.
func partialText(s *Summary) string {
	if s.Partial == "" {
		return ""
	}
	return "Partial: " + Escape(s.Partial) + "; what follows is only what was done by then"
}

// severityClass is the class whose colour a severity borrows.
var severityClass = map[verdict.Severity]verdict.Class{
	verdict.Error: verdict.ClassPlain, verdict.Warning: verdict.ClassPartial, verdict.Info: verdict.ClassNull,
}

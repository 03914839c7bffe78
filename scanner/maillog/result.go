package maillog

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Info is what there is to say of a log besides its counts.
type Info struct {
	Lines         int64             // that have a log line's form
	Events        int64             // of them, that say something
	Software      [Qmail + 1]int64  // events by the mail server that wrote them
	Local         int64             // deliveries within this machine, which do not count
	Submitted     int64             // messages of users who logged in, which do not count
	NullSender    int64             // inbound messages without a sender's domain: bounces
	Offered       int64             // servers that offered STARTTLS in vain: smtp_tls_note_starttls_offer
	PolicyReports int64             // lines for TLSRPT
	Cut           int64             // deliveries whose connection may have begun before the log
	Silent        [Inbound + 1]bool // there is mail in that direction, and no line on TLS at all
	Mute          [Inbound + 1]int  // instances of Postfix that have mail in it and no line on TLS, beside others that have
	First, Last   time.Time         // of the lines, within the time asked for
}

// Row is what became of mail to a domain by way of a provider, or from it.
type Row struct {
	Direction Direction
	Domain    string // A-label, or an address in brackets; "" = none that can be told, or a bounce's empty sender
	Via       string // registrable domain of the mail host; "" = it has no name, or nothing was delivered
	Counts
	First, Last time.Time
}

// Day is one direction's day.
type Day struct {
	Date      time.Time // its midnight, as if in UTC
	Direction Direction
	Counts
}

// Failure is a reason for which mail was held back.
type Failure struct {
	Reason   Reason
	Deferred int64
	Bounced  int64
	Domains  []string // most affected first; at most 100
}

// Result is what a Collector counted, in a fixed order.
type Result struct {
	Info     Info
	Rows     []Row     // by direction, domain, provider
	Days     []Day     // by direction, date; days without mail are left out
	Failures []Failure // most frequent first
}

// Total is the sum of a direction.
func (r *Result) Total(d Direction) Counts {
	var c Counts
	for i := range r.Rows {
		if r.Rows[i].Direction == d {
			c.Add(&r.Rows[i].Counts)
		}
	}
	return c
}

// Result settles what is open by what is known now. The Collector can go on after it.
func (c *Collector) Result() *Result {
	r := &Result{Info: c.info, Rows: make([]Row, 0, c.destinations.n)}
	r.Info.First, r.Info.Last = c.span()
	destinations := c.destinations.all()
	slices.SortFunc(destinations, (*destination).compare)
	for _, d := range destinations {
		if d.tally.first == 0 {
			continue
		}
		first, last := timeOf(d.tally.first), timeOf(d.tally.last)
		r.Rows = append(r.Rows, Row{d.direction, d.domain, d.via, d.tally.counts(c.ways), first, last})
	}
	r.Rows = merged(r.Rows)
	for key, t := range c.days {
		r.Days = append(r.Days, Day{time.Unix(key.day*day, 0).UTC(), key.direction, t.counts(c.ways)})
	}
	slices.SortFunc(r.Days, func(a, b Day) int {
		return cmp.Or(cmp.Compare(a.Direction, b.Direction), a.Date.Compare(b.Date))
	})
	for reason, f := range c.failures {
		r.Failures = append(r.Failures, Failure{reason, f.deferred, f.bounced, f.worst()})
	}
	slices.SortFunc(r.Failures, func(a, b Failure) int {
		return cmp.Or(cmp.Compare(b.Deferred+b.Bounced, a.Deferred+a.Bounced), cmp.Compare(a.Reason, b.Reason))
	})
	for _, d := range []Direction{Outbound, Inbound} {
		if r.Info.Silent[d] = c.silent(r, d); !r.Info.Silent[d] {
			r.Info.Mute[d] = c.mute(d)
		}
	}
	return r
}

// mute counts the instances of Postfix that do not tell of a direction.
func (c *Collector) mute(d Direction) (n int) {
	for _, in := range c.instances {
		if in.postfix && in.asked[d] && !in.spoke[d] {
			n++
		}
	}
	return n
}

func (d *destination) compare(e *destination) int {
	if d.direction != e.direction {
		return cmp.Compare(d.direction, e.direction)
	}
	return cmp.Or(strings.Compare(d.domain, e.domain), strings.Compare(d.via, e.via))
}

// silent reports whether a direction has mail and not one line on TLS, of the mail servers that would write some.
func (c *Collector) silent(r *Result, d Direction) bool {
	mail := false
	for i := range r.Rows {
		if row := &r.Rows[i]; row.Direction == d && row.Messages > 0 {
			if mail = true; row.Unknown < row.Messages {
				return false
			}
		}
	}
	if !mail {
		return false
	}
	for _, in := range c.instances {
		if in.spoke[d] {
			return false
		}
	}
	return true
}

// merged puts what has no provider (deferrals before any host was reached) to the domain's largest row. Rows are in order.
func merged(rows []Row) []Row {
	out := rows[:0] // never ahead of what is read
	for i := 0; i < len(rows); {
		end := i + 1
		for end < len(rows) && rows[end].Direction == rows[i].Direction && rows[end].Domain == rows[i].Domain {
			end++
		}
		group := rows[i:end]
		if first := &group[0]; first.Via == "" && first.Messages == 0 && len(group) > 1 {
			group = group[1:]
			largest := 0
			for j := range group {
				if group[j].Messages > group[largest].Messages {
					largest = j
				}
			}
			to := &group[largest]
			to.Add(&first.Counts)
			if first.First.Before(to.First) {
				to.First = first.First
			}
			if first.Last.After(to.Last) {
				to.Last = first.Last
			}
		}
		out = append(out, group...)
		i = end
	}
	return out
}

// worst are the domains of a reason.
func (f *failure) worst() []string {
	domains := make([]string, 0, len(f.domains))
	for d := range f.domains {
		if d != "" {
			domains = append(domains, d)
		}
	}
	slices.SortFunc(domains, func(a, b string) int {
		return cmp.Or(cmp.Compare(f.domains[b], f.domains[a]), cmp.Compare(a, b))
	})
	return domains
}

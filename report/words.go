package report

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"mxtls/scanner"
	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/verdict"
)

// count is a number with the noun that agrees with it.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// percent is n of total, rounded, but never 0 % for some and never 100 % for less than all.
func percent(n, total int) int {
	switch {
	case n <= 0:
		return 0
	case n >= total:
		return 100
	default:
		return min(max((200*n+total)/(2*total), 1), 99)
	}
}

// percentOf is part of whole with one decimal, never 100 % for less than all and never 0 % for some.
func percentOf(part, whole int64) string {
	switch {
	case whole == 0:
		return "?"
	case part == 0:
		return "0 %"
	case part == whole:
		return "100 %"
	}
	tenths := 1000 * float64(part) / float64(whole)
	switch {
	case tenths < 0.5:
		return "< 0.1 %"
	case tenths >= 999.5:
		return "> 99.9 %"
	}
	return strings.TrimSuffix(strconv.FormatFloat(tenths/10, 'f', 1, 64), ".0") + " %"
}

// share is yes of total in percent when unknown of them could not be told: "50 %", "50–75 %" for all that it may be,
// "?" when nothing is known.
func share(yes, unknown, total int) string {
	low, high := percent(yes, total), percent(yes+unknown, total)
	switch {
	case total == 0 || unknown >= total:
		return "?"
	case unknown == 0:
		return fmt.Sprintf("%d %%", low)
	default:
		return fmt.Sprintf("%d–%d %%", low, high)
	}
}

// outOf is the same in numbers: "1 of 2", "1–2 of 2", "? of 2".
func outOf(yes, unknown, total int) string {
	switch {
	case unknown >= total:
		return fmt.Sprintf("? of %d", total)
	case unknown == 0:
		return fmt.Sprintf("%d of %d", yes, total)
	default:
		return fmt.Sprintf("%d–%d of %d", yes, yes+unknown, total)
	}
}

// shownDomain is the item for a person: in Unicode where that is safe, and the input where it is no domain.
func (s style) shownDomain(r *scanner.Result) string {
	switch {
	case r.Invalid != nil && strings.TrimSpace(r.Input) == "":
		return "(nothing)"
	case r.Invalid != nil:
		return Escape(r.Input)
	}
	return s.shownTarget(r.Target)
}

// shownTarget is a target with U-labels, where there are any to be shown.
func (s style) shownTarget(t name.Target) string {
	text := t.String()
	if s.ascii || t.Name.IsZero() {
		return text
	}
	return strings.Replace(text, t.Name.String(), t.Name.Unicode(), 1)
}

// shownVia is the provider for a person.
func (s style) shownVia(r *scanner.Result) string {
	if n, err := name.ParseHost(r.Via); err == nil && !s.ascii {
		return n.Unicode()
	}
	return Escape(r.Via)
}

// why is the sentence of a result that has no servers to show.
func why(r *scanner.Result) string {
	set := &r.Facts.MX
	switch {
	case r.Invalid != nil && len(r.Verdict.Findings) > 0:
		return Escape(strings.TrimPrefix(r.Verdict.Findings[0].Text, strconv.Quote(r.Invalid.Input)+" "))
	case r.Invalid != nil:
		return inWords(verdict.InvalidInput)
	case set.Kind == mx.Null:
		return "takes no mail (null MX)"
	case set.Detail != "":
		return Escape(set.Detail)
	case set.Reason != mx.ReasonNone:
		return inWords(set.Reason.String())
	default:
		return "no mail host was found"
	}
}

// mxReason is the code for why a domain has the kind of MX that it has; "" when all is well.
func mxReason(r *scanner.Result) string {
	switch {
	case r.Invalid != nil:
		return r.Invalid.Reason.String()
	case r.Facts.MX.Reason != mx.ReasonNone:
		return r.Facts.MX.Reason.String()
	default:
		return ""
	}
}

// mxKind is the kind of MX; what is no domain has a kind of its own.
func mxKind(r *scanner.Result) mx.Kind {
	if r.Invalid != nil {
		return mx.Invalid
	}
	return r.Facts.MX.Kind
}

func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// address is an address without its port; "" when there is none.
func address(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.Addr().String()
}

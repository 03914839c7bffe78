package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mxtls/scanner"
	"mxtls/scanner/pkix"
	"mxtls/scanner/verdict"
)

// failOn is what --fail-on names: conditions of a domain for which the exit status is 1.
type failOn struct {
	conditions []condition
}

// condition is one word of --fail-on.
type condition struct {
	word  string
	holds func(r *scanner.Result, at time.Time) bool
}

// words of --fail-on that stand for more than one finding.
var failWords = map[string]func(r *scanner.Result, at time.Time) bool{
	"plaintext": func(r *scanner.Result, _ time.Time) bool { return r.Class() == verdict.ClassPlain },
	"partial":   func(r *scanner.Result, _ time.Time) bool { return r.Class() == verdict.ClassPartial },
	"untrusted": func(r *scanner.Result, _ time.Time) bool {
		return anyChain(r, func(c *pkix.Chain) bool { return c.Status != pkix.Trusted && c.Status != pkix.StatusUnknown })
	},
	"unknown": func(r *scanner.Result, _ time.Time) bool {
		c := r.Class()
		return c == verdict.ClassUnknown || c == verdict.ClassFailed
	},
	"invalid": func(r *scanner.Result, _ time.Time) bool { return r.Invalid != nil },
}

const defaultExpiring = 14 * 24 * time.Hour

// parseFailOn reads the comma list of --fail-on.
func parseFailOn(text string) (failOn, error) {
	var f failOn
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		holds, err := parseCondition(word)
		if err != nil {
			return f, err
		}
		f.conditions = append(f.conditions, condition{word, holds})
	}
	return f, nil
}

func parseCondition(word string) (func(*scanner.Result, time.Time) bool, error) {
	if holds, ok := failWords[word]; ok {
		return holds, nil
	}
	if key, value, _ := strings.Cut(word, "="); key == "expiring" {
		within, err := parseDays(value)
		if err != nil {
			return nil, fmt.Errorf("--fail-on %s: %w", word, err)
		}
		return func(r *scanner.Result, at time.Time) bool {
			return anyChain(r, func(c *pkix.Chain) bool { return !c.NotAfter.IsZero() && c.NotAfter.Sub(at) < within })
		}, nil
	}
	known := slices.ContainsFunc(verdict.Catalogue(), func(c verdict.Check) bool { return c.Code == word })
	if !known {
		return nil, hinted{
			fmt.Errorf("--fail-on %q is neither a condition nor the code of a finding", word),
			"the conditions are plaintext, partial, untrusted, expiring=14d, unknown, invalid; --list-findings prints the codes",
		}
	}
	return func(r *scanner.Result, _ time.Time) bool {
		return slices.ContainsFunc(r.Verdict.Findings, func(f verdict.Finding) bool {
			forgiven := r.Facts.Legacy && f.Host == "" && f.Severity == verdict.Info // a name of the past may be gone
			return f.Code == word && !forgiven
		})
	}, nil
}

// parseDays reads "14d", "2w" or a Go duration; "" is 14 days.
func parseDays(text string) (time.Duration, error) {
	if text == "" {
		return defaultExpiring, nil
	}
	for suffix, unit := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if number, ok := strings.CutSuffix(text, suffix); ok {
			if n, err := strconv.ParseUint(number, 10, 16); err == nil {
				return time.Duration(n) * unit, nil
			}
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is no span of time: write 14d, 2w or 36h", text)
	}
	return d, nil
}

// any reports whether a condition holds for a result.
func (f failOn) any(r *scanner.Result, at time.Time) bool {
	return slices.ContainsFunc(f.conditions, func(c condition) bool { return c.holds(r, at) })
}

func anyChain(r *scanner.Result, holds func(*pkix.Chain) bool) bool {
	return slices.ContainsFunc(r.Facts.Servers, func(s verdict.Server) bool { return s.Chain != nil && holds(s.Chain) })
}

package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mxtls/scanner/pkix"
)

// rootsFailOn are the conditions of roots --fail-on.
type rootsFailOn []func(a *pkix.Audit, changed bool) bool

// defaultStale is the age at which a bundle is stale where --fail-on does not say.
const defaultStale = 2 * year

const year = 365 * 24 * time.Hour

// parseRootsFailOn reads the comma list of --fail-on.
func parseRootsFailOn(text string, from bool) (rootsFailOn, error) {
	var all rootsFailOn
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		holds, err := parseRootsCondition(word, from)
		if err != nil {
			return nil, err
		}
		all = append(all, holds)
	}
	return all, nil
}

func parseRootsCondition(word string, from bool) (func(*pkix.Audit, bool) bool, error) {
	key, value, given := strings.Cut(word, "=")
	switch {
	case word == "expired":
		return func(a *pkix.Audit, _ bool) bool { return a.Bundle.Expired(a.At) > 0 }, nil
	case word == "broken":
		return func(a *pkix.Audit, _ bool) bool {
			return a.Bundle.TLSOff != "" || a.Bundle.Unready() != "" || a.Count(pkix.IssueBroken) > 0
		}, nil
	case word == "changed" && from:
		return func(_ *pkix.Audit, changed bool) bool { return changed }, nil
	case word == "changed":
		return nil, errors.New("--fail-on changed needs --from: only servers of a saved run can change their verdict")
	case key == "stale":
		span := defaultStale
		if given {
			var err error
			if span, err = parseSpan(value); err != nil {
				return nil, fmt.Errorf("--fail-on %s: %w", word, err)
			}
		}
		return func(a *pkix.Audit, _ bool) bool { return stale(a, span) }, nil
	case key == "missing":
		least := 1
		if given {
			n, err := strconv.ParseUint(value, 10, 16)
			if err != nil || n == 0 {
				return nil, fmt.Errorf("--fail-on %s: %q is no number of roots: write missing=5", word, value)
			}
			least = int(n)
		}
		return func(a *pkix.Audit, _ bool) bool { return a.Count(pkix.IssueMissing) >= least }, nil
	}
	return nil, hinted{fmt.Errorf("--fail-on %q is no condition of a bundle", word),
		"the conditions are expired, broken, stale=2y, missing=1, with --from changed"}
}

// stale reports whether a bundle is so old: by its date, else by its newest root.
func stale(a *pkix.Audit, span time.Duration) bool {
	of := a.Bundle.Date
	if of.IsZero() {
		of = a.Bundle.Newest(a.At)
	}
	return !of.IsZero() && a.At.Sub(of) >= span
}

// parseSpan reads what parseDays reads, and years: "2y".
func parseSpan(text string) (time.Duration, error) {
	if number, ok := strings.CutSuffix(text, "y"); ok {
		if n, err := strconv.ParseUint(number, 10, 8); err == nil {
			return time.Duration(n) * year, nil
		}
	}
	if text == "" {
		return 0, errors.New("a span of time is missing: write 180d, 26w or 2y")
	}
	d, err := parseDays(text)
	if err != nil {
		return 0, fmt.Errorf("%q is no span of time: write 180d, 26w or 2y", text)
	}
	return d, nil
}

// hold reports whether any of the conditions does.
func (all rootsFailOn) hold(a *pkix.Audit, changed bool) bool {
	return slices.ContainsFunc(all, func(holds func(*pkix.Audit, bool) bool) bool { return holds(a, changed) })
}

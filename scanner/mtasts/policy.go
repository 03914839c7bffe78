package mtasts

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"mxtls/scanner/internal/txtrecord"
)

const (
	maxMaxAge    = 31557600       // seconds, one year of 365.25 days (RFC 8461 3.2)
	day          = 24 * time.Hour // below it, a sender who writes once a day has never a policy that is in force
	manyPatterns = 100            // the largest providers have a handful, and a wildcard for the rest
)

// Policy is the content of a policy (RFC 8461 3.2).
type Policy struct {
	Mode   Mode
	MaxAge time.Duration // how long senders may keep it, whole seconds
	MX     []Pattern     // in the order of the policy
}

// String is the policy as ParsePolicy reads it, with CRLF.
func (p Policy) String() string {
	lines := []string{"version: " + version, "mode: " + p.Mode.String()}
	for _, mx := range p.MX {
		lines = append(lines, "mx: "+mx.String())
	}
	lines = append(lines, "max_age: "+strconv.FormatInt(int64(p.MaxAge/time.Second), 10), "")
	return strings.Join(lines, "\r\n")
}

// SyntaxError is the first rule of RFC 8461 3.2 that a policy breaks.
type SyntaxError struct {
	Line int    // from 1; 0 = it is about the whole policy
	Rule string // in words, may quote the policy

	// Disputed says that senders in wide use read past this and all other faults of the policy: at least one of
	// postfix-mta-sts-resolver (utils.py, resolver.py), postfix-tlspol (mta-sts.go) and chasquid (sts.go) past each.
	Disputed bool
}

// Error is "policy line 3: RULE".
func (e *SyntaxError) Error() string {
	if e.Line == 0 {
		return "policy: " + e.Rule
	}
	return fmt.Sprintf("policy line %d: %s", e.Line, e.Rule)
}

// ParsePolicy reads a policy by the letter of RFC 8461 3.2: lines that end in LF or CRLF (erratum 6253), keys in any
// order, the first of duplicates, unknown keys skipped, at least one mx unless the mode is none. The error is a
// *SyntaxError; the Policy is then what could be read all the same.
func ParsePolicy(body []byte) (Policy, []Warning, error) {
	r := &reader{seen: map[string]bool{}}
	for line := range r.lines(body) {
		r.line++
		r.read(line)
	}
	r.complete()
	r.lint()
	if r.err == nil {
		return r.policy, r.warnings, nil
	}
	r.err.Disputed = !r.refused
	return r.policy, r.warnings, r.err
}

// reader reads one policy to its end, whatever is wrong with it.
type reader struct {
	policy   Policy
	line     int
	seen     map[string]bool // keys
	warnings []Warning
	err      *SyntaxError
	refused  bool // by all senders
	aged     bool // max_age could be read
}

// broken notes that a rule is broken; overlooked, that some senders do not mind.
func (r *reader) broken(line int, overlooked bool, rule string) {
	if r.err == nil {
		r.err = &SyntaxError{Line: line, Rule: rule}
	}
	r.refused = r.refused || !overlooked
}

func (r *reader) warn(c Code, line int, text string) {
	if !slices.ContainsFunc(r.warnings, func(w Warning) bool { return w.Code == c }) {
		r.warnings = append(r.warnings, Warning{c, line, text})
	}
}

// lines cuts a body into its lines, after what is wrong with it as a whole.
func (r *reader) lines(body []byte) func(func(string) bool) {
	const mark = "\xef\xbb\xbf"
	if rest, ok := bytes.CutPrefix(body, []byte(mark)); ok {
		const text = "a byte-order mark stands before the policy, which makes another key of its first one"
		r.warn(ByteOrderMark, 1, text)
		r.broken(1, false, text)
		body = rest
	}
	text := string(body)
	if !strings.Contains(text, "\n") && strings.Contains(strings.TrimSuffix(text, "\r"), "\r") {
		const rule = "the lines end in CR alone, where LF or CRLF is wanted"
		r.warn(BareCR, 1, rule)
		r.broken(1, true, rule)
		text = strings.ReplaceAll(text, "\r", "\n")
	}
	return func(yield func(string) bool) {
		for text != "" {
			line, rest, ended := strings.Cut(text, "\n")
			if ended {
				line = strings.TrimSuffix(line, "\r")
			} else {
				r.warn(NoFinalNewline, r.line+1, "the last line does not end")
			}
			if text = rest; !yield(line) {
				return
			}
		}
	}
}

// read reads one line.
func (r *reader) read(line string) {
	const blanks = " \t" // WSP (RFC 5234 B.1)
	trimmed := strings.TrimRight(line, blanks)
	if trimmed != line {
		r.warn(TrailingBlank, r.line, "blanks stand at the end of a line")
	}
	if trimmed == "" {
		const rule = "the line is empty"
		r.warn(BlankLine, r.line, rule)
		r.broken(r.line, true, rule)
		return
	}
	written, value, ok := strings.Cut(trimmed, ":")
	key := strings.Trim(written, blanks)
	switch {
	case !ok:
		r.broken(r.line, true, "no colon in "+txtrecord.Quote(trimmed))
		return
	case !txtrecord.IsName(key):
		r.broken(r.line, true, fmt.Sprintf("the key %s is none: letters and digits are wanted, at most 32",
			txtrecord.Quote(key)))
		return
	case key != written:
		rule := "a blank stands before the key " + key + ", or between it and the colon"
		r.warn(BlankAroundKey, r.line, rule)
		r.broken(r.line, true, rule)
	}
	r.field(key, strings.TrimLeft(value, blanks))
}

// field takes a key and its value in.
func (r *reader) field(key, value string) {
	if key != "mx" && r.seen[key] {
		r.warn(DuplicateKey, r.line, "the key "+key+" stands twice: the first one counts")
		return // RFC 8461 3.2: all but the first are ignored
	}
	known := r.known(key, value)
	switch lower := strings.ToLower(key); {
	case known:
	case lower == "version" || lower == "mode" || lower == "max_age" || lower == "mx":
		r.warn(UpperCaseKey, r.line, "the key "+key+" is not "+lower+": keys are in lower case")
	case !isText(value):
		r.broken(r.line, true, fmt.Sprintf("the key %s has the value %s", key, txtrecord.Quote(value)))
	}
	r.seen[key] = true
}

// known takes one of the keys that RFC 8461 3.2 has.
func (r *reader) known(key, value string) bool {
	switch key {
	case "version":
		if value != version {
			r.broken(r.line, false, fmt.Sprintf("the version is %s, where %s is wanted", txtrecord.Quote(value), version))
		}
	case "mode":
		if r.policy.Mode = mode(value); r.policy.Mode == ModeUnknown {
			r.broken(r.line, false, "the mode is "+txtrecord.Quote(value)+", where enforce, testing or none is wanted")
		}
	case "max_age":
		r.maxAge(value)
	case "mx":
		pattern, err := ParsePattern(value)
		if err != nil {
			r.broken(r.line, true, err.Error())
			break
		}
		if r.policy.MX = append(r.policy.MX, pattern); len(r.policy.MX) > manyPatterns {
			r.warn(ManyPatterns, r.line, fmt.Sprintf("the policy has more than %d mx lines", manyPatterns))
		}
	default:
		return false
	}
	return true
}

// mode is exact: RFC 8461 3.2 has the words case-sensitive.
func mode(s string) Mode {
	for _, m := range []Mode{ModeNone, Testing, Enforce} {
		if s == m.String() {
			return m
		}
	}
	return ModeUnknown
}

// maxAge reads 1*10(DIGIT). The text of 3.2 knows a maximum that the grammar does not (erratum 7282): postfix-tlspol
// cuts what is above it, mox takes it, postfix-mta-sts-resolver refuses the policy.
func (r *reader) maxAge(value string) {
	seconds, err := strconv.ParseUint(value, 10, 64)
	if err != nil || len(value) > 10 {
		r.broken(r.line, false, fmt.Sprintf("the max_age is %s, where seconds up to %d are wanted",
			txtrecord.Quote(value), maxMaxAge))
		return
	}
	if seconds > maxMaxAge {
		r.warn(MaxAgeTooLarge, r.line, fmt.Sprintf("the max_age is above %d seconds: senders cut it, or refuse the policy",
			maxMaxAge))
	}
	r.aged = true
	r.policy.MaxAge = time.Duration(min(seconds, maxMaxAge)) * time.Second
}

// isText reports whether a value has nothing but visible characters, of any alphabet, and blanks inside.
func isText(s string) bool {
	return s != "" && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// complete looks for what every policy has.
func (r *reader) complete() {
	for _, key := range []string{"version", "mode", "max_age"} {
		if !r.seen[key] {
			r.broken(0, false, "the policy has no "+key)
		}
	}
	if r.policy.Mode != ModeNone && !r.seen["mx"] {
		r.broken(0, false, "the policy has no mx, which only the mode none can do without")
	}
}

// lint looks at a lifetime that does not protect. RFC 8461 3.2 expects "weeks or greater"; the mode none is on its way
// out, and 8.3 wants it short.
func (r *reader) lint() {
	age := r.policy.MaxAge
	switch {
	case !r.aged || r.policy.Mode == ModeNone || r.policy.Mode == ModeUnknown:
	case age < day:
		r.warn(MaxAgeDay, 0, fmt.Sprintf("the max_age is %d s, less than a day: who blocks the policy host so long "+
			"undoes the policy", int64(age/time.Second)))
	case age < 7*day && r.policy.Mode == Enforce:
		r.warn(MaxAgeWeek, 0, fmt.Sprintf("the max_age is %d s, less than a week, where RFC 8461 expects weeks or more",
			int64(age/time.Second)))
	}
}

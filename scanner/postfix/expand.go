package postfix

import (
	"fmt"
	"slices"
	"strings"
)

// An expander replaces $names in values (postconf(5), mac_expand.c): $name, ${name}, $(name), ${name?text},
// ${name?{text}:{text}}, ${name:text}, ${{left} op {right} ? {text} : {text}} and $$.
type expander struct {
	lookup func(name string) (value string, ok bool)
	asked  map[string]bool // names that are set nowhere and have no default that is known here
	broken string          // the first thing that Postfix cannot read; it does not start then
	depth  int
	octets int // of values so far
	steps  int // names looked up so far
}

// fail notes what cannot be read.
func (e *expander) fail(format string, args ...any) {
	if e.broken == "" {
		e.broken = fmt.Sprintf(format, args...)
	}
}

// expand is text with its names replaced; a name without a value is empty. What cannot be read is left as it stands.
func (e *expander) expand(text string) string {
	switch {
	case !strings.Contains(text, "$"):
		return text
	case e.depth >= maxDepth:
		e.fail("its parameters name each other without end")
		return text
	}
	e.depth++
	defer func() { e.depth-- }()
	var b strings.Builder
	for text != "" {
		before, rest, ok := strings.Cut(text, "$")
		b.WriteString(before)
		if !ok {
			break
		}
		var value string
		value, text = e.one(rest)
		if e.octets += len(value); e.octets > maxValue {
			e.fail("it comes to more than %d octets", maxValue)
			break
		}
		b.WriteString(value)
	}
	return b.String()
}

// one is the value of what stands behind a dollar sign, and the text behind that.
func (e *expander) one(s string) (value, rest string) {
	switch {
	case strings.HasPrefix(s, "$"):
		return "$", s[1:]
	case strings.HasPrefix(s, "{"), strings.HasPrefix(s, "("):
		inner, rest, ok := bracketed(s)
		if !ok {
			e.fail("$%s has no end", excerpt(s))
			return "$" + s, ""
		}
		return e.braced(inner), rest
	}
	end := nameLength(s)
	if end == 0 {
		e.fail("no name follows a $, which is written $$ where it stands for itself")
		return "$", s
	}
	return e.value(s[:end]), s[end:]
}

// braced is the value of what stands inside ${}.
func (e *expander) braced(inner string) string {
	inner = strings.TrimLeft(inner, blanks)
	if strings.HasPrefix(inner, "{") {
		return e.comparison(inner)
	}
	end := nameLength(inner)
	name, rest := inner[:end], strings.TrimLeft(inner[end:], blanks)
	switch {
	case name == "", rest != "" && rest[0] != '?' && rest[0] != ':':
		e.fail("${%s} names no parameter", excerpt(inner))
		return ""
	case rest == "":
		return e.value(name)
	}
	value := e.value(name)
	return e.choose(value != "", rest)
}

// choose picks from "?text", ":text" or "?{text}:{text}".
func (e *expander) choose(yes bool, s string) string {
	op, s := s[0], s[1:]
	first, second := s, ""
	if trimmed := strings.TrimLeft(s, blanks); strings.HasPrefix(trimmed, "{") {
		if inner, rest, ok := bracketed(trimmed); ok {
			first = trimBlanks(inner)
			rest = strings.TrimLeft(rest, blanks)
			if op == '?' && strings.HasPrefix(rest, ":") {
				second, rest = e.alternative(strings.TrimLeft(rest[1:], blanks))
			}
			if rest != "" {
				e.fail("%q stands where a choice has ended", excerpt(rest))
			}
		}
	}
	switch {
	case op == '?' && yes, op == ':' && !yes:
		return e.expand(first)
	case op == '?':
		return e.expand(second)
	}
	return ""
}

// alternative is what stands behind the colon of a choice, and what is left behind that.
func (e *expander) alternative(s string) (text, rest string) {
	if inner, rest, ok := bracketed(s); ok {
		return trimBlanks(inner), strings.TrimLeft(rest, blanks)
	}
	return s, ""
}

// comparison is the value of "{left} op {right} ? {yes} : {no}"; without a choice it is "true" or nothing.
func (e *expander) comparison(s string) string {
	left, rest, ok := bracketed(s)
	op, right := trimBlanks(rest), ""
	if at := strings.IndexByte(rest, '{'); ok && at >= 0 {
		op = trimBlanks(rest[:at])
		right, rest, ok = bracketed(rest[at:])
	} else {
		ok = false
	}
	if !ok || !slices.Contains(operators, strings.TrimSuffix(op, "level")) {
		e.fail("${%s} is no comparison", excerpt(s))
		return ""
	}
	left, right = e.expand(trimBlanks(left)), e.expand(trimBlanks(right))
	if strings.HasSuffix(op, "level") && !(isLevel(left) && isLevel(right)) {
		e.fail("${%s} compares what is no compatibility level", excerpt(s))
	}
	yes := compare(left, op, right)
	switch rest = strings.TrimLeft(rest, blanks); {
	case rest != "" && (rest[0] == '?' || rest[0] == ':'):
		return e.choose(yes, rest)
	case rest != "":
		e.fail("%q stands where a comparison has ended", excerpt(rest))
	}
	if yes {
		return "true"
	}
	return ""
}

// operators are those of comparisons; each may have "level" behind it.
var operators = []string{"==", "!=", "<", "<=", ">", ">="}

// isLevel reports whether a compatibility level can be compared: up to three numbers with dots.
func isLevel(s string) bool {
	parts := strings.Split(s, ".")
	return len(parts) <= 3 && !slices.ContainsFunc(parts, func(part string) bool { return !isNumber(part) })
}

// compare does what mac_expand.c does: by number where both are numbers, by release where the operator ends in
// "level", else by octets.
func compare(left, op, right string) bool {
	var order int
	op, level := strings.CutSuffix(op, "level")
	switch {
	case level:
		l, _ := ParseVersion(padded(left))
		r, _ := ParseVersion(padded(right))
		order = (l.Major-r.Major)*(maxVersionPart+1) + l.Minor - r.Minor
	case isNumber(left) && isNumber(right):
		left, right = strings.TrimLeft(left, "0"), strings.TrimLeft(right, "0")
		if order = len(left) - len(right); order == 0 {
			order = strings.Compare(left, right)
		}
	default:
		order = strings.Compare(left, right)
	}
	switch op {
	case "==":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	case ">=":
		return order >= 0
	}
	return false
}

// padded makes a compatibility level of one number one of two.
func padded(level string) string {
	if isNumber(level) {
		return level + ".0"
	}
	return level
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// value is what a name stands for.
func (e *expander) value(name string) string {
	if e.steps++; e.steps > maxSteps {
		e.fail("its parameters name more than %d others", maxSteps)
		return ""
	}
	value, ok := e.lookup(name)
	if !ok {
		e.asked[name] = true
		return ""
	}
	return e.expand(value)
}

// bracketed splits s, which begins with { or (, behind the bracket that closes the first.
func bracketed(s string) (inner, rest string, ok bool) {
	if s == "" {
		return "", s, false
	}
	opening, closing := s[0], byte('}')
	if opening == '(' {
		closing = ')'
	} else if opening != '{' {
		return "", s, false
	}
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case opening:
			depth++
		case closing:
			if depth--; depth == 0 {
				return s[1:i], s[i+1:], true
			}
		}
	}
	return "", s, false
}

// nameLength is how much of s is a parameter's name.
func nameLength(s string) int {
	for i := range len(s) {
		if c := s[i]; c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return i
		}
	}
	return len(s)
}

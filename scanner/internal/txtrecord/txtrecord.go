// Package txtrecord reads the one grammar that the TXT records of MTA-STS (RFC 8461 3.1) and TLSRPT (RFC 8460 3) share:
// a version, then fields of name and value, with semicolons and blanks between.
//
//	record  = version 1*(*WSP ";" *WSP field) [*WSP ";" *WSP]
//	field   = name "=" value
//	name    = (ALPHA / DIGIT) *31(ALPHA / DIGIT / "_" / "-" / ".")
package txtrecord

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const (
	blanks   = " \t" // WSP (RFC 5234 B.1)
	maxName  = 32    // octets of a field's name
	maxShown = 64    // octets of a record that an error quotes
)

// Field is one field of a record, its value without blanks around it.
type Field struct{ Name, Value string }

// Select finds the records of one version among a name's TXT records. Both RFCs have records without "v=...;" at their
// head thrown away; their grammars allow a blank before the semicolon (RFC 8461 erratum 6285), and such a record counts
// here. Near are those that meant to be one and are not: in other letter case, behind blanks or a quotation mark.
func Select(texts []string, version string) (records, near []string) {
	for _, text := range texts {
		if begins(text, version) {
			records = append(records, text)
			continue
		}
		head := strings.Trim(text, blanks+`"'`)
		if begins(head, version) || len(head) >= len(version) && strings.EqualFold(head[:len(version)], version) {
			near = append(near, text)
		}
	}
	return records, near
}

// begins reports whether a record has a version and not the beginning of a longer one.
func begins(text, version string) bool {
	rest, ok := strings.CutPrefix(text, version)
	return ok && (rest == "" || strings.ContainsRune(blanks+";", rune(rest[0])))
}

// Parse reads a record that begins with version. Blank says that a blank stands before the first semicolon, on which
// RFC 8461 contradicts itself. The error names the rule that is broken, in words that follow "the record".
func Parse(text, version string) (fields []Field, blank bool, err error) {
	rest, ok := strings.CutPrefix(text, version)
	if !ok {
		return nil, false, fmt.Errorf("does not begin with %q", version)
	}
	blank = rest != "" && strings.ContainsRune(blanks, rune(rest[0]))
	for rest != "" {
		if rest, ok = strings.CutPrefix(strings.TrimLeft(rest, blanks), ";"); !ok {
			return nil, blank, fmt.Errorf("has %s where a semicolon is wanted", Quote(rest))
		}
		if rest = strings.TrimLeft(rest, blanks); rest == "" {
			break
		}
		var f Field
		if f, rest, err = parseField(rest); err != nil {
			return nil, blank, err
		}
		fields = append(fields, f)
	}
	if len(fields) == 0 {
		return nil, blank, errors.New("has no field behind its version")
	}
	return fields, blank, nil
}

// parseField reads a field; rest begins with the semicolon or the blanks behind it.
func parseField(s string) (f Field, rest string, err error) {
	end := strings.IndexByte(s, ';')
	if end < 0 {
		end = len(s)
		if strings.TrimRight(s, blanks) != s {
			return f, "", errors.New("ends in a blank without a semicolon before it")
		}
	}
	name, value, ok := strings.Cut(s[:end], "=")
	value = strings.TrimRight(value, blanks)
	switch {
	case !ok:
		return f, "", fmt.Errorf("has a field without an equals sign, %s", Quote(s[:end]))
	case !IsName(name):
		return f, "", fmt.Errorf("has a field with the name %s: letters and digits are wanted, at most %d",
			Quote(name), maxName)
	case value == "":
		return f, "", fmt.Errorf("has a field without a value, %s", Quote(name))
	}
	return Field{name, value}, s[end:], nil
}

// IsName reports whether s can be the name of a field, here as in a policy (RFC 8461 3.2).
func IsName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && (i == 0 || c != '_' && c != '-' && c != '.') {
			return false
		}
	}
	return s != "" && len(s) <= maxName
}

// IsValue reports whether s can be the value of a field that nobody knows: visible ASCII without "=" and ";".
func IsValue(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '=' || r == ';' })
}

// Quote is foreign text in quotation marks for an error: in ASCII and cut to what a line has room for.
func Quote(s string) string {
	if len(s) > maxShown {
		return strconv.QuoteToASCII(s[:maxShown]) + "..."
	}
	return strconv.QuoteToASCII(s)
}

package postfix

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Policy is what holds for one destination: a level, and what replaces main.cf's settings there. A zero field replaces
// nothing.
type Policy struct {
	Level      Level
	Match      []string // names for verify and secure, fingerprints for fingerprint
	Protocols  string   // as written
	Ciphers    string   // a grade
	Exclude    []string
	ExcludeSet bool     // exclude= was given, if only to exclude nothing
	TAFiles    []string // trust anchors in place of CAfile and CApath
	Servername string
}

// attributes are the names that a policy may have, the release that brought each, and whether one may stand twice.
var attributes = map[string]struct {
	since    Version
	repeated bool
}{
	"match":            {Version{2, 3}, true},
	"protocols":        {Version{2, 3}, false},
	"ciphers":          {Version{2, 3}, false},
	"exclude":          {Version{2, 3}, false},
	"tafile":           {Version{2, 11}, true},
	"servername":       {Version{3, 4}, false},
	"connection_reuse": {Version{3, 4}, true},
	"enable_rpk":       {Version{3, 9}, true},
	// What MTA-STS plugins add for TLSRPT: taken, and without a bearing on the delivery.
	"policy_type":     {Version{3, 10}, true},
	"policy_domain":   {Version{3, 10}, true},
	"policy_string":   {Version{3, 10}, true},
	"policy_ttl":      {Version{3, 10}, true},
	"policy_failure":  {Version{3, 10}, true},
	"mx_host_pattern": {Version{3, 10}, true},
}

// parsePolicy reads the right-hand side of a policy table's entry (tls_policy_lookup_one in smtp_tls_policy.c): a
// level, then name=value. The error says why Postfix would refuse the entry and so defer the destination's mail.
func parsePolicy(s string, v Version) (Policy, error) {
	words := splitList(s)
	if v.AtLeast(3, 10) {
		words = splitTables(s) // braces keep "{name = value}" together
	}
	if len(words) == 0 {
		return Policy{}, errors.New("invalid empty policy")
	}
	p := Policy{Level: parseLevel(words[0])}
	if p.Level == LevelUnknown {
		return Policy{}, fmt.Errorf("invalid security level %q", excerpt(words[0]))
	}
	if p.Level == None {
		return p, nil // Postfix ignores attributes at this level, with a warning
	}
	seen := map[string]bool{}
	for _, word := range words[1:] {
		if inner, _, ok := bracketed(word); ok && v.AtLeast(3, 10) {
			word = inner
		}
		name, value, ok := strings.Cut(word, "=")
		name = strings.ToLower(trimBlanks(name))
		known, there := attributes[name]
		switch {
		case !ok || name == "":
			return p, fmt.Errorf("malformed attribute/value pair %q", excerpt(word))
		case !there || !v.AtLeast(known.since.Major, known.since.Minor):
			return p, fmt.Errorf("invalid attribute name: %q", excerpt(name))
		case seen[name] && !known.repeated:
			return p, fmt.Errorf("attribute %q is specified multiple times", name)
		}
		seen[name] = true
		if err := p.set(name, trimBlanks(value)); err != nil {
			return p, err
		}
	}
	return p, nil
}

// set takes in one attribute.
func (p *Policy) set(name, value string) error {
	empty := fmt.Errorf("attribute %q has empty value", name)
	switch name {
	case "match":
		return p.addMatch(value)
	case "protocols":
		p.Protocols = value
	case "ciphers":
		if p.Ciphers = value; value == "" {
			return empty
		}
	case "exclude":
		p.Exclude, p.ExcludeSet = splitCiphers(value), true
	case "tafile":
		if p.Level != Verify && p.Level != Secure {
			return p.misplaced(name)
		}
		if value == "" {
			return empty
		}
		p.TAFiles = append(p.TAFiles, value)
	case "servername":
		if p.Servername = value; !validHostname(value) {
			return fmt.Errorf("\"%s=%s\" specifies an invalid hostname", name, excerpt(value))
		}
	case "connection_reuse", "enable_rpk":
		if !strings.EqualFold(value, "yes") && !strings.EqualFold(value, "no") {
			return fmt.Errorf("attribute %q has bad value: %q", name, excerpt(value))
		}
	}
	return nil
}

func (p *Policy) addMatch(value string) error {
	const name = "match"
	if value == "" {
		return fmt.Errorf("attribute %q has empty value", name)
	}
	switch p.Level {
	case Verify, Secure:
		p.Match = append(p.Match, strings.FieldsFunc(value, func(r rune) bool { return r == ':' })...)
	case Fingerprint:
		p.Match = append(p.Match, strings.FieldsFunc(value, func(r rune) bool { return r == '|' })...)
	default:
		return p.misplaced(name)
	}
	return nil
}

// odd says what Postfix takes in a policy and cannot use: no handshake succeeds, or no certificate has the name.
func (p *Policy) odd(v Version) error {
	if _, err := parseProtocols(p.Protocols, v); err != nil {
		return fmt.Errorf("every handshake fails: %w", err)
	}
	if p.Ciphers != "" && !slices.Contains(grades, strings.ToLower(p.Ciphers)) {
		return fmt.Errorf("every handshake fails: %q is no grade of ciphers", excerpt(p.Ciphers))
	}
	if p.Level == Verify || p.Level == Secure {
		_, err := newMatcher(p.Match)
		return err
	}
	return nil
}

// validHostname is valid_hostname.c: letters, digits, "_" and "-" in labels of up to 63 octets, none of which begins
// or ends with "-"; not all digits.
func validHostname(s string) bool {
	const maxHost, maxLabel = 255, 63
	if len(s) > maxHost || strings.Trim(s, "0123456789.") == "" {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.ContainsFunc(label, func(r rune) bool {
				return r != '-' && r != '_' && !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
			}) {
			return false
		}
	}
	return true
}

func (p *Policy) misplaced(name string) error {
	return fmt.Errorf("attribute %q invalid at security level %q", name, p.Level)
}

// String is the policy as a table's right-hand side has it.
func (p Policy) String() string {
	var b strings.Builder
	b.WriteString(p.Level.String())
	if len(p.Match) > 0 {
		separator := ":"
		if p.Level == Fingerprint {
			separator = "|"
		}
		b.WriteString(" match=" + strings.Join(p.Match, separator))
	}
	for _, a := range []struct{ name, value string }{
		{"protocols", p.Protocols}, {"ciphers", p.Ciphers}, {"servername", p.Servername},
	} {
		if a.value != "" {
			b.WriteString(" " + a.name + "=" + a.value)
		}
	}
	if p.ExcludeSet {
		b.WriteString(" exclude=" + strings.Join(p.Exclude, ":"))
	}
	for _, file := range p.TAFiles {
		b.WriteString(" tafile=" + file)
	}
	return b.String()
}

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
	"policy_type":     {Version{3, 10}, false},
	"policy_domain":   {Version{3, 10}, false},
	"policy_string":   {Version{3, 10}, true},
	"policy_ttl":      {Version{3, 10}, false},
	"policy_failure":  {Version{3, 10}, false},
	"mx_host_pattern": {Version{3, 10}, true},
}

// pluginWords are the values that two of a plugin's attributes may have (tlsrpt_wrapper.c).
var pluginWords = map[string][]string{
	"policy_type": {"sts", "no-policy-found"},
	"policy_failure": {"sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid",
		"validation-failure"},
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
	if !seen["policy_type"] {
		for _, name := range []string{"policy_ttl", "policy_domain", "policy_string", "mx_host_pattern", "policy_failure"} {
			if seen[name] {
				return p, fmt.Errorf("built-in policy has unexpected attribute %s", name)
			}
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
	case "policy_type", "policy_failure":
		if !slices.Contains(pluginWords[name], value) {
			return fmt.Errorf("attribute %q has an unexpected value: %q", name, excerpt(value))
		}
	case "policy_domain":
		if !validHostname(value) {
			return malformed(name, value)
		}
	case "policy_ttl":
		if !isNumber(value) {
			return malformed(name, value)
		}
	case "connection_reuse", "enable_rpk":
		if !strings.EqualFold(value, "yes") && !strings.EqualFold(value, "no") {
			return fmt.Errorf("attribute %q has bad value: %q", name, excerpt(value))
		}
	}
	return nil
}

func malformed(name, value string) error {
	return fmt.Errorf("attribute %q has a malformed value: %q", name, excerpt(value))
}

// validHostname is what Postfix takes for a host's name (valid_hostname.c).
func validHostname(s string) bool {
	const maxHostname, maxLabel = 255, 63
	for label := range strings.SplitSeq(s, ".") {
		odd := func(r rune) bool {
			return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
		}
		if label == "" || len(label) > maxLabel || strings.Trim(label, "-") != label || strings.ContainsFunc(label, odd) {
			return false
		}
	}
	return len(s) <= maxHostname && strings.Trim(s, "0123456789.-") != ""
}

func (p *Policy) addMatch(value string) error {
	const name = "match"
	if value == "" {
		return fmt.Errorf("attribute %q has empty value", name)
	}
	separator := ":"
	switch p.Level {
	case Verify, Secure:
	case Fingerprint:
		separator = "|"
	default:
		return p.misplaced(name)
	}
	words := strings.FieldsFunc(value, func(r rune) bool { return string(r) == separator })
	p.Match = slices.DeleteFunc(append(p.Match, words...), func(word string) bool { return word == separator })
	if len(p.Match) == 0 {
		p.Match = []string{separator} // it replaces main.cf's names by none
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

package pkix

import (
	"bytes"
	"strings"
)

// maxComparisons is OpenSSL's limit of names times constraints (v3_ncons.c NAME_CHECK_MAX).
const maxComparisons = 1 << 20

// constraints is a nameConstraints extension (RFC 5280 4.2.1.10).
type constraints struct{ permitted, excluded []subtree }

// A subtree is one base. Minimum and maximum must be left out, or the certificate says what nobody implements.
type subtree struct {
	base   generalName
	ranged bool
}

func parseConstraints(d der) (*constraints, error) {
	c := &constraints{}
	for i, to := range []*[]subtree{&c.permitted, &c.excluded} {
		list, ok, err := d.optional(tagConstructed + byte(i))
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if err := list.body.each(func(e element) error {
			s, err := parseSubtree(e)
			*to = append(*to, s)
			return err
		}); err != nil {
			return nil, err
		}
	}
	if len(d) > 0 {
		return nil, errDER
	}
	return c, nil
}

func parseSubtree(e element) (subtree, error) {
	if e.tag != tagSequence {
		return subtree{}, errDER
	}
	base, err := e.body.next()
	if err != nil {
		return subtree{}, err
	}
	g, err := parseName(base)
	if err != nil {
		return subtree{}, err
	}
	minimum, hasMin, err := e.body.optional(tagContext + 0)
	if err != nil {
		return subtree{}, err
	}
	_, hasMax, err := e.body.optional(tagContext + 1)
	if err != nil || len(e.body) > 0 {
		return subtree{}, errDER
	}
	return subtree{g, hasMax || hasMin && !bytes.Equal(minimum.body, []byte{0})}, nil
}

// check returns OpenSSL's error for a certificate below the constraints, 0 for none, and the name that it is about
// (v3_ncons.c NAME_CONSTRAINTS_check, and _check_CN for a leaf without DNS names).
func (n *constraints) check(c *certificate, leaf bool) (num int, what string) {
	names := len(c.subject.entries) + len(c.names)
	if names > 0 && len(n.permitted)+len(n.excluded) > maxComparisons/names {
		return errUnspecified, "so many names"
	}
	for _, a := range c.subject.entries {
		if a.oid == oidEmail && a.tag != tagIA5String {
			return errNameSyntax, a.value
		}
	}
	for _, g := range constrained(c, leaf) {
		if num := n.match(g); num != 0 {
			return num, g.String()
		}
	}
	return 0, ""
}

// constrained are the names that constraints are held against: the subject and its mail addresses, those of the SAN,
// and a leaf's CNs where the SAN has no DNS name.
func constrained(c *certificate, leaf bool) generalNames {
	var all generalNames
	if len(c.subject.entries) > 0 {
		all = append(all, generalName{kind: kindDir, dir: &c.subject})
	}
	for _, email := range c.subject.values(oidEmail) {
		all = append(all, generalName{kind: kindEmail, text: email})
	}
	all = append(all, c.names...)
	if !leaf || len(c.names.texts(kindDNS)) > 0 {
		return all
	}
	for _, cn := range c.subject.values(oidCN) {
		if looksLikeHost(cn) {
			all = append(all, generalName{kind: kindDNS, text: cn})
		}
	}
	return all
}

// match holds one name against all subtrees of its kind: one of those permitted must fit, if there are any, and none of
// those excluded.
func (n *constraints) match(g generalName) int {
	any, fits, num := within(n.permitted, g)
	switch {
	case num != 0:
		return num
	case any && !fits:
		return errNotPermitted
	}
	switch _, fits, num = within(n.excluded, g); {
	case num != 0:
		return num
	case fits:
		return errExcluded
	}
	return 0
}

// within reports whether there are subtrees of the name's kind, and whether it is in one of them.
func within(subtrees []subtree, g generalName) (any, fits bool, num int) {
	for _, s := range subtrees {
		if s.base.kind != g.kind {
			continue
		}
		if s.ranged {
			return true, false, errSubtreeRange
		}
		if any = true; fits {
			continue
		}
		if fits, num = contains(s.base, g); num != 0 {
			return true, false, num
		}
	}
	return any, fits, 0
}

// contains reports whether the name is in the base's subtree; num is OpenSSL's error where that cannot be told.
func contains(base, g generalName) (ok bool, num int) {
	switch g.kind {
	case kindDir:
		return g.dir.within(*base.dir), 0
	case kindDNS:
		return underDomain(g.text, base.text, false), 0
	case kindEmail:
		return emailWithin(g.text, base.text)
	case kindURI:
		host, ok := uriHost(g.text)
		if !ok {
			return false, errNameSyntax
		}
		if strings.HasPrefix(base.text, ".") {
			return len(host) > len(base.text) && underDomain(host, base.text, true), 0
		}
		return equalFold(host, base.text), 0
	case kindIP:
		return addressWithin(g.text, base.text)
	}
	return false, errConstraintType
}

// underDomain reports whether name is domain or ends in it at a label; an empty domain holds all.
func underDomain(name, domain string, dotted bool) bool {
	head := len(name) - len(domain)
	if domain == "" {
		return true
	}
	if head < 0 || !equalFold(name[head:], domain) {
		return false
	}
	return head == 0 || dotted || domain[0] == '.' || name[head-1] == '.'
}

// emailWithin: a base with a mailbox is that mailbox, one without is a host, one with a leading point a domain.
func emailWithin(email, base string) (bool, int) {
	at := strings.LastIndexByte(email, '@')
	if at < 0 {
		return false, errNameSyntax
	}
	baseAt := strings.LastIndexByte(base, '@')
	if baseAt < 0 && strings.HasPrefix(base, ".") {
		return len(email) > len(base) && underDomain(email, base, true), 0
	}
	if baseAt > 0 && base[:baseAt] != email[:at] {
		return false, 0
	}
	return equalFold(email[at+1:], base[baseAt+1:]), 0
}

// uriHost is a URI's host without its port.
func uriHost(uri string) (string, bool) {
	_, rest, ok := strings.Cut(uri, ":")
	rest, slashes := strings.CutPrefix(rest, "//")
	if !ok || !slashes {
		return "", false
	}
	if end := strings.IndexAny(rest, ":/"); end >= 0 {
		rest = rest[:end]
	}
	return rest, rest != ""
}

// addressWithin: base is a network and its mask, which may have any form.
func addressWithin(address, base string) (bool, int) {
	if len(address) != 4 && len(address) != 16 || len(base) != 8 && len(base) != 32 {
		return false, errNameSyntax
	}
	if 2*len(address) != len(base) {
		return false, 0
	}
	for i := range len(address) {
		if (address[i]^base[i])&base[len(address)+i] != 0 {
			return false, 0
		}
	}
	return true, 0
}

// looksLikeHost reports whether a CN is held against constraints on DNS names (v3_ncons.c cn2dnsid): letters, digits,
// hyphens and underscores in at least two labels.
func looksLikeHost(cn string) bool {
	cn = strings.TrimRight(cn, "\x00")
	labels := strings.Split(cn, ".")
	for i, l := range labels {
		if l == "" || strings.HasPrefix(l, "-") || strings.HasSuffix(l, "-") && i < len(labels)-1 {
			return false
		}
		for _, c := range []byte(l) {
			if !(c == '-' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') {
				return false
			}
		}
	}
	return len(labels) > 1
}

// equalFold is equality but for the case of ASCII letters. strings.EqualFold would take the Kelvin sign for a k.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if a[i] != b[i] && lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

package pkix

import (
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxOneline is how much of a name Postfix prints: its buffer has 256 octets (tls.h CCERT_BUFSIZ), one is for the NUL.
const maxOneline = 255

// A dn is a distinguished name. Names are compared by their canonical form.
type dn struct {
	raw       []byte
	canonical string
	entries   []attribute
}

// An attribute is one type and value of a name.
type attribute struct {
	oid   string // as encoded
	value string // UTF-8
	body  []byte // as encoded
	tag   byte
	rdn   int // which relative name it is in, from 0
}

// parseDN reads a Name (RFC 5280 4.1.2.4) and folds it as OpenSSL does (x_name.c x509_name_canon, after RFC 5280 7.1):
// strings of any type are equal when they are in UTF-8, in lower case, with runs of blanks as one and none around.
func parseDN(raw []byte) (dn, error) {
	name := dn{raw: raw}
	seq, err := whole(raw, tagSequence)
	if err != nil {
		return name, err
	}
	var canonical strings.Builder
	rdn := 0
	err = seq.body.each(func(set element) error {
		if set.tag != tagSet {
			return errDER
		}
		var folded []string
		err := set.body.each(func(e element) error {
			a, err := parseAttribute(e)
			if err != nil {
				return err
			}
			a.rdn = rdn
			name.entries = append(name.entries, a)
			folded = append(folded, a.folded())
			return nil
		})
		slices.Sort(folded)
		// The length of each part stands before it, so that no two names have one form.
		canonical.WriteString(sized(strings.Join(folded, "")))
		rdn++
		return err
	})
	name.canonical = canonical.String()
	return name, err
}

func sized(s string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(s)))) + s
}

func parseAttribute(e element) (attribute, error) {
	var a attribute
	if e.tag != tagSequence {
		return a, errDER
	}
	id, err := e.body.take(tagOID)
	if err != nil {
		return a, err
	}
	if a.oid, err = objectID(id.body); err != nil {
		return a, err
	}
	value, err := e.body.next()
	if err != nil || len(e.body) > 0 {
		return a, errDER
	}
	a.tag, a.body = value.tag, value.body
	switch text, ok := stringText(value); {
	case ok:
		a.value = text
	case value.tag == tagNumericString, value.tag == tagBitString, value.tag == tagSequence:
		a.value = string(value.body) // what else a name may hold (x_name.c, ASN1_PRINTABLE); it is not folded
	case value.tag == tagUTF8String, value.tag == tagBMPString && len(value.body)%2 != 0:
		return a, errRefused // the canonical form fails (x_name.c, asn1_string_canon)
	default:
		return a, errDER
	}
	return a, nil
}

// stringText is a directory string's text in UTF-8; ok is false for other types and for what is no text.
func stringText(e element) (text string, ok bool) {
	switch e.tag {
	case tagUTF8String:
		return string(e.body), utf8.Valid(e.body)
	case tagPrintableString, tagIA5String, tagT61String:
		return wide(e.body, 1) // OpenSSL takes them all for Latin-1, whatever their alphabet is
	case tagBMPString:
		return wide(e.body, 2)
	case tagUniversalString:
		return wide(e.body, 4)
	}
	return "", false
}

// wide is text of characters of n octets each.
func wide(in []byte, n int) (string, bool) {
	if len(in)%n != 0 {
		return "", false
	}
	out := make([]byte, 0, len(in))
	for len(in) > 0 {
		var r rune
		for _, o := range in[:n] {
			r = r<<8 | rune(o)
		}
		if !utf8.ValidRune(r) {
			return "", false
		}
		out, in = utf8.AppendRune(out, r), in[n:]
	}
	return string(out), true
}

// folded is an attribute's canonical form: type, kind and value, each with its length.
func (a attribute) folded() string {
	kind, value := byte(tagUTF8String), a.value
	switch a.tag {
	case tagNumericString, tagBitString, tagSequence:
		kind = a.tag
	default:
		value = fold(value)
	}
	return sized(a.oid) + string([]byte{kind}) + sized(value)
}

// fold takes letter case and needless blanks from a text, in ASCII only.
func fold(s string) string {
	out := make([]byte, 0, len(s))
	for _, word := range strings.FieldsFunc(s, asciiSpace) {
		if len(out) > 0 {
			out = append(out, ' ')
		}
		for _, c := range []byte(word) {
			out = append(out, lower(c))
		}
	}
	return string(out)
}

func asciiSpace(r rune) bool { return r == ' ' || '\t' <= r && r <= '\r' }

// equal is RFC 5280's equality of names.
func (n dn) equal(o dn) bool { return n.canonical == o.canonical }

// within reports whether the name is in a directoryName subtree: its first relative names are the base's.
func (n dn) within(base dn) bool { return strings.HasPrefix(n.canonical, base.canonical) }

// values are an attribute's values, in the order of the name.
func (n dn) values(oid string) []string {
	var out []string
	for _, a := range n.entries {
		if a.oid == oid {
			out = append(out, a.value)
		}
	}
	return out
}

// shortNames are the attribute types in names of CAs, as OpenSSL abbreviates them (objects.txt).
var shortNames = map[string]string{
	oidCN: "CN", "\x55\x04\x04": "SN", "\x55\x04\x05": "serialNumber", "\x55\x04\x06": "C", "\x55\x04\x07": "L",
	"\x55\x04\x08": "ST", "\x55\x04\x09": "street", "\x55\x04\x0a": "O", "\x55\x04\x0b": "OU",
	"\x55\x04\x0c": "title", "\x55\x04\x0d": "description", "\x55\x04\x0f": "businessCategory",
	"\x55\x04\x11": "postalCode", "\x55\x04\x29": "name", "\x55\x04\x2a": "GN", "\x55\x04\x2b": "initials",
	"\x55\x04\x2e": "dnQualifier", "\x55\x04\x61": "organizationIdentifier",
	"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01": "UID", "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19": "DC",
	oidEmail: "emailAddress", "\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x01": "jurisdictionL",
	"\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x02": "jurisdictionST",
	"\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x03": "jurisdictionC",
}

// oneline is the name as Postfix logs it: X509_NAME_oneline's "/O=A/CN=B" up to the attribute that does not fit, with a
// plus sign between attributes of one relative name. In values those two signs have a backslash before them, and octets
// that are not visible ASCII are \xHH.
func (n dn) oneline() string {
	var out strings.Builder
	for i, a := range n.entries {
		label := shortNames[a.oid]
		if label == "" {
			label = dotted(a.oid)
		}
		sign := "/"
		if i > 0 && n.entries[i-1].rdn == a.rdn {
			sign = "+"
		}
		part := sign + label + "=" + visibleOctets(a.body)
		if out.Len()+len(part) > maxOneline {
			break
		}
		out.WriteString(part)
	}
	return out.String()
}

// visibleOctets is an attribute's value for oneline.
func visibleOctets(value []byte) string {
	var out strings.Builder
	for _, c := range value {
		switch {
		case c < ' ', c > '~':
			fmt.Fprintf(&out, `\x%02X`, c)
		case c == '/', c == '+':
			out.WriteByte('\\')
			fallthrough
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}

// objectID checks an OBJECT IDENTIFIER's value (X.690 8.19.2) and returns it as it stands: identifiers are compared as
// octets, and written in decimals only for people.
func objectID(body []byte) (string, error) {
	if len(body) == 0 || body[len(body)-1] >= 0x80 {
		return "", errDER
	}
	start := true
	for _, o := range body {
		if start && o == 0x80 {
			return "", errDER
		}
		start = o < 0x80
	}
	return string(body), nil
}

// dotted is an object identifier in decimals.
func dotted(oid string) string {
	var id x509.OID
	if err := id.UnmarshalBinary([]byte(oid)); err != nil {
		return fmt.Sprintf("%x", oid)
	}
	return id.String()
}

package pkix

import (
	"fmt"
	"net/netip"
)

// generalNames is a GeneralNames (RFC 5280 4.2.1.6) as it stands: OpenSSL reads no more into it.
type generalNames []generalName

// A generalName is one of them.
type generalName struct {
	kind byte   // the number of its context tag
	text string // the octets: of an address too, of other kinds their DER
	dir  *dn    // of a directory name
}

// Kinds of general names that constraints can be about.
const (
	kindEmail = 1
	kindDNS   = 2
	kindDir   = 4
	kindURI   = 6
	kindIP    = 7
)

// parseNames reads the elements of a GeneralNames.
func parseNames(list der) (generalNames, error) {
	var names generalNames
	err := list.each(func(e element) error {
		g, err := parseName(e)
		names = append(names, g)
		return err
	})
	return names, err
}

// parseName reads one GeneralName: text of any octets, addresses of any length.
func parseName(e element) (generalName, error) {
	g := generalName{kind: e.tag & 0x1f, text: string(e.body)}
	switch e.tag {
	case tagContext + kindEmail, tagContext + kindDNS, tagContext + kindURI, tagContext + kindIP, tagContext + 8:
		return g, nil
	case tagConstructed + 0, tagConstructed + 3, tagConstructed + 5: // otherName, x400Address, ediPartyName
		return g, nil
	case tagConstructed + kindDir:
		dir, err := parseDN(e.body)
		g.dir = &dir
		return g, err
	}
	return g, errDER
}

// texts are the names of a kind.
func (n generalNames) texts(kind byte) []string {
	var out []string
	for _, g := range n {
		if g.kind == kind {
			out = append(out, g.text)
		}
	}
	return out
}

// dir is the first directory name, nil without one.
func (n generalNames) dir() *dn {
	for _, g := range n {
		if g.dir != nil {
			return g.dir
		}
	}
	return nil
}

// String is the name in words.
func (g generalName) String() string {
	switch {
	case g.dir != nil:
		return g.dir.title()
	case g.kind == kindIP:
		if addr, ok := netip.AddrFromSlice([]byte(g.text)); ok {
			return addr.String()
		}
		return fmt.Sprintf("the address %x", g.text)
	}
	return g.text
}

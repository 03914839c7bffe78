package postfix

import (
	"net/netip"

	"mxtls/scanner/dane"
	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
)

// Destination is what a prediction needs to know of one next-hop.
type Destination struct {
	Target  name.Target // as asked for: a domain, domain:port, [host], [host]:port
	MX      *mx.Set     // where its mail goes
	Servers []Server    // in the order of the MX set: one for each address, and one for each host without any
}

// Server is one address of one mail host, and what was seen there. Nothing in it is changed.
type Server struct {
	Host       name.Name // as in the MX record; zero when that names an address
	Label      string    // how to print the host
	Preference uint16
	Addr       netip.AddrPort    // invalid when the host has no address
	NoAddress  mx.Reason         // why not
	Session    *starttls.Session // nil only when there is no address

	// Level0 and Level1 are pkix.Verifier.Postfix's verdicts on the server's chain, at the security levels of OpenSSL
	// that Postfix sets for may and encrypt (0) and where the certificate has to match (1), with the trust anchors
	// that the configuration names. Nil when no chain was seen.
	Level0, Level1 *pkix.Chain

	// DANE is what dane.Judge makes of the server, for the levels dane and dane-only; nil when no TLSA record was looked
	// up, and then they are Unknown. DANESession is the session with the TLSA base domain as SNI, which those levels
	// name; nil = Session, which names none, stands for it.
	DANE        *dane.Outcome
	DANESession *starttls.Session
}

// key is what Postfix looks up in smtp_tls_policy_maps for the destination.
func (d *Destination) key() string { return d.Target.String() }

// peer is the server as Postfix names it: "host[address]".
func (s *Server) peer() string { return s.Label + "[" + s.Addr.Addr().String() + "]" }

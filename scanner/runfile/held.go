package runfile

import (
	"fmt"
	"unsafe"

	"mxtls/scanner/starttls"
	"mxtls/scanner/verdict"
)

// maxHeld bounds what a file may make the reader hold at a time, in octets of its lines and of what they are made into.
// A Writer's files stay below 80 MiB as it counts, and below 200 whatever servers say, for instance in many empty lines;
// those of versions that kept more, below 300.
const maxHeld = 384 << 20

// What the reader takes beside the octets of a line for each of the items in it. Two octets of a line can be an item.
const (
	takesExchange    = int(unsafe.Sizeof(starttls.Exchange{}))
	takesServer      = int(unsafe.Sizeof(verdict.Server{}))
	takesText        = int(unsafe.Sizeof(""))
	takesTLSA        = 32
	takesCertificate = 128 // beside the DER
)

// heldSession is a session and the octets that it takes.
type heldSession struct {
	*starttls.Session
	octets int
}

// takes is how many octets a session takes beside those of its line.
func (r *sessionRecord) takes() int {
	texts := len(r.Before) + len(r.After)
	for i := range r.Dialogue {
		texts += len(r.Dialogue[i].Lines)
	}
	return held + len(r.Dialogue)*takesExchange + texts*takesText
}

// takes is how many octets hosts take beside those of their line, without servers.
func (h *hostsRecord) takes() int {
	texts, tlsa := len(h.MX.Aliases), 0
	for i := range h.MX.Hosts {
		host := &h.MX.Hosts[i]
		texts += len(host.Aliases)
		if host.TLSA != nil {
			texts += len(host.TLSA.Aliases)
			tlsa += len(host.TLSA.TLSA)
		}
	}
	return held + texts*takesText + tlsa*takesTLSA
}

// hold counts octets that the reader keeps.
func (r *Reader) hold(octets int) error {
	if r.held += octets; r.held > r.limit {
		return fmt.Errorf("there is more than %d MiB to keep in mind: no run is saved that way", r.limit>>20)
	}
	return nil
}

// keep keeps servers for the next domain with the same hosts, unless memory is short: they can be made again.
func (r *Reader) keep(h *hosts, servers []verdict.Server) {
	octets := len(servers) * takesServer
	if r.held+octets > r.limit/2 {
		return
	}
	h.servers, h.octets, r.held = servers, h.octets+octets, r.held+octets
}

// forget drops what no later line refers to.
func (r *Reader) forget(f *forgetRecord) {
	for _, number := range f.Hosts {
		if h, ok := r.hosts[number]; ok {
			r.held -= h.octets
		}
		delete(r.hosts, number)
	}
	for _, number := range f.Sessions {
		if ses, ok := r.sessions[number]; ok {
			r.held -= ses.octets
		}
		delete(r.sessions, number)
	}
	for _, ref := range f.Certificates {
		if der, ok := r.certificates[ref]; ok {
			r.held -= len(der) + takesCertificate
		}
		delete(r.certificates, ref)
	}
}

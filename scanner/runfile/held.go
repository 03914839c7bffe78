package runfile

import (
	"fmt"

	"mxtls/scanner/starttls"
)

// maxHeld bounds what a file may make the reader hold at a time, in octets of its lines. A Writer's files stay below 80
// MiB and what one domain adds to that; those of versions that kept more, below 104.
const maxHeld = 256 << 20

// heldSession is a session and the octets of its line.
type heldSession struct {
	*starttls.Session
	octets int
}

// hold counts octets that the reader keeps.
func (r *Reader) hold(octets int) error {
	if r.held += octets; r.held > r.limit {
		return fmt.Errorf("there is more than %d MiB to keep in mind: no run is saved that way", r.limit>>20)
	}
	return nil
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
		r.held -= len(r.certificates[ref])
		delete(r.certificates, ref)
	}
}

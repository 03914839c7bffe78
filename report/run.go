package report

import (
	"time"

	"mxtls/scanner/truth"
)

// Run is what a report's head says: who looked, when, with what.
type Run struct {
	Version    string // of the program
	Started    time.Time
	Roots      Roots
	Resolvers  []string    // host:port, in the order in which they are asked
	Validating truth.Truth // whether the resolver checks DNSSEC and is believed
	EHLO       string      // the name that we gave
	Port       uint16
	Limits     Limits
}

// Roots says which root bundle certificates were judged against.
type Roots struct {
	Source  string // "file", "directory" or "embedded"
	Path    string // of the file or directory; of the Go module where it is embedded
	Count   int    // certificates
	Expired int    // of them, at the start of the run
	Date    time.Time
	SHA256  string // of the bundle, lower-case hex
}

// Limits are the bounds that a run kept to.
type Limits struct {
	Concurrency int           // sessions at a time
	Rate        float64       // new connections a second; 0 = no limit
	PerProvider int           // sessions at a time for one registrable domain of mail hosts; 0 = no limit
	Timeout     time.Duration // for a stage
	HostTimeout time.Duration // for a session
	Families    []string      // "ipv4", "ipv6"
}

// Package runfile keeps the facts of a run in a file, so that it can be judged again without the network: as of another
// day, by other roots, at another security level.
//
// The file is JSON lines, plain or compressed by zstd (RFC 8878), which a reader tells by its first octets. Each line
// is an object with a "type":
//
//	run          first: who looked, when, from where and how; Head has the fields
//	certificate  DER in base64 and its SHA-256, before the first session that shows it
//	session      one SMTP session, numbered, before the first use of it; chains are lists of SHA-256
//	hosts        mail hosts and their servers' sessions by number, numbered, before the first domain that has them
//	domain       one item of the list, in the list's order, and its hosts by number; that it has no MTA-STS or TLSRPT
//	             record is a status and a trust: "no_mta_sts":"nodata insecure"
//	end          last: what only the end of a run knows; Tail has the fields, "results" says how many there are, and
//	             "crc32c" is a checksum over all lines before
//
// Each certificate, session and set of hosts stands there once and is referred to. So that neither side's memory grows with the
// run, a writer keeps only so much in mind: a line's "forget" lists what no later line refers to, and who comes up
// again later than that is written again.
//
// Lines are written whole and in order, so a file that was cut off by a crash holds all that was written before: a last
// line without its line feed does not count, and neither does a compressed tail that breaks off. A line that cannot be
// read is an error with its number, and the end of reading; so is one of another type, one for an item that was there
// before, and a last line that knows of more results than are there. Fields that a reader does not know are passed
// over; a file of a later SchemaVersion is refused.
package runfile

import (
	"errors"
	"fmt"
	"time"

	"mxtls/scanner"
	"mxtls/scanner/truth"
)

// SchemaVersion is the version of the file's form. Fields may be added within a version, types of lines may not.
const SchemaVersion = 1

// Head is what a run's first line says: what is known before the first result.
type Head struct {
	Version    string    // of the program that looked
	Started    time.Time // of the run
	At         time.Time // as of which it judged certificates
	Resolvers  []string  // host:port, in the order in which they were asked
	Validating truth.Truth
	EHLO       string
	Port       uint16 // of mail servers that name no other
	Limits     Limits
	Roots      Roots
	AsPostfix  bool   // the servers were asked in Postfix's words too (scanner.Options)
	Hello      string // whose words those are: a clienthello.Release
	MXOnly     bool   // mail hosts were looked up, and nobody was talked to
	Shard      string // the part of a list that several machines share: "2/4"; "" = all of it
}

// Limits are the bounds that the run kept to, as in scanner.Options; 0 is none for Rate and PerProvider.
type Limits struct {
	Concurrency int           `json:"concurrency"`
	Rate        float64       `json:"rate"`
	PerProvider int           `json:"per_provider"`
	Timeout     time.Duration `json:"timeout_ns"`
	HostTimeout time.Duration `json:"host_timeout_ns"`
	Families    []string      `json:"families"` // "ipv4", "ipv6"
}

// Roots is the root bundle by which the run judged, as pkix.Bundle has it. The roots themselves are not kept.
type Roots struct {
	Source string `json:"source"`
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// Tail is what a run's last line says.
type Tail struct {
	Duplicates int    `json:"duplicates"` // items of the list that were there before
	Sessions   int    `json:"sessions"`   // connections for SMTP made
	Partial    string `json:"partial"`    // why the run did not come to its end; "" when it did
}

// Saved is one result as it was written: facts alone. scanner.Judge fills the rest in.
type Saved struct {
	Group  string // the list that the item came from
	Result scanner.Result
}

// What a file may be, instead of a run's.
var (
	// ErrEmpty: there is nothing in it; a run that was killed before its first line leaves that.
	ErrEmpty = errors.New("there is nothing in it")
	// ErrForeign: the first line is not that of a run.
	ErrForeign = errors.New("it is no saved run")
	// ErrNewer: a later version of this program wrote it.
	ErrNewer = errors.New("a later version of mxtls saved it")
)

// Error is a line that cannot be read.
type Error struct {
	Line int // from 1
	Err  error
}

// Error is "line N: what is wrong".
func (e *Error) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap is what is wrong.
func (e *Error) Unwrap() error { return e.Err }

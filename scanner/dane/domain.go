package dane

import (
	"mxtls/scanner/internal/enum"
	"mxtls/scanner/mx"
	"mxtls/scanner/resolve"
)

// Level is what DANE does for a domain's mail as a whole. The weakest server that can be reached decides: an attacker
// need only keep mail from the others.
type Level uint8

// Levels.
const (
	LevelUnknown Level = iota // at least one server that decides was not judged
	Full                      // every server is authenticated, and the MX answer that names them is signed
	Half                      // every server is, and the MX answer is not: who forges it names servers of his own
	Partial                   // some are; mail to the others is not authenticated, and may go in plain text
	Degraded                  // every server has records, and some do not fit: mail goes to the others alone
	Failing                   // every server has records, and none fits: mail from senders that go by them waits
	TLSOnly                   // every server has records, and none can be used: encrypted, to whomever
	Absent                    // no server has records that count
)

var levelWords = enum.Words{
	"unknown", "full", "insecure_mx", "partial", "degraded", "failing", "tls_only", "none",
}

func (l Level) String() string               { return enum.String("dane level", levelWords, l) }
func (l Level) MarshalText() ([]byte, error) { return enum.Marshal("dane level", levelWords, l) }
func (l *Level) UnmarshalText(t []byte) error {
	return enum.Unmarshal("dane level", levelWords, l, t)
}

// Domain is the level that the statuses of a domain's reachable servers come to. A server at which it could not be told
// leaves the level unknown, unless the others decide whatever it is: with one that is authenticated and one that has no
// records it is Partial.
func Domain(set *mx.Set, servers []Status) Level {
	var count [Failed + 1]int // Failed is the last of them
	for _, s := range servers {
		count[s]++
	}
	open := count[None] + count[Insecure]
	held := count[Match] + count[Mismatch]
	unclear := count[StatusUnknown] + count[Failed]
	loose := count[Unusable]
	switch {
	case held > 0 && open+loose > 0, open > 0 && loose > 0:
		return Partial
	case unclear > 0 || len(servers) == 0:
		return LevelUnknown
	case open > 0:
		return Absent
	case loose > 0:
		return TLSOnly
	case count[Match] == 0:
		return Failing
	case count[Mismatch] > 0:
		return Degraded
	case set.Kind == mx.Implicit || set.Trust == resolve.Secure:
		return Full // the server's own name was signed, or it had no records
	case set.Trust == resolve.Insecure:
		return Half
	}
	return LevelUnknown
}

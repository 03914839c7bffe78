package verdict

import (
	"mxtls/scanner/internal/enum"
	"mxtls/scanner/mx"
	"mxtls/scanner/starttls"
)

// Class is what a domain comes to in one glyph.
type Class uint8

// Classes. Mail to a domain may go to any of its servers, so "fully" is said only when all were seen to encrypt, "not"
// only when all were seen not to, and "partly" when both were seen. Anything else could not be told. A server that
// only IPv6 leads to, on a machine without it, was not tested and is left out.
const (
	ClassUnknown Class = iota
	ClassFull
	ClassPartial
	ClassPlain
	ClassNull    // takes no mail, and says so (RFC 7505)
	ClassNone    // does not exist, or has no mail host
	ClassFailed  // its mail hosts could not be looked up
	ClassInvalid // the input is no mail domain
)

var classWords = enum.Words{"unknown", "full", "partial", "plaintext", "null", "none", "failed", "invalid"}

func (c Class) String() string               { return enum.String("class", classWords, c) }
func (c Class) MarshalText() ([]byte, error) { return enum.Marshal("class", classWords, c) }
func (c *Class) UnmarshalText(t []byte) error {
	return enum.Unmarshal("class", classWords, c, t)
}

// ClassOf is the class of a domain by the verdict on its facts.
func ClassOf(f *Facts, v *Verdict) Class {
	switch f.MX.Kind {
	case mx.Null:
		return ClassNull
	case mx.None:
		return ClassNone
	case mx.Failed:
		return ClassFailed
	case mx.Invalid:
		return ClassInvalid
	}
	c := Tested(f, v)
	switch {
	case c.Yes > 0 && c.No > 0:
		return ClassPartial
	case c.Unknown > 0 || c.Total() == 0:
		return ClassUnknown
	case c.Yes > 0:
		return ClassFull
	default:
		return ClassPlain
	}
}

// Tested are the counts of a domain's servers without those that this machine had no way to.
func Tested(f *Facts, v *Verdict) Counts {
	c := v.Encrypted
	for i := range f.Servers {
		if f.Servers[i].Untested() {
			c.Unknown--
		}
	}
	return c
}

// Untested reports whether the server was left out for want of IPv6 on our side.
func (s *Server) Untested() bool {
	return s.Session != nil && s.Session.Err != nil && s.Session.Err.Reason == starttls.NoIPv6
}

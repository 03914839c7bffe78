package dane

import (
	"context"
	"slices"
	"time"

	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
)

// Resolver is what a lookup needs of *resolve.Resolver; tests bring their own.
type Resolver interface {
	TLSA(ctx context.Context, n name.Name, port uint16) resolve.Answer
	Alias(ctx context.Context, n name.Name) resolve.Answer
}

// Records is what the DNS says of one host's TLSA records. The zero Records is "not looked up".
type Records struct {
	Found   bool        // there are records, and they are secure: all but Status, Reason and Err is about them
	Status  Status      // otherwise: None, Insecure, Failed or unknown
	Reason  Reason      // why
	Base    name.Name   // the TLSA base domain; zero without records
	Aliases []name.Name // of the TLSA records' own name
	TLSA    []resolve.TLSA
	Dropped int            // records beyond resolve's limits
	Expires time.Time      // when the first signature over them runs out; zero where that is not known
	Err     *resolve.Error // the lookup that failed
}

// Lookup finds the TLSA records of a mail host for a port (steps 1 and 2 of the package comment; src/tls/tls_dane.c
// tls_dane_resolve). What goes wrong is in Records; a ctx that ends leaves them unknown.
func Lookup(ctx context.Context, r Resolver, h *mx.Host, port uint16) Records {
	names, end := places(ctx, r, h)
	if end != nil {
		return *end
	}
	end = &Records{Status: None, Reason: NoRecord}
	for _, n := range names {
		a := r.TLSA(ctx, n, port)
		switch {
		case a.Status == resolve.Failed || a.Status == resolve.StatusUnknown:
			return failure(a)
		case a.Status != resolve.Found:
			continue
		case a.Trust == resolve.TrustUnknown:
			return Records{Reason: ResolverNotTrusted}
		case a.Trust != resolve.Secure:
			end = &Records{Status: Insecure, Reason: RecordInsecure, Aliases: a.Aliases}
			continue
		}
		return Records{Found: true, Base: n, Aliases: a.Aliases, TLSA: a.TLSA, Dropped: a.Dropped, Expires: a.Expires}
	}
	return *end
}

// places are the names at which the host's TLSA records may be, the better one first, or why there are none to ask for.
func places(ctx context.Context, r Resolver, h *mx.Host) ([]name.Name, *Records) {
	switch {
	case h.Literal.IsValid() || h.Name.IsZero():
		return nil, &Records{Status: None, Reason: NoHostName}
	case len(h.Addrs) == 0:
		return nil, &Records{Reason: NoAddress, Err: h.Err}
	}
	switch h.Trust {
	case resolve.Secure:
		if len(h.Aliases) > 0 {
			return []name.Name{h.Aliases[len(h.Aliases)-1], h.Name}, nil
		}
		return []name.Name{h.Name}, nil
	case resolve.Insecure:
		if len(h.Aliases) == 0 {
			return nil, &Records{Status: Insecure, Reason: AddressInsecure}
		}
		a := r.Alias(ctx, h.Name)
		switch {
		case a.Status == resolve.Failed || a.Status == resolve.StatusUnknown:
			end := failure(a)
			return nil, &end
		case a.Status != resolve.Found || a.Trust != resolve.Secure:
			return nil, &Records{Status: Insecure, Reason: AddressInsecure}
		}
		return []name.Name{h.Name}, nil
	case resolve.Bogus:
		return nil, &Records{Status: Failed, Reason: DNSSECInvalid, Err: h.Err}
	}
	return nil, &Records{Reason: ResolverNotTrusted}
}

// failure is what a lookup that failed means: mail waits, unless the failure is ours alone.
func failure(a resolve.Answer) Records {
	out := Records{Status: Failed, Reason: LookupFailed, Err: a.Err}
	switch {
	case a.Trust == resolve.Bogus:
		out.Reason = DNSSECInvalid
	case a.Err == nil, a.Err.Kind == resolve.Canceled, a.Err.Kind == resolve.Down:
		out.Status = StatusUnknown
	}
	return out
}

// Names are those besides the TLSA base domain that a certificate under usage 2 may have.
type Names struct {
	NextHop []name.Name // the mail domain as asked for, and the end of its alias chain; none without MX records
	Secure  bool        // the MX answer was
}

// NamesOf are the names for a target's servers. A host that is asked for by itself, or that is its domain's only one
// for want of MX records, goes by its own name alone.
func NamesOf(t name.Target, set *mx.Set) Names {
	if set.Kind != mx.Listed {
		return Names{}
	}
	n := Names{NextHop: []name.Name{t.Name}, Secure: set.Trust == resolve.Secure}
	if k := len(set.Aliases); k > 0 && !slices.Contains(n.NextHop, set.Aliases[k-1]) {
		n.NextHop = append(n.NextHop, set.Aliases[k-1])
	}
	return n
}

package mx

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/sync/errgroup"

	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
)

// Families says which addresses of a mail host are looked up.
type Families uint8

// Families. The zero value is both.
const (
	BothFamilies Families = iota
	IPv4Only
	IPv6Only
)

// Limits bound what one domain can cost. Zero stands for the default of each.
type Limits struct {
	Hosts    int // mail hosts looked at; 0 = 20
	Addrs    int // addresses kept of a host; 0 = 5
	Parallel int // hosts looked up at a time; 0 = 8
	Families Families
}

const (
	defaultHosts    = 20 // no domain that wants its mail has more; the largest providers publish 5
	defaultAddrs    = 5  // as Postfix's smtp_mx_address_limit
	defaultParallel = 8  // one wave for all but a few domains
)

func (l Limits) withDefaults() Limits {
	l.Hosts = cmp.Or(max(l.Hosts, 0), defaultHosts)
	l.Addrs = cmp.Or(max(l.Addrs, 0), defaultAddrs)
	l.Parallel = cmp.Or(max(l.Parallel, 0), defaultParallel)
	return l
}

// Resolver is what a lookup needs of *resolve.Resolver; tests bring their own.
type Resolver interface {
	MX(ctx context.Context, n name.Name) resolve.Answer
	Addrs(ctx context.Context, n name.Name, v6 bool) resolve.Answer
}

// Lookup finds the mail hosts of one target and their addresses. What goes wrong is in the Set; a ctx that ends is a
// Failed Set of reason LookupFailed, or that Reason at the hosts not looked up by then.
func Lookup(ctx context.Context, r Resolver, t name.Target, l Limits) Set {
	lookup := &lookup{r: r, limits: l.withDefaults()}
	switch {
	case t.Addr.IsValid():
		return Set{Kind: Implicit, Hosts: []Host{{Raw: t.Addr.String(), Literal: t.Addr, Addrs: []netip.Addr{t.Addr}}}}
	case t.Direct:
		return lookup.implicit(ctx, t.Name, NoSuchDomain)
	}
	answer := r.MX(ctx, t.Name)
	set := Set{Trust: answer.Trust, Aliases: answer.Aliases, Err: answer.Err}
	switch answer.Status {
	case resolve.Found:
		lookup.listed(ctx, &set, answer)
	case resolve.NoData:
		set = lookup.implicit(ctx, t.Name, NoMailHost)
		set.Trust, set.Aliases = answer.Trust, answer.Aliases
	case resolve.NXDomain:
		set.Kind, set.Reason = None, NoSuchDomain
		set.Detail = notThere(t.Name, answer.Aliases)
	default:
		set.Kind, set.Reason, set.Detail = Failed, failure(answer.Err), detail(answer.Err)
	}
	return set
}

// lookup is one Lookup's means.
type lookup struct {
	r      Resolver
	limits Limits
}

// implicit makes the name its own mail host. missing is what its nonexistence means: after a NODATA for MX it is only a
// contradiction between two answers, and the domain has no mail host in either case.
func (l *lookup) implicit(ctx context.Context, n name.Name, missing Reason) Set {
	h := Host{Name: n, Raw: n.String()}
	l.addresses(ctx, &h)
	set := Set{Kind: Implicit, Trust: h.Trust, Aliases: h.Aliases}
	switch h.Reason {
	case ReasonNone:
		set.Hosts = []Host{h}
	case HostNotFound:
		set.Kind, set.Reason, set.Detail = None, missing, notThere(n, h.Aliases)
	case HostNoAddress:
		set.Kind, set.Reason, set.Detail = None, NoMailHost, n.String()+" has neither MX records nor an address"
	default:
		set.Kind, set.Reason, set.Detail, set.Err = Failed, h.Reason, detail(h.Err), h.Err
	}
	return set
}

// listed takes the MX records of an answer.
func (l *lookup) listed(ctx context.Context, set *Set, answer resolve.Answer) {
	set.Dropped = answer.Dropped
	var others []string
	for _, record := range answer.MX {
		if record.Host != "." {
			others = append(others, record.Host)
		}
	}
	if len(others) < len(answer.MX) {
		set.Kind, set.Reason = Null, NullMX
		if len(others) > 0 || answer.Dropped > 0 {
			set.Reason, set.NullBeside = NullMXBesideOthers, true
			set.Detail = "a null MX beside " + enumerate(others, answer.Dropped)
		}
		return
	}
	set.Kind = Listed
	seen := make(map[string]bool)
	for _, record := range answer.MX {
		// A host listed twice is one host, at the preference at which it is first reached.
		if key := strings.ToLower(record.Host); !seen[key] {
			seen[key] = true
			set.Hosts = append(set.Hosts, newHost(record))
		}
	}
	if extra := len(set.Hosts) - l.limits.Hosts; extra > 0 {
		set.Hosts = set.Hosts[:l.limits.Hosts:l.limits.Hosts]
		set.Dropped += extra
	}
	var group errgroup.Group
	group.SetLimit(l.limits.Parallel)
	for i := range set.Hosts {
		group.Go(func() error {
			l.addresses(ctx, &set.Hosts[i])
			return nil
		})
	}
	_ = group.Wait() // no function returns an error: a host without an address is data
}

// newHost reads an MX record's target. What is neither a host name nor an address is kept as it stands.
func newHost(record resolve.MX) Host {
	h := Host{Preference: record.Preference, Raw: record.Host}
	if addr, err := netip.ParseAddr(record.Host); err == nil && addr.Zone() == "" {
		h.Literal = addr
		return h
	}
	var err error
	if h.Name, err = name.ParseHost(record.Host); err != nil {
		h.Reason = HostMalformed
	}
	return h
}

// enumerate names up to three hosts and counts the rest.
func enumerate(hosts []string, more int) string {
	const show = 3
	if len(hosts) > show {
		hosts, more = hosts[:show], more+len(hosts)-show
	}
	text := strings.Join(hosts, ", ")
	if more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// notThere is the evidence for a name that does not exist, or whose alias leads nowhere.
func notThere(n name.Name, aliases []name.Name) string {
	if len(aliases) == 0 {
		return n.String() + " does not exist"
	}
	return fmt.Sprintf("%s is an alias of %s, which does not exist", n, aliases[len(aliases)-1])
}

// failure is the reason of a lookup that failed.
func failure(err *resolve.Error) Reason { return cmp.Or(ReasonOf(err), LookupFailed) }

func detail(err *resolve.Error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

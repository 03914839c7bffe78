package mtasts

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
	"mxtls/scanner/starttls"
)

// Limits of a fetch. A policy has some 200 octets, its header 500, and a web server needs a second for it.
const (
	defaultTimeout = 60 * time.Second // for all of it, whatever progress there is (RFC 8461 3.3 suggests one minute)
	connectLimit   = 15 * time.Second // for one address: several have their turn within the minute
	maxAddrs       = 4                // tried, two of each family: a policy is served from one place, or from a network
	maxHeader      = 16 << 10         // octets; servers' own default is 8 KiB
	maxBody        = 64 << 10         // octets (RFC 8461 3.3)
	maxValue       = 256              // octets kept of a header's value
	maxOctets      = 512 << 10        // read in all: a chain of 256 KiB, as much as crypto/tls takes, and the answer
	policyPort     = 443
)

// Resolver is what a look needs of *resolve.Resolver; tests bring their own.
type Resolver interface {
	TXT(ctx context.Context, n name.Name) resolve.Answer
	Addrs(ctx context.Context, n name.Name, v6 bool) resolve.Answer
}

// A Client looks at domains. Its fields may not change meanwhile; methods may be called from many goroutines.
type Client struct {
	Resolver Resolver
	Dial     starttls.DialFunc // nil = starttls.Dialer(false), which refuses reserved addresses
	Port     uint16            // of the policy host; 0 = 443, any other is for laboratories
	Timeout  time.Duration     // for all of one fetch; 0 = 60 s

	// Forbidden is why an address of a host is not to be connected to; "" where it may be. nil forbids nothing.
	Forbidden func(host name.Name, addr netip.AddrPort) string

	UserAgent string // who we are and where to complain (a URL); "" = mxtls
}

// Facts are all that the network said of a domain's MTA-STS.
type Facts struct {
	Record resolve.Answer // TXT of _mta-sts.DOMAIN
	Fetch  *Fetch         // nil where Record says that there is nothing to fetch
}

// Fetch is one attempt to get a policy, whole or cut short. It is not changed after it was returned.
type Fetch struct {
	Host     name.Name // mta-sts.DOMAIN
	Started  time.Time
	Duration time.Duration
	Aliases  []name.Name    // the host's CNAME chain: that is how policies are hosted elsewhere
	Addr     netip.AddrPort // connected to, or the first one tried
	TLS      uint16         // version; 0 = no handshake
	Chain    [][]byte       // DER, as sent, leaf first

	// Of the answer; Code 0 = none came.
	Code     int
	Status   string // "404 Not Found"
	Type     string // Content-Type
	Encoding string // Content-Encoding
	Location string
	Body     []byte // of an answer with code 200 and without Encoding; at most 64 KiB

	Err *Error // why there is no answer, or not all of it; nil when there is
}

// Look looks a domain up: its record, and its policy where the record is good. It always returns complete Facts.
func (c *Client) Look(ctx context.Context, domain name.Name) *Facts {
	f := &Facts{}
	owner, err := name.ParseHost("_mta-sts." + domain.String())
	if err != nil {
		f.Record = resolve.Answer{Status: resolve.NXDomain} // no name of the DNS: nobody can have a record there
		return f
	}
	f.Record = c.Resolver.TXT(ctx, owner)
	if o := judgeRecord(f.Record); o.Status == StatusUnknown && o.Reason == ReasonNone {
		f.Fetch = c.Fetch(ctx, domain)
	}
	return f
}

// Fetch gets a domain's policy, whatever its record says. It always returns a complete Fetch, also when ctx ends (then
// at once, with Interrupted) or something in here panics (InternalError).
func (c *Client) Fetch(ctx context.Context, domain name.Name) (f *Fetch) {
	f = &Fetch{Started: time.Now()}
	defer func() {
		if v := recover(); v != nil {
			f.Err = &Error{InternalError, fmt.Sprintf("panic: %v", v), fmt.Errorf("panic: %v\n%s", v, debug.Stack())}
		}
		f.Duration = time.Since(f.Started)
	}()
	limit := cmp.Or(max(c.Timeout, 0), defaultTimeout)
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	f.Err = c.fetch(limited, f, domain)
	switch {
	case f.Err == nil:
	case ctx.Err() != nil:
		f.Err = &Error{Interrupted, "the run was stopped", context.Cause(ctx)}
	case limited.Err() != nil:
		f.Err = &Error{Timeout, fmt.Sprintf("no whole answer within %v", limit), f.Err}
	}
	return f
}

func (c *Client) fetch(ctx context.Context, f *Fetch, domain name.Name) *Error {
	var err error
	if f.Host, err = name.ParseHost("mta-sts." + domain.String()); err != nil {
		return &Error{NameTooLong, "mta-sts." + domain.String() + " is longer than a name can be", err}
	}
	addrs, failure := c.addresses(ctx, f)
	if failure != nil {
		return failure
	}
	tcp, failure := c.connect(ctx, f, addrs)
	if failure != nil {
		return failure
	}
	defer tcp.Close()
	// The context closes the connection: nothing that a server does or leaves can outlast it.
	defer context.AfterFunc(ctx, func() { tcp.Close() })()
	conn := tls.Client(&bounded{tcp, maxOctets}, config(f.Host))
	if err := conn.HandshakeContext(ctx); err != nil {
		return handshakeError(err)
	}
	state := conn.ConnectionState()
	f.TLS = state.Version
	for _, cert := range state.PeerCertificates {
		f.Chain = append(f.Chain, cert.Raw)
	}
	return c.get(ctx, f, conn)
}

// config is for one host.
//
// InsecureSkipVerify: a fetch only writes down what the host showed and said. Whether the chain holds is judged from
// the facts, as in Judge, with roots and a time that are the run's and not this machine's. Nothing secret is sent, and
// a policy from a host that is not authenticated is never taken for one.
func config(host name.Name) *tls.Config {
	return &tls.Config{
		InsecureSkipVerify:     true,
		ServerName:             host.String(),
		MinVersion:             tls.VersionTLS12,
		NextProtos:             []string{"http/1.1"},
		SessionTicketsDisabled: true, // a resumed session shows no certificate
	}
}

// bounded ends a connection that brings more octets than it may: an answer within its limits can come in a thousand
// times as many, in chunks and records of one octet each.
type bounded struct {
	net.Conn
	left int
}

var errFlood = fmt.Errorf("more than %d octets came in", maxOctets)

func (c *bounded) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errFlood
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

func handshakeError(err error) *Error {
	reason, text := starttls.HandshakeFailure(err)
	if reason == starttls.TLSCertificate {
		return &Error{CertificateMalformed, text, err}
	}
	return &Error{TLSFailed, text, err}
}

// addresses looks the policy host up, IPv4 before IPv6.
func (c *Client) addresses(ctx context.Context, f *Fetch) ([]netip.Addr, *Error) {
	v6 := make(chan resolve.Answer, 1)
	go func() { v6 <- c.Resolver.Addrs(ctx, f.Host, true) }()
	answers := []resolve.Answer{c.Resolver.Addrs(ctx, f.Host, false), <-v6}
	var (
		found   []netip.Addr
		failure *Error
		missing int
	)
	for _, a := range answers {
		if len(a.Aliases) > len(f.Aliases) {
			f.Aliases = a.Aliases
		}
		switch a.Status {
		case resolve.Found:
			found = append(found, a.Addrs[:min(len(a.Addrs), maxAddrs/len(answers))]...)
		case resolve.NXDomain:
			missing++
		case resolve.NoData:
		default:
			failure = lookupError(f.Host, a.Err)
		}
	}
	switch {
	case len(found) > 0:
		return found, nil
	case failure != nil:
		return nil, failure // a family that could not be told may have the address
	case missing == len(answers):
		return nil, &Error{HostNotFound, f.Host.String() + " does not exist", nil}
	}
	return nil, &Error{HostNoAddress, f.Host.String() + " has no address", nil}
}

func lookupError(host name.Name, err *resolve.Error) *Error {
	switch {
	case err == nil:
		return &Error{HostLookup, "no answer about the addresses of " + host.String(), nil}
	case err.Kind == resolve.Down || err.Kind == resolve.Canceled:
		return &Error{NotTested, err.Error(), err}
	}
	return &Error{HostLookup, err.Error(), err}
}

// connect tries the addresses in order, each for a part of the time. When none takes the connection, the first error
// is kept that says something of the host.
func (c *Client) connect(ctx context.Context, f *Fetch, addrs []netip.Addr) (net.Conn, *Error) {
	dial := c.Dial
	if dial == nil {
		dial = defaultDial
	}
	var failure *Error
	for _, addr := range addrs {
		place := netip.AddrPortFrom(addr, cmp.Or(c.Port, policyPort))
		if why := c.forbidden(f, place); why != "" {
			if failure == nil {
				failure = &Error{NotTested, why, nil}
			}
			continue
		}
		limited, cancel := context.WithTimeout(ctx, connectLimit)
		conn, err := dial(limited, "tcp", place.String())
		cancel()
		if err == nil {
			f.Addr = place
			return conn, nil
		}
		if failure == nil || failure.Fault.Ours() {
			f.Addr, failure = place, connectError(err, addr)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failure
}

// forbidden asks for the policy host and for each name that it is an alias of.
func (c *Client) forbidden(f *Fetch, place netip.AddrPort) string {
	if c.Forbidden == nil {
		return ""
	}
	for _, host := range append([]name.Name{f.Host}, f.Aliases...) {
		if why := c.Forbidden(host, place); why != "" {
			return why
		}
	}
	return ""
}

var defaultDial = starttls.Dialer(false)

// capped is a header's value, cut.
func capped(s string) string { return strings.Clone(s[:min(len(s), maxValue)]) }

// URL is where the policy is (RFC 8461 3.3).
func (f *Fetch) URL() string { return "https://" + f.Host.String() + path }

const path = "/.well-known/mta-sts.txt"

package scanner

import (
	"time"

	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/postfix"
	"mxtls/scanner/resolve"
	"mxtls/scanner/starttls"
)

// Defaults, each with its reason.
const (
	defaultPort        = 25
	defaultConcurrency = 200               // a tarpit costs memory, not time: many in flight rather than few
	defaultRate        = 100               // sessions a second: a busy relay's rate, nothing that an alarm rings for
	defaultPerProvider = 4                 // big providers answer 421 to more from one address
	defaultTimeout     = 30 * time.Second  // a stage; postscreen and greylisting daemons pause up to 25 s
	defaultHostTimeout = 120 * time.Second // a session: shorter than RFC 5321 4.5.3.2's minutes, since no mail is at stake
	fetchesAtOnce      = 32                // of policies: each is from another domain, but not from another machine
	grace              = 3 * time.Second   // for what is under way when a run is stopped: the whole stop stays well below 5 s
)

// Options says how to scan. The zero value is a polite scan of the open Internet with this machine's resolver and
// root bundle; each field says what its zero means.
type Options struct {
	Resolvers   []string      // host or host:port, asked in turn; none = those of /etc/resolv.conf
	TrustAD     bool          // believe the AD bit of a resolver that is not on loopback
	Roots       *pkix.Bundle  // nil = the operating system's, else the embedded one
	At          time.Time     // the time at which certificates are judged; zero = when New was called
	EHLO        string        // the name that we give; "" = localhost, which a polite caller replaces by its FQDN
	Port        uint16        // 0 = 25
	Families    mx.Families   // zero = IPv4 and IPv6
	Concurrency int           // sessions in flight; 0 = 200
	Rate        float64       // new connections a second over all; 0 = 100, negative = no limit
	PerProvider int           // sessions in flight for one registrable domain of MX hosts; 0 = 4, negative = no limit
	Timeout     time.Duration // for one stage of a session; 0 = 30 s
	HostTimeout time.Duration // for a whole session; 0 = 120 s
	RetryAfter  time.Duration // before the one second try after a temporary refusal; 0 = no second try

	MXOnly    bool     // look mail hosts up and talk to none of them
	Without   Policies // what domains publish for senders to rely on, and this run does not ask for
	HTTPSPort uint16   // where MTA-STS policies are; 0 = 443, any other is for laboratories
	UserAgent string   // who we are, for those who serve policies, best with a URL; "" = mxtls

	AsPostfix     bool                 // ask more where a Postfix client's way may differ from ours: see Destination
	Postfix       postfix.Version      // the client's release; zero = 3.7
	OpenSSL       postfix.Version      // that of its OpenSSL; zero = 3.0
	AllowReserved bool                 // dial loopback, private and other special-purpose addresses too
	OptOut        *OptOut              // whom to leave alone; nil = nobody
	Legacy        func(name.Name) bool // domains of the past: that one of them is gone is no error; nil = none
	Dial          starttls.DialFunc    // to mail servers and policy hosts; nil = TCP, with reserved addresses refused at the socket
	DialDNS       resolve.DialFunc     // "udp" and "tcp" to resolvers; nil = sockets with random ports
}

// Policies are what a domain may publish about TLS on the way to it.
type Policies struct {
	DANE   bool // TLSA records (RFC 7672)
	MTASTS bool // RFC 8461
	TLSRPT bool // RFC 8460
}

// withDefaults fills the zero values in.
func (o Options) withDefaults() Options {
	if o.At.IsZero() {
		o.At = time.Now()
	}
	o.At = o.At.UTC().Truncate(time.Second)
	if o.EHLO == "" {
		o.EHLO = "localhost"
	}
	setDefault(&o.Port, defaultPort)
	if o.Concurrency <= 0 {
		o.Concurrency = defaultConcurrency
	}
	setDefault(&o.Rate, defaultRate)
	setDefault(&o.PerProvider, defaultPerProvider)
	setDefault(&o.Timeout, defaultTimeout)
	setDefault(&o.HostTimeout, defaultHostTimeout)
	return o
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// dial is how mail servers and policy hosts are reached.
func (o *Options) dial() starttls.DialFunc {
	if o.Dial == nil {
		return starttls.Dialer(o.AllowReserved)
	}
	return o.Dial
}

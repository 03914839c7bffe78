package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mxtls/scanner"
	"mxtls/scanner/list"
	"mxtls/scanner/mx"
	"mxtls/scanner/pkix"
	"mxtls/scanner/postfix"
)

// bulkRun is how many domains make a run one that its targets may want to ask us about (see --ehlo).
const bulkRun = 10

// defaultControls are providers that certainly run mail servers with STARTTLS. They are asked only when the first
// domains of a run all fail in the way that a blocked port 25 would make them fail.
var defaultControls = []string{"gmail.com", "outlook.com", "yahoo.com"}

// scanFlags are the flags of scan that say whom to look at and how.
type scanFlags struct {
	sources     sourceFlags
	output      outputFlags
	listPresets bool
	rootFlags

	resolvers     []string
	trustAD       bool
	ehlo          string
	port          uint16
	only4, only6  bool
	concurrency   int
	rate          float64
	perProvider   int
	timeout       time.Duration
	hostTimeout   time.Duration
	retryAfter    time.Duration
	allowReserved bool
	optOut        string
	noVantage     bool
	controls      []string

	without   string
	httpsPort uint16
	contact   string

	save   string // keep the facts in this file
	from   string // judge those of this file
	resume string // go on with the run in this file

	mxOnly     bool
	shard      shard
	byProvider string // the run that the shards are made by

	saved *savedRun // the run of from, once it is open

	trust  *pkix.Bundle    // set by plan: Postfix's own trust anchors, in place of those that the flags name
	client *postfix.Config // set by plan too: the Postfix in question
}

func (f *scanFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.SortFlags = false
	f.sources.register(cmd)
	fl.BoolVar(&f.listPresets, "list-presets", false, "print the presets and their domains, and stop")
	f.registerFile(cmd)
	fl.BoolVar(&f.mxOnly, "mx-only", false, "look mail hosts up, and talk to none of them")
	fl.Var(&f.shard, "shard", "look at the `I/N`th part of the list alone: N machines, one file each, then mxtls merge")
	fl.StringVar(&f.byProvider, "by-provider", "",
		"split by provider, after this `FILE` that --mx-only --save wrote: each is asked\nfrom one machine alone")
	fl.StringVar(&f.resume, "resume", "", "go on with the run in this `FILE` that was cut off: nothing in it is asked again")
	f.output.register(cmd)
	f.registerLook(cmd)
}

// registerFile adds the flags for runs in files.
func (f *scanFlags) registerFile(cmd *cobra.Command) {
	f.registerSave(cmd)
	cmd.Flags().StringVar(&f.from, "from", "", "look at nobody: judge the facts in this `FILE` again; - is stdin")
}

func (f *scanFlags) registerSave(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.save, "save", "", "keep the facts in this new `FILE`, compressed if it ends in .zst")
}

// registerLook adds the flags that say how to look, by whose roots, and how politely.
func (f *scanFlags) registerLook(cmd *cobra.Command) {
	fl := cmd.Flags()
	f.registerRoots(cmd)
	f.registerTime(cmd)
	fl.StringArrayVar(&f.resolvers, "resolver", nil, "ask this DNS resolver (`HOST[:PORT]`); repeatable (default: /etc/resolv.conf)")
	fl.BoolVar(&f.trustAD, "trust-ad", false, "believe that resolver's DNSSEC verdicts though it is not on loopback")
	fl.StringVar(&f.ehlo, "ehlo", "", "the `NAME` to greet with (default: this machine's FQDN)")
	fl.Uint16Var(&f.port, "port", 25, "the `PORT` of mail servers")
	fl.BoolVarP(&f.only4, "ipv4", "4", false, "IPv4 addresses only")
	fl.BoolVarP(&f.only6, "ipv6", "6", false, "IPv6 addresses only")

	fl.StringVar(&f.without, "without", "", "do not ask for these (`LIST` with commas): dane, mta-sts, tlsrpt")
	fl.Uint16Var(&f.httpsPort, "https-port", 443, "the `PORT` of the hosts that serve MTA-STS policies")
	fl.StringVar(&f.contact, "contact", "", "a `URL` for those who serve policies and wonder who asks")

	fl.IntVar(&f.concurrency, "concurrency", 200, "sessions in flight, at most `N`")
	fl.Float64Var(&f.rate, "rate", 100, "new connections a second, at most `N`; 0 = no limit")
	fl.IntVar(&f.perProvider, "per-provider", 4, "sessions in flight with one provider, at most `N`; 0 = no limit")
	fl.DurationVar(&f.timeout, "timeout", 30*time.Second, "limit for each stage of a session, a `DURATION` such as 30s")
	fl.DurationVar(&f.hostTimeout, "host-timeout", 2*time.Minute, "limit for a whole session, a `DURATION`")
	fl.DurationVar(&f.retryAfter, "retry-after", 0,
		"try a server that said \"later\" (421, 4xx) once more after this `DURATION`;\n15m is polite, 0 leaves it to the next run")
	fl.StringVar(&f.optOut, "opt-out", "", "leave alone the domains, hosts and networks in this `FILE`")
	fl.BoolVar(&f.allowReserved, "allow-reserved", false, "connect to loopback, private and reserved addresses too")
	fl.BoolVar(&f.noVantage, "no-vantage-check", false, "do not check whether this machine can see the Internet's mail servers")
	fl.StringArrayVar(&f.controls, "vantage-host", defaultControls,
		"a `DOMAIN` that certainly offers STARTTLS, looked at only when the first domains\nall fail; repeatable")
}

// options checks the flags that make the scanner and turns them into its Options.
func (f *scanFlags) options() (scanner.Options, error) {
	o := scanner.Options{
		Resolvers: f.resolvers, TrustAD: f.trustAD, EHLO: f.ehlo, Port: f.port,
		Legacy:      list.Legacy,
		Concurrency: f.concurrency, Rate: f.rate, PerProvider: f.perProvider,
		Timeout: f.timeout, HostTimeout: f.hostTimeout, RetryAfter: f.retryAfter, AllowReserved: f.allowReserved,
		HTTPSPort: f.httpsPort, UserAgent: f.userAgent(), MXOnly: f.mxOnly,
	}
	if err := f.check(); err != nil {
		return o, err
	}
	var err error
	if o.Without, err = parseWithout(f.without); err != nil {
		return o, err
	}
	if o.Rate == 0 {
		o.Rate = -1
	}
	if o.PerProvider == 0 {
		o.PerProvider = -1
	}
	if o.EHLO == "" {
		o.EHLO = ehloName()
	}
	switch {
	case f.only4 && !f.only6:
		o.Families = mx.IPv4Only
	case f.only6 && !f.only4:
		o.Families = mx.IPv6Only
	}
	if o.At, err = parseTime(f.at); err != nil {
		return o, err
	}
	if f.trust != nil {
		o.Roots, o.AsPostfix, o.Postfix, o.OpenSSL = f.trust, true, f.client.Postfix, f.client.OpenSSL
	} else if o.Roots, err = f.roots(); err != nil {
		return o, err
	}
	if f.optOut != "" {
		if o.OptOut, err = readOptOut(f.optOut); err != nil {
			return o, err
		}
	}
	return o, nil
}

// check refuses values that cannot be meant.
func (f *scanFlags) check() error {
	for _, c := range []struct {
		bad  bool
		text string
	}{
		{f.concurrency < 1, "--concurrency must be at least 1"},
		{f.rate < 0, "--rate must not be negative (0 = no limit)"},
		{f.perProvider < 0, "--per-provider must not be negative (0 = no limit)"},
		{f.timeout <= 0, "--timeout must be above 0"},
		{f.hostTimeout <= 0, "--host-timeout must be above 0"},
		{f.retryAfter < 0, "--retry-after must not be negative"},
		{f.port == 0, "--port must be 1 to 65535"},
		{f.httpsPort == 0, "--https-port must be 1 to 65535"},
		{strings.ContainsFunc(f.contact, func(r rune) bool { return r <= ' ' || r > '~' }), "--contact must be a URL"},
		{strings.ContainsFunc(f.ehlo, notEHLO), "--ehlo must be a host name or an address literal such as [192.0.2.1]"},
	} {
		if c.bad {
			return fmt.Errorf("%s", c.text)
		}
	}
	return nil
}

// parseWithout reads the comma list of --without.
func parseWithout(text string) (p scanner.Policies, err error) {
	for word := range strings.SplitSeq(text, ",") {
		switch strings.TrimSpace(word) {
		case "":
		case "dane":
			p.DANE = true
		case "mta-sts":
			p.MTASTS = true
		case "tlsrpt":
			p.TLSRPT = true
		default:
			return p, fmt.Errorf("--without %q is none of dane, mta-sts, tlsrpt", strings.TrimSpace(word))
		}
	}
	return p, nil
}

// userAgent says to web servers who asks (RFC 9110 10.1.5).
func (f *scanFlags) userAgent() string {
	agent := "mxtls/" + version()
	if f.contact != "" {
		agent += " (+" + f.contact + ")"
	}
	return agent
}

// notEHLO reports whether r cannot stand in an EHLO name (RFC 5321 4.1.2, with the underscore that hosts have).
func notEHLO(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-._[]:", r))
}

// parseTime reads --at; "" is the zero time.
func parseTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("--at %q is no time: write 2026-11-23 or 2026-11-23T10:29:00Z", text)
}

// roots are those that the flags name, else those of the run that is judged again.
func (f *scanFlags) roots() (*pkix.Bundle, error) {
	if !f.given() && f.saved != nil {
		return f.saved.bundle()
	}
	return f.load()
}

// named puts the flag before what was wrong with its file.
func named(flag string) func(*pkix.Bundle, error) (*pkix.Bundle, error) {
	return func(b *pkix.Bundle, err error) (*pkix.Bundle, error) {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
		return b, nil
	}
}

func nonEmpty(texts ...string) (n int) {
	for _, t := range texts {
		if t != "" {
			n++
		}
	}
	return n
}

func readOptOut(path string) (*scanner.OptOut, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--opt-out: %w", err)
	}
	defer file.Close()
	o, err := scanner.ParseOptOut(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return o, nil
}

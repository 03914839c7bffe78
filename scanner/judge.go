package scanner

import (
	"net/netip"
	"time"

	"mxtls/scanner/dane"
	"mxtls/scanner/mtasts"
	"mxtls/scanner/mx"
	"mxtls/scanner/pkix"
	"mxtls/scanner/postfix"
	"mxtls/scanner/starttls"
	"mxtls/scanner/tlsrpt"
	"mxtls/scanner/truth"
	"mxtls/scanner/verdict"
)

// Judge turns facts into verdicts, by one root bundle and as of one time, and asks nobody. A Scanner has one for its
// own results; another judges a saved run again. It may be used from several goroutines.
type Judge struct {
	// Validating is whether the resolver checks DNSSEC, as CheckResolver found. Where it does not, nothing is known of
	// DANE. It is set before anything is judged.
	Validating truth.Truth

	at       time.Time
	verifier *pkix.Verifier
}

// NewJudge makes a Judge by roots and as of a time.
func NewJudge(roots *pkix.Bundle, at time.Time) *Judge {
	return &Judge{at: at, verifier: pkix.NewVerifier(roots, at)}
}

// SetOpenSSL says whose OpenSSL it is that Destination speaks for; without, it is 3.0. It is for before the judging.
func (j *Judge) SetOpenSSL(release postfix.Version) { j.verifier.Seconds = release.AtLeast(3, 3) }

// At is the time as of which certificates are judged.
func (j *Judge) At() time.Time { return j.at }

// Judge sets all in r that rests on judgement: Via, the verdicts on its servers' chains, and Verdict. A panic of ours
// becomes the result's Defect.
func (j *Judge) Judge(r *Result) {
	defer r.rescue()
	switch {
	case r.Invalid != nil:
		r.Verdict = verdict.Invalid(r.Invalid)
		return
	case r.Defect != "":
		r.Verdict = verdict.Defect(r.Defect)
		return
	}
	r.Via = provider(&r.Facts.MX)
	for i := range r.Facts.Servers {
		server := &r.Facts.Servers[i]
		j.chain(server)
		j.dane(server, r)
	}
	j.texts(&r.Facts)
	r.Facts.DANE = dane.Domain(&r.Facts.MX, statuses(r.Facts.Servers))
	r.Verdict = verdict.Judge(&r.Facts, j.at)
}

// chain adds what the roots and the names say of the server's certificate.
func (j *Judge) chain(server *verdict.Server) {
	chain, ok := completed(server.Session)
	if !ok {
		return
	}
	server.Chain = j.verifier.Verify(chain)
	if len(chain) == 0 || !server.Chain.Readable() {
		return // no names can be read, so whether they match cannot be told
	}
	if server.Host.IsZero() {
		server.MatchedBy, ok = server.Chain.MatchAddr(server.Addr.Addr())
	} else {
		server.MatchedBy, ok = server.Chain.MatchHost(server.Host)
	}
	server.NameMatch = truth.Of(ok)
}

// dane is what the certificates that a server shows to who asks by its TLSA base domain come to: the worse one decides,
// since the server chooses.
func (j *Judge) dane(server *verdict.Server, r *Result) {
	if server.TLSA.Found {
		shown, _ := completed(server.Named)
		chains := [][][]byte{shown}
		if other, ok := completed(server.OtherKey); ok {
			chains = append(chains, other)
		}
		server.Shown = dane.Each(server.TLSA, chains, dane.NamesOf(r.Target, &r.Facts.MX), j.at)
		server.DANE = dane.Worst(server.Shown)
	} else {
		server.DANE = dane.Judge(server.TLSA, nil, dane.Names{}, j.at)
	}
	if server.DANE.Status == dane.Insecure && j.Validating == truth.No {
		server.DANE = dane.Outcome{Reason: dane.ResolverNotTrusted, By: -1, Text: "the resolver does not validate: DANE is not judged"}
	}
}

// statuses are those of the servers that can be reached, or of all where none can; a server without TLS that has usable
// records is as good as one whose certificate does not fit.
func statuses(servers []verdict.Server) []dane.Status {
	var reached, all []dane.Status
	for i := range servers {
		ses, status := servers[i].Session, servers[i].DANE.Status
		if ses == nil {
			continue
		}
		all = append(all, status)
		if ses.Stage < starttls.Connected {
			continue
		}
		if servers[i].DANE.Reason == dane.NoCertificate && ses.Stage >= starttls.EHLO {
			status = dane.Mismatch
		}
		reached = append(reached, status)
	}
	if len(reached) == 0 {
		return all
	}
	return reached
}

// texts judges what the domain publishes in its own name, and its servers by that.
func (j *Judge) texts(f *verdict.Facts) {
	if f.TLSRPT != nil {
		f.Reports = tlsrpt.Judge(f.Domain, *f.TLSRPT)
	}
	if f.STS == nil {
		return
	}
	f.Policy = mtasts.Judge(f.STS, j.verifier)
	if !f.Policy.InForce() {
		return
	}
	live := make([]mtasts.Server, len(f.Servers))
	for i := range f.Servers {
		live[i] = j.underPolicy(&f.Servers[i])
	}
	fits, _ := f.Policy.Fit(live)
	for i := range fits {
		f.Servers[i].Fit = &fits[i]
	}
}

// underPolicy is a server as a sender with MTA-STS meets it.
func (j *Judge) underPolicy(server *verdict.Server) mtasts.Server {
	live := mtasts.Server{Host: server.Host}
	if chain, ok := completed(server.STS); ok {
		live.TLS, live.Chain = truth.Yes, j.verifier.WebPKI(chain)
	} else if ses := server.Session; ses != nil && ses.Stage >= starttls.EHLO && !ses.Offered {
		live.TLS = truth.No
	}
	return live
}

// completed is the chain of a session with TLS: of the handshake, or of one that Postfix would have completed in its
// place. It is empty where the server is anonymous.
func completed(ses *starttls.Session) (chain [][]byte, ok bool) {
	switch {
	case ses == nil:
		return nil, false
	case ses.TLS != nil:
		return ses.TLS.Chain, true
	case ses.Raw != nil && ses.Raw.Complete && (len(ses.Raw.Chain) > 0 || ses.Raw.Anonymous()):
		return ses.Raw.Chain, true
	}
	return nil, false
}

// Servers are the addresses of a domain's mail hosts in mail's order, as yet without sessions: a server for each
// address, and one without for a host that has none.
func Servers(set *mx.Set, port uint16) []verdict.Server {
	servers := make([]verdict.Server, 0, len(set.Hosts))
	for i := range set.Hosts {
		h := &set.Hosts[i]
		server := verdict.Server{Host: h.Name, Label: h.Raw, Preference: h.Preference, NoAddress: h.Reason}
		for _, addr := range h.Addrs {
			server.Addr = netip.AddrPortFrom(addr, port)
			servers = append(servers, server)
		}
		if len(h.Addrs) == 0 {
			servers = append(servers, server)
		}
	}
	return servers
}

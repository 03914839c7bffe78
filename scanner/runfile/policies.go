package runfile

import (
	"mxtls/scanner/dane"
	"mxtls/scanner/mtasts"
	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
	"mxtls/scanner/verdict"
)

// What domains publish for senders to rely on.

func tlsaOf(r *dane.Records) *tlsaRecords {
	t := &tlsaRecords{
		Found: r.Found, Status: r.Status, Reason: r.Reason, Base: r.Base, Aliases: r.Aliases, Dropped: r.Dropped,
		Expires: r.Expires.UTC(), Err: lookupErrOf(r.Err),
	}
	for _, record := range r.TLSA {
		t.TLSA = append(t.TLSA, tlsaRecord(record))
	}
	return t
}

func (t *tlsaRecords) records() dane.Records {
	r := dane.Records{
		Found: t.Found, Status: t.Status, Reason: t.Reason, Base: t.Base, Aliases: t.Aliases, Dropped: t.Dropped,
		Expires: t.Expires, Err: t.Err.err(),
	}
	for _, record := range t.TLSA {
		r.TLSA = append(r.TLSA, resolve.TLSA(record))
	}
	return r
}

func misplacedOf(all []verdict.Misplaced) (out []misplacedRecord) {
	for _, m := range all {
		out = append(out, misplacedRecord{m.Host, m.At.Host, m.At.Port, m.At.Note})
	}
	return out
}

func misplaced(all []misplacedRecord) (out []verdict.Misplaced) {
	for _, m := range all {
		out = append(out, verdict.Misplaced{Host: m.Host, At: dane.Place{Host: m.At, Port: m.Port, Note: m.Note}})
	}
	return out
}

func textsOf(a *resolve.Answer) *textsRecord {
	if a == nil {
		return nil
	}
	return &textsRecord{
		Status: a.Status, Trust: a.Trust, Aliases: a.Aliases, TXT: texts(a.TXT), Dropped: a.Dropped, TTL: a.TTL,
		Expires: a.Expires.UTC(), Err: lookupErrOf(a.Err),
	}
}

func (t *textsRecord) answer() *resolve.Answer {
	if t == nil {
		return nil
	}
	return &resolve.Answer{
		Status: t.Status, Trust: t.Trust, Aliases: t.Aliases, TXT: stringsOf(t.TXT), Dropped: t.Dropped, TTL: t.TTL,
		Expires: t.Expires, Err: t.Err.err(),
	}
}

// stsOf is what is known of a domain's MTA-STS; refer gives the policy host's certificates their references.
func stsOf(f *mtasts.Facts, refer func([][]byte) []string) *stsRecord {
	if f == nil {
		return nil
	}
	s := &stsRecord{Record: *textsOf(&f.Record)}
	if p := f.Fetch; p != nil {
		s.Fetch = &fetchRecord{
			Host: p.Host, Started: p.Started.UTC(), Duration: p.Duration, Aliases: p.Aliases, Addr: p.Addr, TLS: p.TLS,
			Chain: refer(p.Chain), Code: p.Code, Status: text(p.Status), Type: text(p.Type), Encoding: text(p.Encoding),
			Location: text(p.Location), Body: text(p.Body),
		}
		if p.Err != nil {
			s.Fetch.Err = &fetchErrRecord{p.Err.Fault, text(p.Err.Text)}
		}
	}
	return s
}

func (s *stsRecord) facts(chain func([]string) ([][]byte, error)) (*mtasts.Facts, error) {
	f := &mtasts.Facts{Record: *s.Record.answer()}
	p := s.Fetch
	if p == nil {
		return f, nil
	}
	sent, err := chain(p.Chain)
	f.Fetch = &mtasts.Fetch{
		Host: p.Host, Started: p.Started, Duration: p.Duration, Aliases: p.Aliases, Addr: p.Addr, TLS: p.TLS, Chain: sent,
		Code: p.Code, Status: string(p.Status), Type: string(p.Type), Encoding: string(p.Encoding),
		Location: string(p.Location),
	}
	if p.Body != "" {
		f.Fetch.Body = []byte(p.Body)
	}
	if p.Err != nil {
		f.Fetch.Err = &mtasts.Error{Fault: p.Err.Fault, Text: string(p.Err.Text)}
	}
	return f, err
}

// tlsaByHost are the TLSA records of a domain's hosts.
func tlsaByHost(servers []verdict.Server) map[name.Name]*tlsaRecords {
	all := map[name.Name]*tlsaRecords{}
	for i := range servers {
		s := &servers[i]
		if asked := s.TLSA.Found || s.TLSA.Status != dane.StatusUnknown || s.TLSA.Reason != dane.ReasonNone; asked && all[s.Host] == nil {
			all[s.Host] = tlsaOf(&s.TLSA)
		}
	}
	return all
}

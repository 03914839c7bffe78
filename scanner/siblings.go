package scanner

import (
	"slices"

	"mxtls/scanner/resolve"
	"mxtls/scanner/verdict"
)

// siblingServers is how many servers' judgement Siblings remembers in one generation; there are two.
const siblingServers = 8192

// Siblings judges results of which many have the same mail hosts, as those of a saved run: where Facts.Servers is the
// very slice of an earlier result and neither domain publishes anything in its own name, both come to the same. It is
// for one goroutine.
type Siblings struct {
	judge      *Judge
	young, old map[sibling]*sharedJudgement
	servers    int // of young
}

// sibling is what the judgement on a domain that publishes nothing rests on, beside its mail hosts.
type sibling struct {
	servers        *verdict.Server // the first of the slice
	direct, legacy bool
	sts, tlsrpt    bool // was asked for
}

// sharedJudgement is one for many results. It is not changed.
type sharedJudgement struct {
	asked  []verdict.Server // the slice it is known by: as long as it is held, no other can be in its place
	result Result
}

// NewSiblings makes Siblings that judge by j.
func NewSiblings(j *Judge) *Siblings {
	return &Siblings{judge: j, young: map[sibling]*sharedJudgement{}}
}

// Judge is [Judge.Judge] but for r.Facts.Servers: the result gets another slice, which others may share, and the one
// that it had stays as it is.
func (s *Siblings) Judge(r *Result) {
	f, asked := &r.Facts, r.Facts.Servers
	if !silent(f) {
		f.Servers = slices.Clone(asked)
		s.judge.Judge(r)
		return
	}
	key := sibling{&asked[0], f.Direct, f.Legacy, f.STS != nil, f.TLSRPT != nil}
	known, ok := s.young[key]
	if !ok {
		if known, ok = s.old[key]; !ok {
			f.Servers = slices.Clone(asked)
			s.judge.Judge(r)
			if r.Defect != "" {
				return
			}
			known = &sharedJudgement{asked, *r}
		}
		s.keep(key, known)
	}
	k := &known.result
	r.Via, r.Verdict = k.Via, k.Verdict
	f.Servers, f.DANE, f.Policy, f.Reports = k.Facts.Servers, k.Facts.DANE, k.Facts.Policy, k.Facts.Reports
}

// silent reports whether a domain has mail servers and publishes nothing in its own name, nor its hosts TLSA records,
// which are held against the names of the domain.
func silent(f *verdict.Facts) bool {
	for i := range f.Servers {
		if f.Servers[i].TLSA.Found {
			return false
		}
	}
	return len(f.Servers) > 0 && len(f.Misplaced) == 0 &&
		(f.STS == nil || absent(&f.STS.Record)) && (f.TLSRPT == nil || absent(f.TLSRPT))
}

// absent reports whether there is nothing of the type that was asked for.
func absent(a *resolve.Answer) bool {
	return a.Status == resolve.NoData || a.Status == resolve.NXDomain
}

// keep files a judgement under the young.
func (s *Siblings) keep(key sibling, known *sharedJudgement) {
	if s.servers += len(known.asked); s.servers > siblingServers {
		s.old, s.young, s.servers = s.young, map[sibling]*sharedJudgement{}, len(known.asked)
	}
	s.young[key] = known
}

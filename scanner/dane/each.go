package dane

import (
	"slices"
	"time"

	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
)

// Each judges the chains that one server shows to different clients: those who take RSA alone, or ECDSA alone. Which
// of them a sender meets is not its records' choice, so that all must fit. A record that fits one of them is not stale,
// and a chain that fits none beside one that does is CertificateUncovered. The outcomes stand as the chains do.
func Each(f Records, chains [][][]byte, names Names, at time.Time) []Outcome {
	out := make([]Outcome, len(chains))
	matched := false
	fits := make([]bool, len(f.TLSA))
	for i, chain := range chains {
		out[i] = Judge(f, chain, names, at)
		matched = matched || out[i].Status == Match
		for k, r := range out[i].Records {
			fits[k] = fits[k] || r.Fits >= 0 || k == out[i].By || r.Usability != Usable
		}
	}
	for i := range out {
		o := &out[i]
		if o.Status == Mismatch && o.Reason == TLSAInvalid && matched {
			o.Notes = append(o.Notes, CertificateUncovered)
		}
		if !slices.Contains(fits, false) {
			o.Notes = slices.DeleteFunc(o.Notes, func(n Note) bool { return n == StaleRecord })
		}
	}
	return out
}

// Worst is the outcome that decides for a server with several: what a sender may meet. It is the zero Outcome for none.
func Worst(outcomes []Outcome) (worst Outcome) {
	rank := []Status{Mismatch, Failed, StatusUnknown, Insecure, None, Unusable, Match}
	for i, o := range outcomes {
		if i == 0 || slices.Index(rank, o.Status) < slices.Index(rank, worst.Status) {
			worst = o
		}
	}
	return worst
}

// Place is where TLSA records for port 25 stand by mistake.
type Place struct {
	Host name.Name
	Port uint16
	Note Note // what records there would mean: OtherPort, AtDomain
}

// Places are where to look for misplaced records of a host that has none of its own: for its other mail ports, and
// below the mail domain. Records for those ports may well be meant for submission (RFC 8314), which is why they are
// worth a note and no more.
func Places(host, domain name.Name) []Place {
	places := []Place{{host, 465, OtherPort}, {host, 587, OtherPort}}
	if domain != host && !domain.IsZero() {
		places = append(places, Place{domain, Port, AtDomain})
	}
	return places
}

// Judge is the place's note if there are signed TLSA records, and none for the host itself as f has it; else
// NoteUnknown.
func (p Place) Judge(f Records, a resolve.Answer) Note {
	if f.Status != None || f.Reason != NoRecord || a.Status != resolve.Found || a.Trust != resolve.Secure ||
		len(a.TLSA) == 0 {
		return NoteUnknown
	}
	return p.Note
}

package runfile

import (
	"fmt"
	"time"

	"mxtls/scanner/clienthello"
	"mxtls/scanner/starttls"
)

// sessionOf is a session's line but for its number; refer gives a chain's certificates their references.
func sessionOf(s *starttls.Session, refer func([][]byte) []string) *sessionRecord {
	r := &sessionRecord{
		Type: typeSession, Address: s.Addr, SNI: s.Ask.SNI, Key: s.Ask.Key, Started: s.Started.UTC(), Duration: s.Duration, Stage: s.Stage, HELO: s.HELO,
		Before: texts(s.Before), After: texts(s.After), Offered: s.Offered, Injected: s.Injected,
		Connections: s.Connections, PQIntolerant: s.PQIntolerant, Raw: flightOf(s.Raw, refer), Match: flightOf(s.Match, refer),
	}
	for _, e := range s.Dialogue {
		r.Dialogue = append(r.Dialogue, exchangeRecord{e.Sent, e.Reply.Code, texts(e.Reply.Lines), e.Encrypted, e.At})
	}
	if s.Took != [len(s.Took)]time.Duration{} {
		r.Took = s.Took[:]
	}
	if h := s.TLS; h != nil {
		r.TLS = &handshakeRecord{
			Version: h.Version, Suite: h.Suite, Group: h.Group, Signature: h.Signature, Renegotiation: h.Renegotiation,
			ExtendedMasterSecret: h.ExtendedMasterSecret, CertificateOctets: h.CertificateOctets, Chain: refer(h.Chain),
		}
	}
	if s.Err != nil {
		r.Err = &sessionErrRecord{s.Err.Stage, s.Err.Reason, text(s.Err.Text)}
	}
	return r
}

func flightOf(f *clienthello.Flight, refer func([][]byte) []string) *flightRecord {
	if f == nil {
		return nil
	}
	r := &flightRecord{
		handshakeRecord: handshakeRecord{
			Version: f.Version, Suite: f.Suite, Group: f.Group, Signature: f.Signature, Renegotiation: f.Renegotiation,
			ExtendedMasterSecret: f.ExtendedMasterSecret, CertificateOctets: f.CertificateOctets, Chain: refer(f.Chain),
		},
		DHBits: f.DHBits, Retry: f.Retry, ClientCertificate: f.ClientCertificate, Complete: f.Complete,
	}
	if f.Err != nil {
		r.Err = &flightErrRecord{f.Err.Kind, f.Err.Alert, text(f.Err.Text)}
	}
	return r
}

// session is the line's session; chain finds the certificates that are referred to.
func (r *sessionRecord) session(chain func([]string) ([][]byte, error)) (*starttls.Session, error) {
	s := &starttls.Session{
		Addr: r.Address, Ask: starttls.Ask{SNI: r.SNI, Key: r.Key}, Started: r.Started, Duration: r.Duration, Stage: r.Stage, HELO: r.HELO,
		Before: stringsOf(r.Before), After: stringsOf(r.After), Offered: r.Offered, Injected: r.Injected,
		Connections: r.Connections, PQIntolerant: r.PQIntolerant,
	}
	for _, e := range r.Dialogue {
		reply := starttls.Reply{Code: e.Code, Lines: stringsOf(e.Lines)}
		s.Dialogue = append(s.Dialogue, starttls.Exchange{Sent: e.Sent, Reply: reply, Encrypted: e.Encrypted, At: e.At})
	}
	if len(r.Took) > len(s.Took) {
		return nil, fmt.Errorf("session %d has %d stages", r.Session, len(r.Took))
	}
	copy(s.Took[:], r.Took)
	if r.Err != nil {
		s.Err = &starttls.Error{Stage: r.Err.Stage, Reason: r.Err.Reason, Text: string(r.Err.Text)}
	}
	var err error
	if r.TLS != nil {
		f, e := (&flightRecord{handshakeRecord: *r.TLS}).flight(chain)
		if err = e; err == nil {
			s.TLS = &starttls.Handshake{
				Version: f.Version, Suite: f.Suite, Group: f.Group, Chain: f.Chain, Signature: f.Signature,
				Renegotiation: f.Renegotiation, ExtendedMasterSecret: f.ExtendedMasterSecret,
				CertificateOctets: f.CertificateOctets,
			}
		}
	}
	if err == nil {
		s.Raw, err = r.Raw.flight(chain)
	}
	if err == nil {
		s.Match, err = r.Match.flight(chain)
	}
	if err != nil {
		return nil, fmt.Errorf("session %d: %w", r.Session, err)
	}
	return s, nil
}

func (r *flightRecord) flight(chain func([]string) ([][]byte, error)) (*clienthello.Flight, error) {
	if r == nil {
		return nil, nil
	}
	f := &clienthello.Flight{
		Version: r.Version, Suite: r.Suite, Group: r.Group, DHBits: r.DHBits, Signature: r.Signature,
		Renegotiation: r.Renegotiation, ExtendedMasterSecret: r.ExtendedMasterSecret, Retry: r.Retry,
		CertificateOctets: r.CertificateOctets, ClientCertificate: r.ClientCertificate, Complete: r.Complete,
	}
	if r.Err != nil {
		f.Err = &clienthello.Error{Kind: r.Err.Kind, Alert: r.Err.Alert, Text: string(r.Err.Text)}
	}
	var err error
	f.Chain, err = chain(r.Chain)
	return f, err
}

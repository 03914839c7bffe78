// Package tlsrpt reads a domain's TLSRPT record (RFC 8460 3): where it wants to hear that mail to it could not be
// encrypted. Nothing is ever sent there.
//
//  1. The TXT records of _smtp._tls.DOMAIN, an alias there followed; exactly one of them begins with v=TLSRPTv1.
//  2. Its rua fields are lists of URIs, mailto or https, with commas between. A comma, semicolon or exclamation mark
//     inside of a URI is written in percent.
//  3. Whoever is to hear of it and is not of the domain is noted: a provider of such reports as a rule, and a mistake
//     or worse where it is not. RFC 8460 has no way for them to consent, as DMARC has.
package tlsrpt

import (
	"context"

	"mxtls/scanner/internal/enum"
	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
)

// Status is what a domain's TLSRPT came to.
type Status uint8

// Status values. Unknown: not looked at, or it could not be told.
const (
	StatusUnknown Status = iota
	None                 // no record: nobody is told
	Valid
	Invalid // a record that breaks a rule: senders do as if there were none
)

var statusWords = enum.Words{"unknown", "none", "valid", "invalid"}

func (s Status) String() string               { return enum.String("tlsrpt status", statusWords, s) }
func (s Status) MarshalText() ([]byte, error) { return enum.Marshal("tlsrpt status", statusWords, s) }
func (s *Status) UnmarshalText(t []byte) error {
	return enum.Unmarshal("tlsrpt status", statusWords, s, t)
}

// Reason is a stable code for a Status that is not Valid. RFC 8460 has a word for one of them.
type Reason uint8

// Reasons.
const (
	ReasonNone     Reason = iota
	NoRecord              // no TXT record that begins with v=TLSRPTv1
	LookupFailed          // the DNS gave no answer about the record: nothing is known
	LookupBogus           // "dnssec-invalid": likewise, for the answer is forged or broken
	LookupCut             // more TXT records than we take, some of them unseen
	SeveralRecords        // more than one record begins with v=TLSRPTv1
	RecordInvalid         // the record breaks the grammar of RFC 8460 3
	NoAddress             // it has no rua, or none of a kind that there is
	AddressInvalid        // a rua that is no URI, or has a "!" that is not written as %21
)

var reasonWords = enum.Words{
	"", "no_record", "lookup_failed", "dnssec-invalid", "lookup_cut", "several_records", "record_invalid",
	"no_report_address", "report_address_invalid",
}

func (r Reason) String() string               { return enum.String("tlsrpt reason", reasonWords, r) }
func (r Reason) MarshalText() ([]byte, error) { return enum.Marshal("tlsrpt reason", reasonWords, r) }
func (r *Reason) UnmarshalText(t []byte) error {
	return enum.Unmarshal("tlsrpt reason", reasonWords, r, t)
}

// Code is a stable code for a Warning.
type Code uint8

// Codes.
const (
	CodeNone       Code = iota
	NearRecord          // a TXT record that meant to be v=TLSRPTv1 and is not
	BlankDelimiter      // "v=TLSRPTv1 ;": some senders see no record
	SeveralRUA          // several rua fields, where one has a list: some senders take one of them
	UpperCaseField      // "RUA=": another field, by the letter
	UnknownScheme       // a rua that is neither mailto nor https: senders skip it
	External            // a report goes to somebody else
)

var codeWords = enum.Words{
	"", "near_record", "blank_delimiter", "several_rua", "upper_case_field", "unknown_scheme", "external_report_domain",
}

func (c Code) String() string               { return enum.String("tlsrpt warning", codeWords, c) }
func (c Code) MarshalText() ([]byte, error) { return enum.Marshal("tlsrpt warning", codeWords, c) }
func (c *Code) UnmarshalText(t []byte) error {
	return enum.Unmarshal("tlsrpt warning", codeWords, c, t)
}

// Warning is something that a domain's operator should know, once for each Code.
type Warning struct {
	Code Code
	Text string // in words, may quote the other side
}

// Outcome is what a domain's TLSRPT came to. Texts may quote the other side: they are to be escaped before a person
// sees them.
type Outcome struct {
	Status   Status
	Reason   Reason
	Text     string      // the reason in words, with its evidence
	RUA      []string    // the URIs of a valid record that senders can use, as written
	External []name.Name // domains and hosts of RUA under another registered name than the domain's, each once
	Warnings []Warning
}

// Resolver is what a lookup needs of *resolve.Resolver; tests bring their own.
type Resolver interface {
	TXT(ctx context.Context, n name.Name) resolve.Answer
}

// Lookup asks for the TXT records of _smtp._tls.DOMAIN.
func Lookup(ctx context.Context, r Resolver, domain name.Name) resolve.Answer {
	owner, err := name.ParseHost("_smtp._tls." + domain.String())
	if err != nil {
		return resolve.Answer{Status: resolve.NXDomain} // no name of the DNS: nobody can have a record there
	}
	return r.TXT(ctx, owner)
}

package dane

import (
	"slices"

	"mxtls/scanner/internal/enum"
)

// Note is an observation that does not change a status.
type Note uint8

// Notes. Those from CertificateUncovered on are not Judge's: see Each, and Place.
const (
	NoteUnknown          Note = iota
	UsageForWeb               // a record has usage 0 or 1, which mail servers do not use
	UnusableRecord            // a record cannot be used for another reason
	RecordsCut                // there are more records than we keep
	DigestIgnored             // a SHA-256 digest stands beside a SHA-512 one and is not looked at
	StaleRecord               // beside a record that fits, one that fits nothing: left over, or ahead of a new key
	LeafAsAnchor              // a record of usage 2 names the server's own certificate, which is no anchor
	EEExpired                 // usage 3 fits, and the certificate is past its end, or before its beginning
	EEWrongName               // usage 3 fits, and the certificate has no name of the host or the domain
	NextHopName               // only the mail domain's name fits, and the MX answer is insecure
	WholeCertificate          // a record of usage 3 names the certificate rather than its key: it ends with the renewal
	NoSpareRecord             // one record of usage 3 alone: the next key needs care
	RawKeyPossible            // all usable records are 3 1 x: a key without a certificate would do (RFC 7250)
	CertificateUncovered      // one of the server's certificates fits no record, another does
	OtherPort                 // there are TLSA records for another port of the host, and none for 25
	AtDomain                  // there are TLSA records below the mail domain, and none below its mail host
)

var noteWords = enum.Words{
	"unknown", "tlsa_usage_0_1", "tlsa_record_unusable", "tlsa_records_cut", "tlsa_digest_ignored", "tlsa_record_stale",
	"tlsa_anchor_is_leaf", "tlsa_certificate_expired", "tlsa_certificate_wrong_name", "tlsa_name_of_next_hop",
	"tlsa_whole_certificate", "tlsa_no_spare_record", "tlsa_raw_key_possible", "certificate_without_tlsa_record",
	"tlsa_at_other_port", "tlsa_at_mail_domain",
}

func (n Note) String() string               { return enum.String("dane note", noteWords, n) }
func (n Note) MarshalText() ([]byte, error) { return enum.Marshal("dane note", noteWords, n) }
func (n *Note) UnmarshalText(t []byte) error {
	return enum.Unmarshal("dane note", noteWords, n, t)
}

// advice is what the server's operator can do, by note.
var advice = [...]string{
	UsageForWeb: "Mail servers ignore usages 0 and 1 (RFC 7672 3.1.3). Publish 3 1 1 for the server's key or 2 1 1 for " +
		"its CA's, and remove the record.",
	UnusableRecord: "Remove the record, or publish it again from the certificate: openssl x509 -noout -pubkey, then " +
		"SHA-256 of the DER key for 3 1 1.",
	RecordsCut:    "Remove the records of keys that are gone.",
	DigestIgnored: "Publish every key under the same digests, or under SHA-256 alone (RFC 7671 9).",
	StaleRecord:   "If it announces the next key, well; if it is left over from the last one, remove it (RFC 7671 8.1).",
	LeafAsAnchor:  "Usage 2 is for a certificate above the server's own. Name the server's key under 3 1 1 instead.",
	EEExpired:     "Senders that go by TLSA records do not mind (RFC 7672 3.1.1); all others do. Renew the certificate.",
	EEWrongName: "Senders that go by TLSA records do not mind (RFC 7672 3.1.1); all others do. Have the host's name " +
		"in the certificate.",
	NextHopName: "Have the mail host's own name in the certificate, or sign the zone of the mail domain: under an " +
		"insecure MX answer the domain's name proves nothing (RFC 7672 3.2.2).",
	WholeCertificate: "Name the key (3 1 1), not the certificate, and keep the key when it is renewed (RFC 7671 5.1).",
	NoSpareRecord: "Before the key changes, publish 3 1 1 for the next key beside that of the current one and wait two " +
		"TTLs; or publish 2 1 1 for the CA's key as a second way in (RFC 7671 8.1, 8.4).",
	RawKeyPossible: "Nothing to do.",
	CertificateUncovered: "The server has certificates of several kinds (RSA, ECDSA): publish a record for each key, or " +
		"senders that agree on the other kind will not deliver.",
	OtherPort: "Mail between servers goes to port 25: publish the records at _25._tcp of the host (RFC 7672 2.2.3).",
	AtDomain:  "TLSA records belong below the MX host, not below the mail domain (RFC 7672 2.2.3).",
}

// Advice is what the server's operator can do about it, in sentences; "" for a value that is no note.
func (n Note) Advice() string {
	if int(n) >= len(advice) {
		return ""
	}
	return advice[n]
}

// note finds what is worth knowing.
func (j *judge) note(dropped int) {
	matched := j.Status == Match
	ee := matched && j.Records[j.By].Usage == usageEE
	j.add(UsageForWeb, j.any(func(r *Record) bool { return r.Usability == PKIXUsage }))
	j.add(UnusableRecord, j.any(func(r *Record) bool { return r.Usability > PKIXUsage }))
	j.add(RecordsCut, dropped > 0)
	j.add(DigestIgnored, j.any(func(r *Record) bool { return r.Ignored }))
	j.add(StaleRecord, matched && j.any(j.stale))
	j.add(LeafAsAnchor, j.any(func(r *Record) bool { return r.Usage == usageTA && r.Fits == 0 && !r.bare() }))
	j.add(EEExpired, ee && (j.at.Before(j.Chain.NotBefore) || !j.at.Before(j.Chain.NotAfter)))
	if ee {
		j.add(EEWrongName, !j.named(&j.Chain))
		j.Name = "" // it had no part in the verdict
	} else if matched && !j.names.Secure {
		_, own := j.Chain.MatchHost(j.Base)
		j.add(NextHopName, !own)
	}
	usable, raw := 0, true
	for _, i := range j.usable {
		r := &j.Records[i]
		usable++
		raw = raw && r.Usage == usageEE && r.Selector == selectSPKI
	}
	j.add(WholeCertificate, j.any(func(r *Record) bool {
		return r.Usability == Usable && r.Usage == usageEE && r.Selector == selectCert
	}))
	j.add(NoSpareRecord, ee && usable == 1)
	j.add(RawKeyPossible, usable > 0 && raw)
}

// stale reports whether a record that counts fits nothing that the server sent.
func (j *judge) stale(r *Record) bool {
	if r.Usability != Usable || r.Fits >= 0 {
		return false
	}
	return j.By < 0 || r != &j.Records[j.By] // a bare key, or a whole certificate that was not sent
}

func (j *judge) any(is func(*Record) bool) bool {
	for i := range j.Records {
		if is(&j.Records[i]) {
			return true
		}
	}
	return false
}

func (o *Outcome) add(n Note, is bool) {
	if is && !slices.Contains(o.Notes, n) {
		o.Notes = append(o.Notes, n)
	}
}

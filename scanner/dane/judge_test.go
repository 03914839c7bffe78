package dane

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"

	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/pkix"
	"mxtls/scanner/resolve"
)

// A world is the certificates that most tests need.
type world struct{ root, inter, leaf, stranger *issued }

func newWorld(t testing.TB) world {
	root := newCA(t, "Root", nil)
	inter := newCA(t, "Inter", root)
	return world{root, inter, newLeaf(t, mxHost, inter), newStranger()}
}

// outcome is an Outcome in short: "match 3 1 1 at 0", or status and reason; then its notes.
func outcome(o Outcome) string {
	words := []string{o.Status.String()}
	if o.Status == Match {
		r := o.Records[o.By]
		words = append(words, fmt.Sprintf("%d %d %d at %d", r.Usage, r.Selector, r.Matching, o.Depth))
	} else {
		words = append(words, o.Reason.String())
	}
	for _, n := range o.Notes {
		words = append(words, n.String())
	}
	return strings.Join(words, " ")
}

// TestRecordsCut: among records that were not kept may be the one that fits.
func TestRecordsCut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct {
		record resolve.TLSA
		want   string
	}{
		{tlsa(2, 1, 1, w.inter), "match 2 1 1 at 1 tlsa_records_cut"},
		{tlsa(2, 1, 1, w.stranger), "unknown cannot_tell tlsa_records_cut"},
		{tlsa(1, 1, 1, w.leaf), "unknown cannot_tell tlsa_usage_0_1 tlsa_records_cut"},
	} {
		f := found(tt.record)
		f.Dropped = 3
		if got := outcome(Judge(f, ders(w.leaf, w.inter), Names{}, now)); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

// TestCornerCases walks the corner cases of RFC 6698, 7671 and 7672 that a server's records and chain decide.
func TestCornerCases(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	whole := ders(w.leaf, w.inter, w.root)
	spare := tlsa(2, 1, 1, w.inter) // keeps notes on a lonely record away
	expired := newLeaf(t, mxHost, w.inter, dates(-9*day, -day))
	foreign := newLeaf(t, "other.example", w.inter)
	domain := newLeaf(t, "example.com", w.inter)
	selfSigned := newLeaf(t, mxHost, nil)
	next := Names{NextHop: []name.Name{host("example.com")}, Secure: true}
	loose := Names{NextHop: next.NextHop}
	odd := func(usage, selector, matching uint8, octets int) resolve.TLSA {
		return resolve.TLSA{Usage: usage, Selector: selector, Matching: matching, Data: make([]byte, octets)}
	}
	for _, tt := range []struct {
		name    string
		records []resolve.TLSA
		chain   [][]byte
		names   Names
		want    string
	}{
		{"nothing usable: web usages", []resolve.TLSA{tlsa(0, 0, 1, w.root), tlsa(1, 1, 1, w.leaf)}, whole, next,
			"unusable no_usable_tlsa_record tlsa_usage_0_1"},
		{"nothing usable: unknown numbers", []resolve.TLSA{odd(4, 1, 1, 32), odd(255, 255, 255, 1), odd(3, 2, 1, 32),
			odd(3, 1, 3, 48)}, whole, next, "unusable no_usable_tlsa_record tlsa_record_unusable"},
		{"nothing usable: digests of wrong length", []resolve.TLSA{odd(3, 1, 1, 31), odd(3, 1, 2, 32), odd(2, 0, 1, 0)},
			whole, next, "unusable no_usable_tlsa_record tlsa_record_unusable"},
		{"nothing usable: bad DER", []resolve.TLSA{odd(3, 0, 0, 20), odd(3, 1, 0, 20), odd(2, 0, 0, 0)}, whole, next,
			"unusable no_usable_tlsa_record tlsa_record_unusable"},
		{"unusable beside usable is ignored", []resolve.TLSA{tlsa(0, 0, 1, w.root), odd(3, 1, 2, 1), tlsa(3, 1, 1, w.leaf),
			spare}, whole, next, "match 3 1 1 at 0 tlsa_usage_0_1 tlsa_record_unusable"},

		{"usage 3: dates do not matter and are noted", []resolve.TLSA{tlsa(3, 1, 1, expired), spare},
			ders(expired, w.inter), next, "match 3 1 1 at 0 tlsa_certificate_expired"},
		{"usage 3: names do not matter and are noted", []resolve.TLSA{tlsa(3, 1, 1, foreign), spare},
			ders(foreign, w.inter), next, "match 3 1 1 at 0 tlsa_certificate_wrong_name"},
		{"usage 3: chain does not matter", []resolve.TLSA{tlsa(3, 1, 1, w.leaf), tlsa(3, 1, 1, w.leaf)},
			ders(w.leaf, w.stranger), next, "match 3 1 1 at 0 tlsa_raw_key_possible"},
		{"usage 3: a failing record beside a match", []resolve.TLSA{tlsa(3, 1, 1, w.leaf), tlsa(3, 1, 1, w.stranger)},
			whole, next, "match 3 1 1 at 0 tlsa_record_stale tlsa_raw_key_possible"},
		{"usage 3: one record alone", []resolve.TLSA{tlsa(3, 1, 1, w.leaf)}, whole, next,
			"match 3 1 1 at 0 tlsa_no_spare_record tlsa_raw_key_possible"},
		{"usage 3: the certificate itself", []resolve.TLSA{tlsa(3, 0, 1, w.leaf)}, whole, next,
			"match 3 0 1 at 0 tlsa_whole_certificate tlsa_no_spare_record"},
		{"usage 3: of an issuer is no match", []resolve.TLSA{tlsa(3, 1, 1, w.inter)}, whole, next,
			"mismatch tlsa-invalid tlsa_raw_key_possible"},

		{"usage 2: intermediate", []resolve.TLSA{tlsa(2, 1, 1, w.inter)}, whole, next, "match 2 1 1 at 1"},
		{"usage 2: root", []resolve.TLSA{tlsa(2, 0, 1, w.root)}, whole, next, "match 2 0 1 at 2"},
		{"usage 2: expired", []resolve.TLSA{tlsa(2, 1, 1, w.inter)}, ders(expired, w.inter), next,
			"mismatch certificate-expired"},
		{"usage 2: another's name", []resolve.TLSA{tlsa(2, 1, 1, w.inter)}, ders(foreign, w.inter), next,
			"mismatch certificate-host-mismatch"},
		{"usage 2: for clients", []resolve.TLSA{tlsa(2, 1, 1, w.inter)}, ders(newLeaf(t, mxHost, w.inter,
			func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), w.inter), next,
			"mismatch certificate-not-trusted"},
		{"usage 2: the leaf is no anchor", []resolve.TLSA{tlsa(2, 0, 1, w.leaf)}, whole, next,
			"mismatch tlsa-invalid tlsa_anchor_is_leaf"},
		{"usage 2: a self-signed leaf is no anchor", []resolve.TLSA{tlsa(2, 0, 0, selfSigned)}, ders(selfSigned), next,
			"mismatch tlsa-invalid tlsa_anchor_is_leaf"},
		{"usage 2: a self-signed leaf under its bare key", []resolve.TLSA{tlsa(2, 1, 0, selfSigned)}, ders(selfSigned),
			next, "match 2 1 0 at 0"},
		{"usage 2: a whole root that is not sent", []resolve.TLSA{tlsa(2, 0, 0, w.root)}, ders(w.leaf, w.inter), next,
			"match 2 0 0 at 2"},
		{"usage 2: the bare key of a root that is not sent", []resolve.TLSA{tlsa(2, 1, 0, w.root)},
			ders(w.leaf, w.inter), next, "match 2 1 0 at 1"},
		{"usage 2: the digest of a root that is not sent", []resolve.TLSA{tlsa(2, 1, 1, w.root)},
			ders(w.leaf, w.inter), next, "mismatch tlsa-invalid"},

		{"names: the mail domain under a secure MX answer", []resolve.TLSA{tlsa(2, 1, 1, w.inter)},
			ders(domain, w.inter), next, "match 2 1 1 at 1"},
		{"names: the mail domain under an insecure one", []resolve.TLSA{tlsa(2, 1, 1, w.inter)},
			ders(domain, w.inter), loose, "match 2 1 1 at 1 tlsa_name_of_next_hop"},
		{"names: the mail domain without MX records", []resolve.TLSA{tlsa(2, 1, 1, w.inter)},
			ders(domain, w.inter), Names{}, "mismatch certificate-host-mismatch"},

		{"digests: a wrong strong one beats a right weak one", []resolve.TLSA{tlsa(3, 1, 1, w.leaf),
			tlsa(3, 1, 2, w.stranger)}, whole, next, "mismatch tlsa-invalid tlsa_digest_ignored tlsa_raw_key_possible"},
		{"digests: the strong one counts", []resolve.TLSA{tlsa(3, 1, 1, w.stranger), tlsa(3, 1, 2, w.leaf), spare}, whole,
			next, "match 3 1 2 at 0 tlsa_digest_ignored tlsa_record_stale"},
		{"digests: whole data stays out of it", []resolve.TLSA{tlsa(3, 1, 0, w.leaf), tlsa(3, 1, 2, w.stranger)}, whole,
			next, "match 3 1 0 at 0 tlsa_record_stale tlsa_raw_key_possible"},
		{"digests: each selector for itself", []resolve.TLSA{tlsa(3, 0, 1, w.leaf), tlsa(3, 1, 2, w.stranger)}, whole,
			next, "match 3 0 1 at 0 tlsa_record_stale tlsa_whole_certificate"},
		{"digests: an unusable strong one beats nothing", []resolve.TLSA{tlsa(3, 1, 1, w.leaf), odd(3, 1, 2, 3), spare},
			whole, next, "match 3 1 1 at 0 tlsa_record_unusable"},

		{"no certificate seen", []resolve.TLSA{tlsa(3, 1, 1, w.leaf), spare}, nil, next, "unknown no_certificate"},
		{"certificate that cannot be read", []resolve.TLSA{tlsa(3, 1, 1, w.leaf), spare}, [][]byte{{0x30, 0}}, next,
			"unknown cannot_tell"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := Judge(found(tt.records...), tt.chain, tt.names, now)
			if got := outcome(o); got != tt.want {
				t.Errorf("%q, want %q (%s)", got, tt.want, o.Text)
			}
			if (o.Status == Match) != (o.Text == "") || (o.Status == Match) != (o.By >= 0) || len(o.Records) != len(tt.records) {
				t.Errorf("%+v", o)
			}
			if (o.Status == Match) != (o.Log("peer") != "") || o.Status == Match && o.Complaint("peer") != "" {
				t.Errorf("log %q, complaint %q", o.Log("peer"), o.Complaint("peer"))
			}
		})
	}
}

// TestWeakKey: security level 1 looks at the server's key even where nothing else of the certificate matters.
func TestWeakKey(t *testing.T) {
	t.Parallel()
	der := weakCertificate
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	o := Judge(found(tlsa(3, 1, 1, &issued{Certificate: c})), [][]byte{der}, Names{}, now)
	if o.Status != Mismatch || o.Reason != NotTrusted || o.Chain.Reason != pkix.WeakKey {
		t.Errorf("%+v", o)
	}
	want := "server certificate verification failed for mx.example[192.0.2.1]:25: num=66:EE certificate key too weak"
	if got := o.Complaint("mx.example[192.0.2.1]:25"); got != want {
		t.Errorf("%q", got)
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	chain := ders(w.leaf, w.inter)
	digest := tlsa(3, 1, 1, w.leaf)
	key := tlsa(2, 1, 0, w.root)
	const peer = "mx.example[192.0.2.1]:25"
	for _, tt := range []struct {
		record resolve.TLSA
		want   string
	}{
		{digest, fmt.Sprintf("%s: Matched DANE EE certificate at depth 0: 3 1 1 %X", peer, digest.Data)},
		{tlsa(2, 1, 1, w.inter), fmt.Sprintf("%s: Matched DANE TA certificate at depth 1: 2 1 1 %X", peer,
			tlsa(2, 1, 1, w.inter).Data)},
		{key, fmt.Sprintf("%s: Matched DANE TA public key verified certificate at depth 1: 2 1 0 %X...%X", peer,
			key.Data[:32], key.Data[len(key.Data)-32:])},
	} {
		o := Judge(found(tt.record), chain, Names{}, now)
		if got := o.Log(peer); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
	o := Judge(found(tlsa(3, 1, 1, w.stranger)), chain, Names{}, now)
	want := "server certificate verification failed for " + peer + ": num=65:no matching DANE TLSA records"
	if got := o.Complaint(peer); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestEach: a server with certificates of two kinds must have records for both.
func TestEach(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := newCert(t, mxHost, rsaKey(), w.inter, names(mxHost))
	chains := [][][]byte{ders(w.leaf, w.inter), ders(other, w.inter)}
	judged := func(records ...resolve.TLSA) string {
		var text []string
		outcomes := Each(found(records...), chains, Names{}, now)
		for _, o := range outcomes {
			text = append(text, outcome(o))
		}
		return strings.Join(append(text, Worst(outcomes).Status.String()), ", ")
	}
	for got, want := range map[string]string{
		judged(tlsa(3, 1, 1, w.leaf)): "match 3 1 1 at 0 tlsa_no_spare_record tlsa_raw_key_possible, " +
			"mismatch tlsa-invalid tlsa_raw_key_possible certificate_without_tlsa_record, mismatch",
		judged(tlsa(3, 1, 1, w.leaf), tlsa(3, 1, 1, other)): "match 3 1 1 at 0 tlsa_raw_key_possible, " +
			"match 3 1 1 at 0 tlsa_raw_key_possible, match",
		judged(tlsa(3, 1, 1, w.leaf), tlsa(3, 1, 1, other), tlsa(3, 1, 1, w.stranger)): "match 3 1 1 at 0 " +
			"tlsa_record_stale tlsa_raw_key_possible, match 3 1 1 at 0 tlsa_record_stale tlsa_raw_key_possible, match",
		judged(tlsa(2, 1, 1, w.inter)): "match 2 1 1 at 1, match 2 1 1 at 1, match",
		judged(tlsa(3, 1, 1, w.stranger)): "mismatch tlsa-invalid tlsa_raw_key_possible, " +
			"mismatch tlsa-invalid tlsa_raw_key_possible, mismatch",
	} {
		if got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
	if o := Worst(nil); o.Status != StatusUnknown {
		t.Errorf("of no outcome: %+v", o)
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	none := Records{Status: None, Reason: NoRecord}
	there := resolve.Answer{Status: resolve.Found, Trust: resolve.Secure, TLSA: make([]resolve.TLSA, 1)}
	unsigned := there
	unsigned.Trust = resolve.Insecure
	places := Places(host(mxHost), host("example.com"))
	if len(places) != 3 || places[2] != (Place{host("example.com"), 25, AtDomain}) || places[0].Port != 465 {
		t.Errorf("%+v", places)
	}
	if n := len(Places(host(mxHost), host(mxHost))); n != 2 {
		t.Errorf("%d places of a domain that is its own mail host", n)
	}
	for _, p := range places {
		for _, tt := range []struct {
			f    Records
			a    resolve.Answer
			want Note
		}{
			{none, there, p.Note},
			{none, unsigned, NoteUnknown},
			{none, resolve.Answer{Status: resolve.NoData, Trust: resolve.Secure}, NoteUnknown},
			{found(resolve.TLSA{}), there, NoteUnknown},
			{Records{Status: Failed, Reason: LookupFailed}, there, NoteUnknown},
		} {
			if got := p.Judge(tt.f, tt.a); got != tt.want {
				t.Errorf("%+v: %v, want %v", p, got, tt.want)
			}
		}
	}
}

// TestDomain: the weakest server that can be reached decides.
func TestDomain(t *testing.T) {
	t.Parallel()
	signed := &mx.Set{Kind: mx.Listed, Trust: resolve.Secure}
	unsigned := &mx.Set{Kind: mx.Listed, Trust: resolve.Insecure}
	for _, tt := range []struct {
		name     string
		set      *mx.Set
		statuses []Status
		want     Level
	}{
		{"all", signed, []Status{Match, Match}, Full},
		{"all, insecure MX answer", unsigned, []Status{Match, Match}, Half},
		{"all, MX answer of unknown trust", &mx.Set{Kind: mx.Listed}, []Status{Match}, LevelUnknown},
		{"the domain is its own server", &mx.Set{Kind: mx.Implicit}, []Status{Match}, Full},
		{"one without records", signed, []Status{Match, None}, Partial},
		{"one unsigned", signed, []Status{Match, Insecure}, Partial},
		{"one without usable records", signed, []Status{Match, Unusable}, Partial},
		{"one without records, one unknown", signed, []Status{Match, None, StatusUnknown}, Partial},
		{"failing or nothing", signed, []Status{Mismatch, None}, Partial},
		{"TLS or nothing", signed, []Status{Unusable, None}, Partial},
		{"some fail", signed, []Status{Match, Mismatch}, Degraded},
		{"all fail", signed, []Status{Mismatch, Mismatch}, Failing},
		{"all fail, insecure MX answer", unsigned, []Status{Mismatch}, Failing},
		{"one could not be looked up", signed, []Status{Match, Failed}, LevelUnknown},
		{"one unknown", signed, []Status{Match, StatusUnknown}, LevelUnknown},
		{"none", signed, []Status{None, None}, Absent},
		{"none, or unknown", signed, []Status{None, StatusUnknown}, LevelUnknown},
		{"unsigned", unsigned, []Status{Insecure}, Absent},
		{"none usable", signed, []Status{Unusable, Unusable}, TLSOnly},
		{"no server", signed, nil, LevelUnknown},
	} {
		if got := Domain(tt.set, tt.statuses); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// Whatever a TLSA record holds, it is classified and judged, and what is unusable names nothing.
func FuzzRecord(f *testing.F) {
	w := newWorld(f)
	chain := ders(w.leaf, w.inter, w.root)
	for _, r := range []resolve.TLSA{
		tlsa(3, 1, 1, w.leaf), tlsa(2, 0, 0, w.root), tlsa(2, 1, 0, w.inter), tlsa(3, 0, 2, w.leaf),
	} {
		f.Add(r.Usage, r.Selector, r.Matching, r.Data)
	}
	f.Fuzz(func(t *testing.T, usage, selector, matching uint8, data []byte) {
		r := resolve.TLSA{Usage: usage, Selector: selector, Matching: matching, Data: data}
		o := Judge(found(r), chain, Names{}, now)
		if len(o.Records) != 1 || o.Records[0].Usability == UsabilityUnknown {
			t.Fatalf("%+v", o)
		}
		usable := o.Records[0].Usability == Usable
		if usable == (o.Status == Unusable) || !usable && o.Records[0].Fits >= 0 {
			t.Fatalf("%+v", o)
		}
		same := false
		for s := range uint8(2) {
			for m := range uint8(3) {
				for i, c := range []*issued{w.leaf, w.inter, w.root} {
					want := tlsa(usage, s, m, c)
					same = same || selector == s && matching == m && bytes.Equal(want.Data, data) && (usage == 3) == (i == 0)
				}
			}
		}
		if (o.Status == Match) && !same {
			t.Fatalf("matched by %v", o.Records[0])
		}
	})
}

package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner/clienthello"
	"mxtls/scanner/mx"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
	"mxtls/scanner/truth"
	"mxtls/scanner/verdict"
)

// negotiates is a server whose handshake Postfix would finish and crypto/tls cannot.
func negotiates(n int, f clienthello.Flight, c *pkix.Chain) verdict.Server {
	s := session(n)
	s.Session.Stage = starttls.StartTLS
	s.Session.Err = &starttls.Error{Stage: starttls.StartTLS, Reason: starttls.TLSNoCipher, Text: "handshake failure"}
	s.Session.Raw = &f
	s.Chain = c
	if c != nil && c.Status == pkix.Trusted {
		s.NameMatch = truth.Yes
	}
	return s
}

// TestNegotiated: what was negotiated and not completed by us stands in every format as what it is.
func TestNegotiated(t *testing.T) {
	t.Parallel()
	dhe := clienthello.Flight{Version: 0x0303, Suite: 0x009f, DHBits: 2048, Renegotiation: true, Complete: true}
	adh := dhe
	adh.Suite = 0x00a7
	x448 := clienthello.Flight{Version: 0x0304, Suite: 0x1302, Group: 30, Complete: true}
	trusted := chain(pkix.Trusted, pkix.ReasonNone, at.AddDate(0, 1, 20), "mx1.example.net")
	r := domain("negotiated.example", "example.net", negotiates(1, dhe, trusted),
		negotiates(2, adh, &pkix.Chain{Status: pkix.Anonymous}), negotiates(3, x448, nil))
	r.Facts.MX.Kind = mx.Listed
	r.Verdict = verdict.Judge(&r.Facts, at)

	var out bytes.Buffer
	w, err := New(JSONL, &out, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Add("", r), w.End(Summary{})); err != nil {
		t.Fatal(err)
	}
	var got DomainJSON
	if err := json.NewDecoder(&out).Decode(&got); err != nil {
		t.Fatal(err)
	}
	type line struct {
		TLS                                TLSJSON
		Established                        truth.Truth
		Status, Reason, Stage, Certificate string
	}
	want := []line{
		{TLSJSON{"TLSv1.2", "DHE-RSA-AES256-GCM-SHA384", ""}, truth.Yes, "trusted", "negotiated_not_completed", "starttls",
			"trusted, name matches until 2027-01-12"},
		{TLSJSON{"TLSv1.2", "ADH-AES256-GCM-SHA384", ""}, truth.Yes, "anonymous", "negotiated_not_completed", "starttls",
			"anonymous: no certificate"},
		{TLSJSON{"TLSv1.3", "TLS_AES_256_GCM_SHA384", "X448"}, truth.Yes, "unknown", "negotiated_not_completed", "starttls",
			"negotiated, not completed by us: TLSv1.3 with TLS_AES_256_GCM_SHA384, X448; TLS 1.3 hides the certificate"},
	}
	for i, s := range got.Servers {
		cells := serverRow(&r, i, false, style{}).cells
		if diff := cmp.Diff(want[i], line{s.TLS, s.TLSEstablished, s.Certificate.Status, s.Reason, s.Stage, cells[len(cells)-1]}); diff != "" {
			t.Errorf("server %d (-want +got):\n%s", i, diff)
		}
		if !strings.HasPrefix(s.Detail, "negotiated, not completed by us: "+s.TLS.Version+" with "+s.TLS.Cipher) {
			t.Errorf("server %d: %q", i, s.Detail)
		}
		var told strings.Builder
		for _, l := range append(stages(&r.Facts.Servers[i]), transcript(&r.Facts.Servers[i])...) {
			told.WriteString(l.head + l.text + "\n")
		}
		if strings.Count(told.String(), s.TLS.Cipher) != 2 || !strings.Contains(told.String(), "(negotiated, not completed by us)") {
			t.Errorf("server %d is told as\n%s", i, told.String())
		}
	}
	if text := certificateText(&r); !strings.Contains(text, "1 certificate hidden by TLS 1.3") ||
		!strings.Contains(text, "1 anonymous: no certificate") || !strings.Contains(text, at.AddDate(0, 1, 20).Format(time.DateOnly)) {
		t.Errorf("certificates: %q", text)
	}
	if text := versionsText(&r, false); text != "1.2, 1.3" {
		t.Errorf("versions: %q", text)
	}
}

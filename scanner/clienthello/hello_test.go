package clienthello

import (
	"bytes"
	"crypto/tls"
	"encoding/hex"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// captured are the hellos of a real Postfix, by name; the file says how they were taken.
func captured(t *testing.T) map[string][]byte {
	t.Helper()
	text, err := os.ReadFile("testdata/posttls-finger.txt")
	if err != nil {
		t.Fatal(err)
	}
	hellos := map[string][]byte{}
	for line := range strings.Lines(string(text)) {
		name, digits, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name == "#" {
			continue
		}
		record, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatal(err)
		}
		hellos[name] = record
	}
	return hellos
}

// Places of what is random in a hello.
const (
	randomAt  = 5 + 4 + 2
	sessionAt = randomAt + 32 + 1
)

// still sets what is random in a hello to zeros.
func still(t *testing.T, record []byte) []byte {
	t.Helper()
	record = slices.Clone(record)
	clear(record[randomAt : randomAt+32])
	if n := int(record[sessionAt-1]); n > 0 {
		clear(record[sessionAt : sessionAt+n])
	}
	share := []byte{0, 0x33, 0, 0x26, 0, 0x24, 0, 0x1d, 0, 0x20} // the extension key_share up to the key
	if at := bytes.Index(record, share); at >= 0 {
		clear(record[at+len(share) : at+len(share)+32])
	}
	return record
}

// TestRecord compares each hello with a real one, octet by octet.
func TestRecord(t *testing.T) {
	t.Parallel()
	real := captured(t)
	for name, h := range map[string]Hello{
		"may":       {Profile: May},
		"match":     {Profile: Match},
		"may-tls12": {Profile: May, MaxVersion: tls.VersionTLS12},
		"may-sni":   {Profile: May, ServerName: "mx.example.com"},

		"may-3.10":         {Release: Postfix310, Profile: May},
		"match-3.10":       {Release: Postfix310, Profile: Match},
		"may-tls12-3.10":   {Release: Postfix310, Profile: May, MaxVersion: tls.VersionTLS12},
		"match-tls12-3.10": {Release: Postfix310, Profile: Match, MaxVersion: tls.VersionTLS12},
		"may-sni-3.10":     {Release: Postfix310, Profile: May, ServerName: "mx.example.com"},
		"match-sni-3.10":   {Release: Postfix310, Profile: Match, ServerName: "mx.example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, got := still(t, real[name]), still(t, h.Record())
			if diff := cmp.Diff(hex.Dump(want), hex.Dump(got)); diff != "" {
				t.Errorf("the record (-posttls-finger +ours):\n%s", diff)
			}
			if bytes.Equal(h.Record(), h.Record()) {
				t.Error("nothing in it is random")
			}
		})
	}
}

// TestRecordLength: a long server name takes the place of the padding.
func TestRecordLength(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, want int }{{1, 517}, {97, 517}, {101, 519}, {104, 518}, {200, 614}} {
		h := Hello{Profile: May, ServerName: strings.Repeat("a", tt.name)}
		if got := len(h.Record()); got != tt.want {
			t.Errorf("with a server name of %d octets: %d octets, want %d", tt.name, got, tt.want)
		}
	}
}

// TestOffers: what the hello of a level has, and what a server may choose.
func TestOffers(t *testing.T) {
	t.Parallel()
	const dss, ccm8, adh, gcm, ffdhe = 0x00a3, 0xc0af, 0x00a7, 0xc02c, 256
	for _, tt := range []struct {
		hello  Hello
		offers []uint16
		not    []uint16
	}{
		{Hello{}, nil, []uint16{gcm}},
		{Hello{Profile: May}, []uint16{dss, ccm8, adh, gcm}, nil},
		{Hello{Profile: Match}, []uint16{dss, ccm8, gcm}, []uint16{adh}},
		{Hello{Release: Postfix310, Profile: May}, []uint16{ccm8, adh, gcm}, []uint16{dss}},
		{Hello{Release: Postfix310, Profile: Match}, []uint16{gcm}, []uint16{dss, ccm8, adh}},
	} {
		for _, suite := range tt.offers {
			if !tt.hello.Offers(suite) {
				t.Errorf("%s %s lacks %s", tt.hello.Release, tt.hello.Profile, CipherName(suite))
			}
		}
		for _, suite := range tt.not {
			if tt.hello.Offers(suite) {
				t.Errorf("%s %s has %s", tt.hello.Release, tt.hello.Profile, CipherName(suite))
			}
		}
	}
	for _, tt := range []struct {
		hello Hello
		f     Flight
		bad   bool
	}{
		{Hello{Profile: Match}, Flight{Version: tls.VersionTLS11, Suite: 0x0035}, false},
		{Hello{Release: Postfix310, Profile: May}, Flight{Version: tls.VersionTLS11, Suite: 0x0035}, false},
		{Hello{Release: Postfix310, Profile: Match}, Flight{Version: tls.VersionTLS11, Suite: 0x0035}, true},
		{Hello{Profile: May}, Flight{Version: tls.VersionTLS13, Suite: 0x1301, Group: ffdhe, Retry: true}, true},
		{Hello{Release: Postfix310, Profile: May}, Flight{Version: tls.VersionTLS13, Suite: 0x1301, Group: ffdhe, Retry: true}, false},
		{Hello{Release: Postfix310, Profile: May}, Flight{Version: tls.VersionTLS12, Suite: gcm, Group: 24}, false},
	} {
		if err := tt.hello.goesWith(&tt.f, make([]byte, 32)); (err != nil) != tt.bad {
			t.Errorf("%s %s, %s over %s: %v", tt.hello.Release, tt.hello.Profile, VersionName(tt.f.Version),
				GroupName(tt.f.Group), err)
		}
	}
}

// TestCipherNames asks the installed OpenSSL for its names and numbers.
func TestCipherNames(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("openssl", "ciphers", "-V", "ALL:COMPLEMENTOFALL:@SECLEVEL=0").Output()
	if err != nil {
		t.Fatal(err)
	}
	names := map[uint16]string{}
	anonymous := map[uint16]bool{}
	line := regexp.MustCompile(`0x(..),0x(..) - (\S+) +\S+ +Kx=\S+ +Au=(\S+)`)
	for _, m := range line.FindAllStringSubmatch(string(out), -1) {
		id, err := strconv.ParseUint(m[1]+m[2], 16, 16)
		if err != nil {
			t.Fatal(err)
		}
		names[uint16(id)], anonymous[uint16(id)] = m[3], m[4] == "None"
	}
	if len(names) < 100 {
		t.Fatalf("openssl knows only %d suites:\n%s", len(names), out)
	}
	for _, s := range suites {
		if got := CipherName(s.id); got != names[s.id] {
			t.Errorf("0x%04X: %q, openssl says %q", s.id, got, names[s.id])
		}
		if got := (&Flight{Suite: s.id}).Anonymous(); got != anonymous[s.id] {
			t.Errorf("%s: anonymous %v, openssl says %v", s.name, got, anonymous[s.id])
		}
	}
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if name := CipherName(s.ID); strings.HasPrefix(name, "0x") || names[s.ID] != "" && name != names[s.ID] {
			t.Errorf("%s: %q, openssl says %q", s.Name, name, names[s.ID])
		}
	}
	if CipherName(0) != "" || CipherName(0xfefe) != "0xFEFE" {
		t.Errorf("%q, %q", CipherName(0), CipherName(0xfefe))
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for k := KindNone; k <= Broken; k++ {
		text, err := k.MarshalText()
		var back Kind
		if err != nil || back.UnmarshalText(text) != nil || back != k || k.String() != string(text) {
			t.Errorf("%d became %q and %d, %v", k, text, back, err)
		}
	}
	for r := Postfix37; r <= Postfix310; r++ {
		text, err := r.MarshalText()
		var back Release
		if err != nil || back.UnmarshalText(text) != nil || back != r || r.String() != string(text) {
			t.Errorf("%d became %q and %d, %v", r, text, back, err)
		}
	}
	if _, err := (Postfix310 + 1).MarshalText(); err == nil {
		t.Error("there is a release without a test")
	}
	for p := ProfileNone; p <= Match; p++ {
		text, err := p.MarshalText()
		var back Profile
		if err != nil || back.UnmarshalText(text) != nil || back != p || p.String() != string(text) {
			t.Errorf("%d became %q and %d, %v", p, text, back, err)
		}
	}
	if _, err := (Broken + 1).MarshalText(); err == nil {
		t.Error("there is a kind without a test")
	}
}

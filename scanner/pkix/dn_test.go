package pkix

import (
	"bytes"
	"encoding/pem"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestOneline compares with OpenSSL's X509_NAME_oneline, which Postfix prints.
func TestOneline(t *testing.T) {
	t.Parallel()
	binary, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatal(err)
	}
	leaf := newLeaf(t, "mx.example.com", newCA(t, "Root", nil))
	var names [][]byte
	for _, attrs := range [][]attr{
		{{oidCN, tagUTF8String, "Root"}},
		{{"\x55\x04\x06", tagPrintableString, "JP"}, {"\x55\x04\x0a", tagUTF8String, "Beispiel, GmbH"},
			{oidCN, tagUTF8String, "a/b=c"}},
		{{oidCN, tagUTF8String, "M\u00fcller \u65e5\u672c"}},
		{{oidCN, tagT61String, "M\xfcller"}},
		{{oidCN, tagBMPString, "\x00m\x00x"}},
		{{oidCN, tagBMPString, "\x65\xe5\x00x"}},
		{{oidCN, tagUniversalString, "\x00\x00\x00m\x00\x00\x00x"}},
		{{oidCN, tagUTF8String, "tab\tnul\x00\x7f"}},
		{{oidEmail, tagIA5String, "ca@example.com"}, {"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", tagIA5String, "example"}},
		{{"\x2a\x03\x04", tagUTF8String, "1.2.3.4"}, {"\x55\x04\x61", tagUTF8String, "NTRJP-1"}},
		{{"\x55\x04\x05", tagPrintableString, "7"},
			{"\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x03", tagPrintableString, "JP"}},
		{},
	} {
		names = append(names, nameDER(attrs...))
	}
	both := slices.Concat(tlv(tagSequence, tlv(tagOID, []byte(oidCN)), tlv(tagUTF8String, []byte("a+b"))),
		tlv(tagSequence, tlv(tagOID, []byte("\x55\x04\x0a")), tlv(tagUTF8String, []byte("c"))))
	for _, name := range append(names, tlv(tagSequence, tlv(tagSet, both))) {
		c := reissue(t, leaf, nil, func(c *tbs) { c.issuer = name })
		file := write(t, "c.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
		out, err := exec.CommandContext(t.Context(), binary, "x509", "-in", file, "-noout", "-issuer",
			"-nameopt", "compat").Output()
		if err != nil {
			t.Fatal(err)
		}
		want := string(bytes.TrimPrefix(bytes.TrimSuffix(out, []byte("\n")), []byte("issuer=")))
		if got := reread(t, c.Raw).issuer.oneline(); got != want {
			t.Errorf("%q, and OpenSSL says %q", got, want)
		}
	}
}

// TestOnelineCut: what does not fit into Postfix's buffer is left out whole.
func TestOnelineCut(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 240)
	raw := nameDER(attr{"\x55\x04\x0a", tagUTF8String, "O"}, attr{oidCN, tagUTF8String, long},
		attr{oidCN, tagUTF8String, "12345678"})
	if got := must(parseDN(raw)).oneline(); got != "/O=O/CN="+long {
		t.Errorf("%d octets: %s", len(got), got)
	}
}

// TestFold: RFC 5280 7.1 as OpenSSL has it.
func TestFold(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Root": "root", "  A \t B\r\n": "a b", "": "", " ": "", "\u00c4 B": "\u00c4 b", "a\u00a0 b": "a\u00a0 b",
		"\u212a": "\u212a",
	} {
		if got := fold(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

// TestParseDNErrors: what OpenSSL does not read as a name.
func TestParseDNErrors(t *testing.T) {
	t.Parallel()
	for what, raw := range map[string][]byte{
		"empty":           {},
		"a set":           tlv(tagSet),
		"no set inside":   tlv(tagSequence, tlv(tagSequence)),
		"no value":        tlv(tagSequence, tlv(tagSet, tlv(tagSequence, tlv(tagOID, []byte(oidCN))))),
		"bad OID":         nameDER(attr{"\x80\x01", tagUTF8String, "x"}),
		"bad UTF-8":       nameDER(attr{oidCN, tagUTF8String, "\xff"}),
		"odd BMPString":   nameDER(attr{oidCN, tagBMPString, "\x00m\x00"}),
		"a surrogate":     nameDER(attr{oidCN, tagBMPString, "\xd8\x00"}),
		"VisibleString":   nameDER(attr{oidCN, 0x1a, "x"}),
		"octets behind":   append(nameDER(attr{oidCN, tagUTF8String, "x"}), 0),
		"a cut length":    {tagSequence, 0x82, 1},
		"an endless one":  {tagSequence, 0x80, 0, 0},
		"a giant":         {tagSequence, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"a high tag":      {0x1f, 0x81, 0x01, 0},
		"a long negative": {tagSequence, 0x84, 0xff, 0xff, 0xff, 0xff},
	} {
		if n, err := parseDN(raw); err == nil {
			t.Errorf("%s: %+v", what, n)
		}
	}
}

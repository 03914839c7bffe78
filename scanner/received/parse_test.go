package received

import (
	"strings"
	"testing"
	"time"

	"mxtls/scanner/truth"
)

// TestWords has every registered protocol word (RFC 3848, 6531 and 5321), and what others write.
func TestWords(t *testing.T) {
	t.Parallel()
	for want, words := range map[wordKind]string{
		plainly: "SMTP ESMTP ESMTPA LMTP LMTPA UTF8SMTP UTF8SMTPA UTF8LMTP UTF8LMTPA esmtp asmtp smtp",
		secure: "ESMTPS ESMTPSA LMTPS LMTPSA UTF8SMTPS UTF8SMTPSA UTF8LMTPS UTF8LMTPSA SMTPS SMTPs esmtpsa HTTPS " +
			"ESMTP/TLS/AES256-SHA",
		local:  "local local-smtp local-esmtp bsmtp mapi pipe",
		silent: "MMS HTTP NNFMP POP3 SMTPX XSMTPS SMTPSS ESMTP/x UUCP",
	} {
		for w := range strings.FieldsSeq(words) {
			if got := kindOf(w); got != want {
				t.Errorf("%s is of kind %d, want %d", w, got, want)
			}
		}
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Version{
		"TLSv1.3": TLSv13, "TLS1.3": TLSv13, "TLS1_3": TLSv13, "TLSv1_3": TLSv13, "tls 1.3": TLSv13, "TLS-1.3": TLSv13,
		"TLSv1.2": TLSv12, "TLS1_1": TLSv11, "TLSv1": TLSv1, "TLS1": TLSv1, "TLS1_0": TLSv1, "TLSv1.0": TLSv1,
		"TLSv1/SSLv3": SSLv3OrTLSv1, "SSLv3": SSLv3, "SSL3.0": SSLv3, "SSLv2": SSLv2, "TLS": VersionUnknown,
	} {
		if got, ok := parseVersion(text); got != want || !ok {
			t.Errorf("%q is %v, %v; want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "1.3", "TLSv2", "TLSv1.4", "STARTTLS", "TLSv1.3 " + strings.Repeat("v", 20)} {
		if got, ok := parseVersion(text); ok {
			t.Errorf("%q is %v", text, got)
		}
	}
}

// TestForged: what a client can put into a line of a server that it does not own: its HELO name, its envelope, its
// user's name. None of it may make a hop look encrypted.
func TestForged(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, line string
		want       truth.Truth
		reason     Reason
	}{
		{"TLS comment in a HELO name",
			"from x (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)) (out.example.org [192.0.2.7]) by mx (Postfix) with ESMTP id 1",
			truth.No, PlainWord},
		{"the same where no address is written",
			"from x (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)) by mx.example with ESMTP id 1",
			truth.No, PlainWord},
		{"TLS comment and address in a HELO name",
			"from x (y [192.0.2.8]) (using TLSv1.3 with cipher A (1/1 bits)) (out.example.org [192.0.2.7]) by mx (Postfix) with ESMTP id 1",
			truth.No, PlainWord},
		{"sendmail's comment in a HELO name",
			"from x (version=TLSv1.3 cipher=A bits=256 verify=OK) (out.example.org [192.0.2.7]) by mx (8.17.1/8.17.1) with ESMTP id 1",
			truth.No, PlainWord},
		{"the same behind the address: that is not Postfix's form",
			"from x (out.example.org [192.0.2.7]) (version=TLSv1.3 cipher=A) by mx with ESMTP id 1", truth.No, PlainWord},
		{"a whole line in a HELO name", "from x by mx with ESMTPS id 1 (out.example.org [192.0.2.7]) by mx (Postfix) with ESMTP id 1",
			truth.Unknown, Ambiguous},
		{"a date as well", "from x by mx with ESMTPS id 1; Fri, 20 Nov 2026 08:11:02 +0900 (out [192.0.2.7]) by mx with ESMTP id 1; Fri, 20 Nov 2026 09:11:02 +0900",
			truth.Unknown, Ambiguous},
		{"a HELO name that opens a comment", "from x( (out.example.org [192.0.2.7]) by mx with ESMTPS id 1", truth.Unknown, Ambiguous},
		{"a HELO name that opens a string", `from x" (out.example.org [192.0.2.7]) by mx with ESMTPS id 1`, truth.Unknown, Ambiguous},
		{"a HELO name that closes what is not open", "from x) (out.example.org [192.0.2.7]) by mx with ESMTP id 1", truth.No, PlainWord},
		{"a HELO name called by", "from by (out.example.org [192.0.2.7]) by mx with ESMTP id 1", truth.No, PlainWord},
		{"a queue id and a recipient called like clauses",
			"from x (o [192.0.2.7]) by mx with ESMTP id with for tls; Fri, 20 Nov 2026 08:11:02 +0900", truth.No, PlainWord},
		{"a recipient with TLS in it", `from x (o [192.0.2.7]) by mx with ESMTP id 1 for <"a (version=TLS1_3 cipher=A) b"@example.net>`,
			truth.No, PlainWord},
		{"a sender who closes Exim's comment",
			`from [192.0.2.7] (helo=x) by mx with esmtp (Exim 4.96) (envelope-from <"a) (TLS1.3:AES:256) ("@example.org>) id 1`, truth.No, PlainWord},
		{"a sender with TLS in its name",
			`from x (o [192.0.2.7]) by mx with esmtp (Exim 4.96) (envelope-from <"a version=TLS1_3 cipher=A b"@example.org>) id 1`,
			truth.No, PlainWord},
		{"the same behind the date",
			`from x (o [192.0.2.7]) by mx (8.17.1/8.17.1) with ESMTP id 1; Fri, 20 Nov 2026 08:11:02 +0900 ` +
				`(envelope-from <"a version=TLS1_3 cipher=A"@example.org>) (TLS1.3)`, truth.No, PlainWord},
		{"a recipient that opens a comment", "from x (o [192.0.2.7]) by mx with ESMTP id 1 for <a;b(c@example.net>", truth.No, PlainWord},
		{"a queue id called tls", "from x (o [192.0.2.7]) by mx with ESMTP id tls AES256-SHA", truth.No, PlainWord},
		{"two protocols", "from x (o [192.0.2.7]) by mx with ESMTP id 1 with ESMTPS", truth.No, PlainWord},
		{"ciphers without encryption in TLS 1.3", "from x (o [192.0.2.7]) by mx with ESMTPS (TLS1.3) tls TLS_SHA256_SHA256", truth.No, NullCipher},
		{"a user who closes Postfix's comment",
			"from x (o [192.0.2.7]) (Authenticated sender: a) (using TLSv1.3 with cipher A (1/1 bits)) by mx (Postfix) with ESMTPA id 1", truth.No, PlainWord},
		{"a certificate with an address in its name",
			`from x (o [192.0.2.7]) (using TLSv1.3 with cipher A (1/1 bits)) (Client CN "q [10.0.0.1] (verified OK)", Issuer "i" (not verified)) by mx (Postfix) with ESMTPS id 1`,
			truth.Yes, StatedTLS},
		{"an encoded word stays one", "from x (o [192.0.2.7]) by mx =?utf-8?q?=28version=3DTLS1=5F3_cipher=3DA=29?= with ESMTP id 1", truth.No, PlainWord},
		{"SASL's bits", "from x (o [192.0.2.7]) by mx with ESMTP (bits=256) id 1", truth.No, PlainWord},
		{"quoted pairs", `from x (o \) by y [192.0.2.7]) by mx with ESMTP id 1`, truth.No, PlainWord},
		{"a version that is none", "from x (o [192.0.2.7]) by mx with ESMTP (version=9 cipher=) id 1", truth.No, PlainWord},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if h := Parse(tt.line); h.Encrypted != tt.want || h.Reason != tt.reason {
				t.Errorf("%s\nis %v, %v; want %v, %v: %+v", tt.line, h.Encrypted, h.Reason, tt.want, tt.reason, h)
			}
		})
	}
}

func TestParseOddities(t *testing.T) {
	t.Parallel()
	certificate := Parse(`from x (o.example [192.0.2.7]) (Client CN "q [10.0.0.1] (verified OK)", Issuer "i" (not verified)) by mx with ESMTPS`)
	if certificate.Verified != truth.No || certificate.Address.String() != "192.0.2.7" || certificate.From != "o.example" {
		t.Errorf("certificate: %+v", certificate)
	}
	long := Parse("from x (o [192.0.2.7]) by mx with ESMTPS id 1 " + strings.Repeat("x", maxField))
	if long.Reason != TooLong || long.Encrypted != truth.Unknown || long.By != "mx" {
		t.Errorf("long: %+v", long)
	}
	for _, line := range []string{"", "from", "by", "from by", "from x by", "with", ";", "();", "from x;by y", "\x00\xff(", "from x with ESMTPS"} {
		if h := Parse(line); h.Encrypted != truth.Unknown || h.Reason == ReasonUnknown {
			t.Errorf("%q: %+v", line, h)
		}
	}
	deep := Parse("from x " + strings.Repeat("(", 5000) + strings.Repeat(")", 5000) + " by mx with ESMTPS")
	if deep.Reason != SecureWord {
		t.Errorf("nested: %+v", deep)
	}
	for _, line := range []string{
		"from jo@example.org (jo@example.org [192.0.2.7]) by jo@mx.example with jo@ESMTP id jo@x for <jo@example.net>",
		"from jo%40example.org (HELO jo@x.example) (jo@192.0.2.7) by mx.example with SMTP",
		"from jo by mx.example with local (Exim 4.96)", "from jo by mx.example id 1", "from jo.doe by mx.example with local (smail)", "from jo by mx.example with local-smtp",
	} {
		if h := Parse(line); strings.Contains(h.From+h.Helo+h.By+h.Protocol, "jo") {
			t.Errorf("%s keeps a local part: %+v", line, h)
		}
	}
	if h := Parse("by " + strings.Repeat("ß", 400) + " with " + strings.Repeat("x", 400)); len(h.By) != 254 || len(h.Protocol) != 255 {
		t.Errorf("%d octets of by, %d of with", len(h.By), len(h.Protocol))
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 11, 19, 23, 11, 2, 0, time.UTC)
	for _, text := range []string{
		"Fri, 20 Nov 2026 08:11:02 +0900", "20 Nov 2026 08:11:02 +0900 (JST) (more)", "Thu, 19 Nov 2026\r\n\t23:11:02 +0000", "Thu, 19 Nov 2026 23:11:02 GMT",
		"Thu, 19 Nov 2026 15:11:02 -0800 (PST)\n\t(using TLSv1.3)",
	} {
		if got := parseDate(text); !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%q is %v", text, got)
		}
	}
	for _, text := range []string{"", "yesterday", "31 Feb 2026 08:11:02 +0900", strings.Repeat("1", 100), "(Fri, 20 Nov 2026 08:11:02 +0900)"} {
		if got := parseDate(text); !got.IsZero() {
			t.Errorf("%q is %v", text, got)
		}
	}
}

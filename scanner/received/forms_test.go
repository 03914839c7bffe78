package received

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner/truth"
)

// Parts of the lines below.
const (
	date    = "; Fri, 20 Nov 2026 08:11:02 +0900 (JST)"
	aes256  = "TLS_AES_256_GCM_SHA384"
	ecdhe   = "ECDHE-RSA-AES256-GCM-SHA384"
	client  = "out.example.org"
	server  = "mx.example.net"
	postfix = "from out.example.org (out.example.org [192.0.2.7])\n\t"
	byMX    = "by mx.example.net (Postfix) with "
)

var (
	ip        = netip.MustParseAddr("192.0.2.7")
	noAddress = netip.IPv6Unspecified() // stands for an address that is not said
)

// form is one line and what it says; unless it says otherwise, of a hop from client at ip to server.
type form struct {
	name string
	line string
	want Hop
}

// forms are the lines of the programs that are known, each with the place that teaches it. The lines are made up.
var forms = [][]form{postfixForms, eximForms, sendmailForms, otherForms, providerForms}

// Postfix: smtpd/smtpd.c of each release.
var postfixForms = []form{
	{
		"Postfix 3.4 and later, TLS 1.3, smtpd_tls_received_header = yes",
		postfix + "(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\n\t key-exchange X25519 " +
			"server-signature RSA-PSS (4096 bits) server-digest SHA256)\n\t(No client certificate " +
			"requested)\n\tby mx.example.net (Postfix) with ESMTPS id 4Zb3Xk2r1Sz9rxN\n\tfor " +
			"<somebody@example.net>" + date,
		Hop{Checked: true, Protocol: "ESMTPS", Version: TLSv13, Cipher: aes256, Bits: 256,
			Reason: StatedTLS, Verified: truth.No},
	},
	{
		"Postfix 3.4 and later, the client's certificate is good",
		postfix + "(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\n\t key-exchange ECDHE " +
			"(prime256v1) server-signature ECDSA (prime256v1) server-digest SHA256\n\t client-signature " +
			"RSA-PSS (2048 bits) client-digest SHA256)\n\t(Client CN \"out.example.org\", Issuer \"Example CA " +
			"(G2)\" (verified OK))\n\tby mx.example.net (Postfix) with ESMTPS id 1" + date,
		Hop{Checked: true, Protocol: "ESMTPS", Version: TLSv13, Cipher: aes256, Bits: 256,
			Reason: StatedTLS, Verified: truth.Yes},
	},
	{
		"Postfix 2.3 to 3.3",
		postfix + "(using TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits))\n\t(Client did not present " +
			"a certificate)\n\tby mx.example.net (Postfix) with ESMTPS id 1" + date,
		Hop{Checked: true, Protocol: "ESMTPS", Version: TLSv12, Cipher: ecdhe, Bits: 256,
			Reason: StatedTLS, Verified: truth.No},
	},
	{
		"Postfix 2.3, a certificate that is not verified, an export cipher",
		postfix + "(using TLSv1 with cipher EXP-RC4-MD5 (40/128 bits))\n\t(Client CN \"verified OK\", Issuer \"x\" " +
			"(not verified))\n\tby mx.example.net (Postfix) with ESMTPS id 1" + date,
		Hop{Checked: true, Protocol: "ESMTPS", Version: TLSv1, Cipher: "EXP-RC4-MD5", Bits: 40,
			Reason: StatedTLS, Verified: truth.No},
	},
	{
		"Postfix 2.2 and the TLS patch before it: ESMTP beside TLS",
		postfix + "(using TLSv1 with cipher DES-CBC3-SHA (168/168 bits))\n\t(No client certificate requested)\n\tby " +
			"mx.example.net (Postfix) with ESMTP id 1" + date,
		Hop{Checked: true, Protocol: "ESMTP", Version: TLSv1, Cipher: "DES-CBC3-SHA", Bits: 168,
			Reason: StatedTLS, Verified: truth.No},
	},
	{
		"Postfix, smtpd_tls_received_header = no: the default",
		postfix + byMX + "ESMTPS id 1" + date,
		Hop{Checked: true, Protocol: "ESMTPS", Reason: SecureWord},
	},
	{
		"Postfix without TLS",
		postfix + byMX + "ESMTP id 1" + date,
		Hop{Checked: true, Protocol: "ESMTP", Reason: PlainWord},
	},
	{
		"Postfix, HELO",
		postfix + byMX + "SMTP id 1" + date,
		Hop{Checked: true, Protocol: "SMTP", Reason: PlainWord},
	},
	{
		"Postfix, SMTPUTF8 and TLS",
		postfix + byMX + "UTF8SMTPS id 1" + date,
		Hop{Checked: true, Protocol: "UTF8SMTPS", Reason: SecureWord},
	},
	{
		"Postfix, an authenticated user is not kept",
		"from [10.0.0.3] (unknown [192.0.2.7])\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 " +
			"(256/256 bits))\n\t(Authenticated sender: jo@example.org)\n\tby mx.example.net (Postfix) with " +
			"ESMTPSA id 1" + date,
		Hop{From: "-", Helo: "10.0.0.3", Protocol: "ESMTPSA", Version: TLSv13, Cipher: aes256, Bits: 256,
			Reason: StatedTLS},
	},
	{
		"Postfix, IPv6 and a name that the DNS does not bear out",
		"from helo.example (unknown [IPv6:2001:db8::7])\n\tby mx.example.net (Postfix) with ESMTP id 1" + date,
		Hop{From: "helo.example", Helo: "helo.example", Address: netip.MustParseAddr("2001:db8::7"),
			Protocol: "ESMTP", Reason: PlainWord},
	},
	{
		"Postfix behind HAProxy with the PROXY protocol: STARTTLS is the server's own, the address the " +
			"client's (postscreen, smtpd_upstream_proxy_protocol)",
		postfix + "(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\n\tby mx.example.net (Postfix) " +
			"with ESMTPS id 1" + date,
		Hop{Checked: true, Protocol: "ESMTPS", Version: TLSv13, Cipher: aes256, Bits: 256,
			Reason: StatedTLS},
	},
	{
		"Postfix behind a HAProxy that ends TLS, without the PROXY protocol: all clients are the proxy",
		"from out.example.org (unknown [10.1.1.2])\n\tby mx.example.net (Postfix) with ESMTP id 1" + date,
		Hop{Address: netip.MustParseAddr("10.1.1.2"), Protocol: "ESMTP", Reason: Internal},
	},
	{
		"Postfix, a content filter on the same machine",
		"from localhost (localhost [127.0.0.1])\n\tby mx.example.net (Postfix) with ESMTP id 1" + date,
		Hop{From: "localhost", Helo: "localhost", Address: netip.MustParseAddr("127.0.0.1"),
			Protocol: "ESMTP", Reason: Internal},
	},
	{
		"Postfix, pickup(8)",
		"by mx.example.net (Postfix, from userid 1000)\n\tid 1" + date,
		Hop{From: "-", Helo: "-", Address: noAddress, Reason: Internal},
	},
	{
		"Postfix, a cipher without encryption",
		postfix + "(using TLSv1.2 with cipher ECDHE-RSA-NULL-SHA (0/0 bits))\n\tby mx.example.net (Postfix) with " +
			"ESMTPS id 1" + date,
		Hop{Checked: true, Protocol: "ESMTPS", Version: TLSv12, Cipher: "ECDHE-RSA-NULL-SHA",
			Reason: NullCipher},
	},
}

// Exim: src/globals.c, received_header_text; src/host.c, host_build_sender_fullhost.
var eximForms = []form{
	{
		"Exim 4.93 and later: a tls clause (RFC 8314 4.3)",
		"from out.example.org ([192.0.2.7] helo=helo.example)\n\tby mx.example.net with esmtps  (TLS1.3) " +
			"tls TLS_AES_256_GCM_SHA384\n\t(Exim 4.96)\n\t(envelope-from <jo@example.org>)\n\tid " +
			"1tAbCd-000000001Xy-2abc\n\tfor somebody@example.net;\n\tFri, 20 Nov 2026 08:11:02 +0900",
		Hop{Checked: true, Helo: "helo.example", Protocol: "esmtps", Version: TLSv13, Cipher: aes256,
			Reason: StatedTLS},
	},
	{
		"Exim 4.80 to 4.92 with OpenSSL",
		"from out.example.org ([192.0.2.7]:52311 helo=helo.example)\n\tby mx.example.net with esmtps " +
			"(TLSv1.2:ECDHE-RSA-AES256-GCM-SHA384:256)\n\t(Exim 4.92)\n\t(envelope-from <jo@example.org>)\n\t" +
			"id 1tAbCd-0001Xy-2a" + date,
		Hop{Checked: true, Helo: "helo.example", Protocol: "esmtps", Version: TLSv12, Cipher: ecdhe,
			Bits: 256, Reason: StatedTLS},
	},
	{
		"Exim 4.80 to 4.92 with GnuTLS",
		"from out.example.org ([192.0.2.7] helo=helo.example) by mx.example.net with esmtpsa " +
			"(TLS1.2:ECDHE_RSA_AES_256_GCM_SHA384:256) (Exim 4.89) id 1" + date,
		Hop{Checked: true, Helo: "helo.example", Protocol: "esmtpsa", Version: TLSv12,
			Cipher: "ECDHE_RSA_AES_256_GCM_SHA384", Bits: 256, Reason: StatedTLS},
	},
	{
		"Exim 4.92 with GnuTLS 3.6 and TLS 1.3",
		"from out.example.org ([192.0.2.7] helo=helo.example) by mx.example.net with esmtps " +
			"(TLS1.3:ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM:256) (Exim 4.92.2) id 1" + date,
		Hop{Checked: true, Helo: "helo.example", Protocol: "esmtps", Version: TLSv13,
			Cipher: "ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM", Bits: 256, Reason: StatedTLS},
	},
	{
		"Exim 4.0 to 4.7x",
		"from out.example.org ([192.0.2.7] helo=helo.example) by mx.example.net with esmtps " +
			"(TLSv1:AES256-SHA:256) (Exim 4.69) id 1" + date,
		Hop{Checked: true, Helo: "helo.example", Protocol: "esmtps", Version: TLSv1,
			Cipher: "AES256-SHA", Bits: 256, Reason: StatedTLS},
	},
	{
		"Exim 3: asmtp",
		"from out.example.org ([192.0.2.7] helo=helo.example) by mx.example.net with asmtp " +
			"(TLSv1:DES-CBC3-SHA:168) (Exim 3.36 #1) id 1" + date,
		Hop{Checked: true, Helo: "helo.example", Protocol: "asmtp", Version: TLSv1,
			Cipher: "DES-CBC3-SHA", Bits: 168, Reason: StatedTLS},
	},
	{
		"Exim without TLS, the name is the client's own",
		"from out.example.org ([192.0.2.7])\n\tby mx.example.net with esmtp (Exim 4.96) id 1" + date,
		Hop{Protocol: "esmtp", Reason: PlainWord},
	},
	{
		"Exim, no name",
		"from [192.0.2.7] (port=40122 helo=[10.0.0.2])\n\tby mx.example.net with smtp (Exim 4.96) id 1" + date,
		Hop{From: "10.0.0.2", Helo: "10.0.0.2", Protocol: "smtp", Reason: PlainWord},
	},
	{
		"Exim, mail of a user of its machine: no name is kept",
		"from jo.doe by mx.example.net with local (Exim 4.96)\n\t(envelope-from <jo.doe@example.net>)\n\t" +
			"id 1" + date,
		Hop{From: "-", Helo: "-", Address: noAddress, Protocol: "local", Reason: Internal},
	},
	{
		"Exim, the same with a protocol of somebody's choice",
		"from jo.doe by mx.example.net with scanned (Exim 4.96) id 1" + date,
		Hop{From: "-", Helo: "-", Address: noAddress, Protocol: "scanned", Reason: NotStated},
	},
	{
		"Exim, LMTP",
		"from out.example.org ([192.0.2.7] helo=helo.example) by mx.example.net with lmtps (TLS1.3) tls " +
			"TLS_AES_128_GCM_SHA256 (Exim 4.96) id 1" + date,
		Hop{Checked: true, Helo: "helo.example", Protocol: "lmtps", Version: TLSv13,
			Cipher: "TLS_AES_128_GCM_SHA256", Reason: StatedTLS},
	},
}

// sendmail: cf/m4/cfhead.m4, _REC_HDR_, _REC_BY_ and _REC_TLS_; doc/op/op.me on ${verify}.
var sendmailForms = []form{
	{
		"sendmail 8.16 and later",
		postfix + "by mx.example.net (8.17.1/8.17.1/Debian-2) with ESMTPS id 6ABC123\n\t(version=TLSv1.3 " +
			"cipher=TLS_AES_256_GCM_SHA384 bits=256 verify=NOT)\n\tfor <somebody@example.net>" + date,
		Hop{Checked: true, Protocol: "ESMTPS", Version: TLSv13, Cipher: aes256, Bits: 256,
			Reason: StatedTLS, Verified: truth.No},
	},
	{
		"sendmail 8.18 with the key exchange, the client's certificate is good",
		"from out.example.org (out.example.org [192.0.2.7]) by mx.example.net (8.18.1/8.18.1) with ESMTPS " +
			"id 6 (version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384 bits=256 verify=OK key_exchange=X25519) for " +
			"<somebody@example.net>" + date,
		Hop{Checked: true, Protocol: "ESMTPS", Version: TLSv13, Cipher: aes256, Bits: 256,
			Reason: StatedTLS, Verified: truth.Yes},
	},
	{
		"sendmail 8.11 to 8.14: the version is that of the cipher",
		"from out.example.org (out.example.org [192.0.2.7]) by mx.example.net (8.14.4/8.14.4) with ESMTP " +
			"id 6 (version=TLSv1/SSLv3 cipher=DHE-RSA-AES256-SHA bits=256 verify=FAIL) for " +
			"<somebody@example.net>" + date,
		Hop{Checked: true, Protocol: "ESMTP", Version: SSLv3OrTLSv1, Cipher: "DHE-RSA-AES256-SHA",
			Bits: 256, Reason: StatedTLS, Verified: truth.No},
	},
	{
		"sendmail, an authenticated user: bits of SASL are none of TLS",
		"from out.example.org (out.example.org [192.0.2.7]) (authenticated bits=256) by mx.example.net " +
			"(8.15.2/8.15.2) with ESMTPA id 6" + date,
		Hop{Checked: true, Protocol: "ESMTPA", Reason: PlainWord},
	},
	{
		"sendmail, a name that may be forged",
		"from helo.example (out.example.org [192.0.2.7] (may be forged)) by mx.example.net (8.15.2/8.15.2) " +
			"with ESMTP id 6" + date,
		Hop{From: "helo.example", Helo: "helo.example", Protocol: "ESMTP", Reason: PlainWord},
	},
	{
		"sendmail, the client's own submission",
		"(from jo@localhost)\n\tby mx.example.net (8.15.2/8.15.2/Submit) id 6" + date,
		Hop{From: "-", Helo: "-", Address: noAddress, Reason: Internal},
	},
	{
		"Proofpoint: sendmail's form",
		postfix + "by mx.example.net (PPS) with ESMTPS id 4abcde-1\n\t(version=TLSv1.2 " +
			"cipher=ECDHE-RSA-AES256-GCM-SHA384 bits=256 verify=NOT)\n\tfor <somebody@example.net>" + date,
		Hop{Checked: true, Protocol: "ESMTPS", Version: TLSv12, Cipher: ecdhe, Bits: 256,
			Reason: StatedTLS, Verified: truth.No},
	},
	{
		"Proofpoint, its filter",
		"from pps.filterd (m1.ppops.net [127.0.0.1])\n\tby mx.example.net (8.18.1.2/8.18.1.2) with ESMTP " +
			"id 6" + date,
		Hop{From: "m1.ppops.net", Checked: true, Helo: "pps.filterd",
			Address: netip.MustParseAddr("127.0.0.1"), Protocol: "ESMTP", Reason: Internal},
	},
}

func TestForms(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 19, 23, 11, 2, 0, time.UTC)
	for _, group := range forms {
		for _, tt := range group {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				want := tt.want
				want.Time = at
				fill(&want.From, client)
				fill(&want.By, server)
				if want.Helo == "" && want.Address != noAddress {
					want.Helo = client
				}
				fill(&want.Helo, "")
				switch want.Address {
				case netip.Addr{}:
					want.Address = ip
				case noAddress:
					want.Address = netip.Addr{}
				}
				want.Encrypted = answers[want.Reason]
				got := Parse(" " + tt.line)
				if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
					t.Errorf("%s\n(-want +got):\n%s", tt.line, diff)
				}
			})
		}
	}
}

// fill gives a text that is not said its default; "-" stands for none.
func fill(s *string, text string) {
	switch *s {
	case "":
		*s = text
	case "-":
		*s = ""
	}
}

// answers are what the reasons stand for.
var answers = map[Reason]truth.Truth{
	StatedTLS: truth.Yes, SecureWord: truth.Yes, PlainWord: truth.No, NullCipher: truth.No,
}

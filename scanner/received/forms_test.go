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
	ip = netip.MustParseAddr("192.0.2.7")
)

// form is one line and what it says; unless it says otherwise, of a hop from client at ip to server.
type form struct {
	name string
	line string
	want Hop
}

// forms are the lines of the programs that are known, each with the place that teaches it. The lines are made up.
var forms = [][]form{postfixForms, eximForms, sendmailForms, otherForms, providerForms}

// Postfix: smtpd/smtpd.c, data_cmd and smtpd_received_header of each release.
var postfixForms = []form{
	{"Postfix 3.4 and later, TLS 1.3, smtpd_tls_received_header = yes",
		postfix + "(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\n\t key-exchange X25519 server-signature" +
			" RSA-PSS (4096 bits) server-digest SHA256)\n\t(No client certificate requested)\n\t" + byMX +
			"ESMTPS id 4Zb3Xk2r1Sz9rxN\n\tfor <somebody@example.net>" + date,
		Hop{Protocol: "ESMTPS", Version: TLSv13, Cipher: aes256, Bits: 256, Reason: StatedTLS, Verified: truth.No, Checked: true}},
	{"Postfix 3.4 and later, the client's certificate is good",
		postfix + "(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\n\t key-exchange ECDHE (prime256v1) " +
			"server-signature ECDSA (prime256v1) server-digest SHA256\n\t client-signature RSA-PSS (2048 bits) client-digest " +
			"SHA256)\n\t(Client CN \"out.example.org\", Issuer \"Example CA (G2)\" (verified OK))\n\t" + byMX + "ESMTPS id 1" + date,
		Hop{Protocol: "ESMTPS", Version: TLSv13, Cipher: aes256, Bits: 256, Reason: StatedTLS, Verified: truth.Yes, Checked: true}},
	{"Postfix 2.3 to 3.3",
		postfix + "(using TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits))\n\t(Client did not present a " +
			"certificate)\n\t" + byMX + "ESMTPS id 1" + date,
		Hop{Protocol: "ESMTPS", Version: TLSv12, Cipher: ecdhe, Bits: 256, Reason: StatedTLS, Verified: truth.No, Checked: true}},
	{"Postfix 2.3, a certificate that is not verified, an export cipher",
		postfix + "(using TLSv1 with cipher EXP-RC4-MD5 (40/128 bits))\n\t(Client CN \"verified OK\", Issuer \"x\" (not verified" +
			"))\n\t" + byMX + "ESMTPS id 1" + date,
		Hop{Protocol: "ESMTPS", Version: TLSv1, Cipher: "EXP-RC4-MD5", Bits: 40, Reason: StatedTLS, Verified: truth.No, Checked: true}},
	{"Postfix 2.2 and the TLS patch before it: ESMTP beside TLS",
		postfix + "(using TLSv1 with cipher DES-CBC3-SHA (168/168 bits))\n\t(No client certificate requested)\n\t" + byMX + "ESMTP id 1" + date,
		Hop{Protocol: "ESMTP", Version: TLSv1, Cipher: "DES-CBC3-SHA", Bits: 168, Reason: StatedTLS, Verified: truth.No, Checked: true}},
	{"Postfix, smtpd_tls_received_header = no: the default",
		postfix + byMX + "ESMTPS id 1" + date, Hop{Protocol: "ESMTPS", Reason: SecureWord, Checked: true}},
	{"Postfix without TLS", postfix + byMX + "ESMTP id 1" + date, Hop{Protocol: "ESMTP", Reason: PlainWord, Checked: true}},
	{"Postfix, HELO", postfix + byMX + "SMTP id 1" + date, Hop{Protocol: "SMTP", Reason: PlainWord, Checked: true}},
	{"Postfix, SMTPUTF8 and TLS", postfix + byMX + "UTF8SMTPS id 1" + date, Hop{Protocol: "UTF8SMTPS", Reason: SecureWord, Checked: true}},
	{"Postfix, an authenticated user is not kept",
		"from [10.0.0.3] (unknown [192.0.2.7])\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\n\t" +
			"(Authenticated sender: jo@example.org)\n\t" + byMX + "ESMTPSA id 1" + date,
		Hop{Protocol: "ESMTPSA", Version: TLSv13, Cipher: aes256, Bits: 256, Reason: StatedTLS, Helo: "10.0.0.3", From: "-"}},
	{"Postfix, IPv6 and a name that the DNS does not bear out",
		"from helo.example (unknown [IPv6:2001:db8::7])\n\t" + byMX + "ESMTP id 1" + date,
		Hop{Protocol: "ESMTP", Reason: PlainWord, From: "helo.example", Helo: "helo.example", Address: netip.MustParseAddr("2001:db8::7")}},
	{"Postfix behind HAProxy with the PROXY protocol: STARTTLS is the server's own, the address the client's (postscreen, smtpd_upstream_proxy_protocol)",
		postfix + "(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\n\t" + byMX + "ESMTPS id 1" + date,
		Hop{Protocol: "ESMTPS", Version: TLSv13, Cipher: aes256, Bits: 256, Reason: StatedTLS, Checked: true}},
	{"Postfix behind a HAProxy that ends TLS, without the PROXY protocol: all clients are the proxy",
		"from out.example.org (unknown [10.1.1.2])\n\t" + byMX + "ESMTP id 1" + date,
		Hop{Protocol: "ESMTP", Reason: Internal, Address: netip.MustParseAddr("10.1.1.2")}},
	{"Postfix, a content filter on the same machine",
		"from localhost (localhost [127.0.0.1])\n\t" + byMX + "ESMTP id 1" + date,
		Hop{Protocol: "ESMTP", Reason: Internal, From: "localhost", Helo: "localhost", Address: netip.MustParseAddr("127.0.0.1")}},
	{"Postfix, pickup(8)", "by mx.example.net (Postfix, from userid 1000)\n\tid 1" + date,
		Hop{Reason: Internal, From: "-", Helo: "-", Address: netip.IPv6Unspecified()}},
	{"Postfix, a cipher without encryption",
		postfix + "(using TLSv1.2 with cipher ECDHE-RSA-NULL-SHA (0/0 bits))\n\t" + byMX + "ESMTPS id 1" + date,
		Hop{Protocol: "ESMTPS", Version: TLSv12, Cipher: "ECDHE-RSA-NULL-SHA", Reason: NullCipher, Checked: true}},
}

// Exim: src/globals.c, received_header_text; src/host.c, host_build_sender_fullhost.
var eximForms = []form{
	{"Exim 4.93 and later: a tls clause (RFC 8314 4.3)",
		"from out.example.org ([192.0.2.7] helo=helo.example)\n\tby mx.example.net with esmtps  (TLS1.3) tls TLS_AES_256_GCM_SHA384\n\t" +
			"(Exim 4.96)\n\t(envelope-from <jo@example.org>)\n\tid 1tAbCd-000000001Xy-2abc\n\tfor somebody@example.net;\n\t" +
			"Fri, 20 Nov 2026 08:11:02 +0900",
		Hop{Protocol: "esmtps", Version: TLSv13, Cipher: aes256, Reason: StatedTLS, Helo: "helo.example", Checked: true}},
	{"Exim 4.80 to 4.92 with OpenSSL",
		"from out.example.org ([192.0.2.7]:52311 helo=helo.example)\n\tby mx.example.net with esmtps (TLSv1.2:" + ecdhe +
			":256)\n\t(Exim 4.92)\n\t(envelope-from <jo@example.org>)\n\tid 1tAbCd-0001Xy-2a" + date,
		Hop{Protocol: "esmtps", Version: TLSv12, Cipher: ecdhe, Bits: 256, Reason: StatedTLS, Helo: "helo.example", Checked: true}},
	{"Exim 4.80 to 4.92 with GnuTLS",
		"from out.example.org ([192.0.2.7] helo=helo.example) by mx.example.net with esmtpsa (TLS1.2:ECDHE_RSA_AES_256_GCM_SHA384:256) (Exim 4.89) id 1" + date,
		Hop{Protocol: "esmtpsa", Version: TLSv12, Cipher: "ECDHE_RSA_AES_256_GCM_SHA384", Bits: 256, Reason: StatedTLS, Helo: "helo.example", Checked: true}},
	{"Exim 4.92 with GnuTLS 3.6 and TLS 1.3",
		"from out.example.org ([192.0.2.7] helo=helo.example) by mx.example.net with esmtps (TLS1.3:ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM:256) (Exim 4.92.2) id 1" + date,
		Hop{Protocol: "esmtps", Version: TLSv13, Cipher: "ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM", Bits: 256, Reason: StatedTLS, Helo: "helo.example", Checked: true}},
	{"Exim 4.0 to 4.7x",
		"from out.example.org ([192.0.2.7] helo=helo.example) by mx.example.net with esmtps (TLSv1:AES256-SHA:256) (Exim 4.69) id 1" + date,
		Hop{Protocol: "esmtps", Version: TLSv1, Cipher: "AES256-SHA", Bits: 256, Reason: StatedTLS, Helo: "helo.example", Checked: true}},
	{"Exim 3: asmtp", "from out.example.org ([192.0.2.7] helo=helo.example) by mx.example.net with asmtp (TLSv1:DES-CBC3-SHA:168) (Exim 3.36 #1) id 1" + date,
		Hop{Protocol: "asmtp", Version: TLSv1, Cipher: "DES-CBC3-SHA", Bits: 168, Reason: StatedTLS, Helo: "helo.example", Checked: true}},
	{"Exim without TLS, the name is the client's own", "from out.example.org ([192.0.2.7])\n\tby mx.example.net with esmtp (Exim 4.96) id 1" + date,
		Hop{Protocol: "esmtp", Reason: PlainWord}},
	{"Exim, no name", "from [192.0.2.7] (port=40122 helo=[10.0.0.2])\n\tby mx.example.net with smtp (Exim 4.96) id 1" + date,
		Hop{Protocol: "smtp", Reason: PlainWord, From: "10.0.0.2", Helo: "10.0.0.2"}},
	{"Exim, mail of a user of its machine: no name is kept", "from jo.doe by mx.example.net with local (Exim 4.96)\n\t(envelope-from <jo.doe@example.net>)\n\tid 1" + date,
		Hop{Protocol: "local", Reason: Internal, From: "-", Helo: "-", Address: netip.IPv6Unspecified()}},
	{"Exim, the same with a protocol of somebody's choice", "from jo.doe by mx.example.net with scanned (Exim 4.96) id 1" + date,
		Hop{Protocol: "scanned", Reason: NotStated, From: "-", Helo: "-", Address: netip.IPv6Unspecified()}},
	{"Exim, LMTP", "from out.example.org ([192.0.2.7] helo=helo.example) by mx.example.net with lmtps (TLS1.3) tls TLS_AES_128_GCM_SHA256 (Exim 4.96) id 1" + date,
		Hop{Protocol: "lmtps", Version: TLSv13, Cipher: "TLS_AES_128_GCM_SHA256", Reason: StatedTLS, Helo: "helo.example", Checked: true}},
}

// sendmail: cf/m4/cfhead.m4, _REC_HDR_, _REC_BY_ and _REC_TLS_; doc/op/op.me on ${verify}.
var sendmailForms = []form{
	{"sendmail 8.16 and later",
		"from out.example.org (out.example.org [192.0.2.7])\n\tby mx.example.net (8.17.1/8.17.1/Debian-2) with ESMTPS id 6ABC123\n\t" +
			"(version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384 bits=256 verify=NOT)\n\tfor <somebody@example.net>" + date,
		Hop{Protocol: "ESMTPS", Version: TLSv13, Cipher: aes256, Bits: 256, Reason: StatedTLS, Verified: truth.No, Checked: true}},
	{"sendmail 8.18 with the key exchange, the client's certificate is good",
		"from out.example.org (out.example.org [192.0.2.7]) by mx.example.net (8.18.1/8.18.1) with ESMTPS id 6 (version=TLSv1.3 " +
			"cipher=TLS_AES_256_GCM_SHA384 bits=256 verify=OK key_exchange=X25519) for <somebody@example.net>" + date,
		Hop{Protocol: "ESMTPS", Version: TLSv13, Cipher: aes256, Bits: 256, Reason: StatedTLS, Verified: truth.Yes, Checked: true}},
	{"sendmail 8.11 to 8.14: the version is that of the cipher",
		"from out.example.org (out.example.org [192.0.2.7]) by mx.example.net (8.14.4/8.14.4) with ESMTP id 6 (version=TLSv1/SSLv3 " +
			"cipher=DHE-RSA-AES256-SHA bits=256 verify=FAIL) for <somebody@example.net>" + date,
		Hop{Protocol: "ESMTP", Version: SSLv3OrTLSv1, Cipher: "DHE-RSA-AES256-SHA", Bits: 256, Reason: StatedTLS, Verified: truth.No, Checked: true}},
	{"sendmail, an authenticated user: bits of SASL are none of TLS",
		"from out.example.org (out.example.org [192.0.2.7]) (authenticated bits=256) by mx.example.net (8.15.2/8.15.2) with ESMTPA id 6" + date,
		Hop{Protocol: "ESMTPA", Reason: PlainWord, Checked: true}},
	{"sendmail, a name that may be forged",
		"from helo.example (out.example.org [192.0.2.7] (may be forged)) by mx.example.net (8.15.2/8.15.2) with ESMTP id 6" + date,
		Hop{Protocol: "ESMTP", Reason: PlainWord, From: "helo.example", Helo: "helo.example"}},
	{"sendmail, the client's own submission", "(from jo@localhost)\n\tby mx.example.net (8.15.2/8.15.2/Submit) id 6" + date,
		Hop{Reason: Internal, From: "-", Helo: "-", Address: netip.IPv6Unspecified()}},
	{"Proofpoint: sendmail's form",
		"from out.example.org (out.example.org [192.0.2.7])\n\tby mx.example.net (PPS) with ESMTPS id 4abcde-1\n\t(version=TLSv1.2 cipher=" +
			ecdhe + " bits=256 verify=NOT)\n\tfor <somebody@example.net>" + date,
		Hop{Protocol: "ESMTPS", Version: TLSv12, Cipher: ecdhe, Bits: 256, Reason: StatedTLS, Verified: truth.No, Checked: true}},
	{"Proofpoint, its filter", "from pps.filterd (m1.ppops.net [127.0.0.1])\n\tby mx.example.net (8.18.1.2/8.18.1.2) with ESMTP id 6" + date,
		Hop{Protocol: "ESMTP", Reason: Internal, From: "m1.ppops.net", Helo: "pps.filterd", Address: netip.MustParseAddr("127.0.0.1"), Checked: true}},
}

// Other programs.
var otherForms = []form{
	{"OpenSMTPD 6 and 7 with OpenSSL (smtpd/smtp_session.c)",
		"from helo.example (out.example.org [192.0.2.7])\n\tby mx.example.net (OpenSMTPD) with ESMTPS id 1a2b3c4d (TLSv1.3:" +
			"TLS_AES_256_GCM_SHA384:256:NO)\n\tfor <somebody@example.net>;\n\tFri, 20 Nov 2026 08:11:02 +0900 (JST)",
		Hop{Protocol: "ESMTPS", Version: TLSv13, Cipher: aes256, Bits: 256, Reason: StatedTLS, Verified: truth.No, Helo: "helo.example"}},
	{"OpenSMTPD with libtls, a good certificate, IPv6 without brackets",
		"from helo.example (out.example.org 2001:db8::7) by mx.example.net (OpenSMTPD) with ESMTPSA id 1 (TLSv1.3:AEAD-AES256-GCM-SHA384:256:YES) auth=yes user=jo" + date,
		Hop{Protocol: "ESMTPSA", Version: TLSv13, Cipher: "AEAD-AES256-GCM-SHA384", Bits: 256, Reason: StatedTLS, Verified: truth.Yes,
			Helo: "helo.example", Address: netip.MustParseAddr("2001:db8::7")}},
	{"OpenSMTPD 5.4", "from helo.example (out.example.org [192.0.2.7]) by mx.example.net (OpenSMTPD) with ESMTPS id 1 TLS version=TLSv1.2 cipher=x bits=1" + date,
		Hop{Protocol: "ESMTPS", Reason: SecureWord, Helo: "helo.example"}},
	{"OpenSMTPD 5.7: FAIL", "from helo.example (out.example.org [192.0.2.7]) by mx.example.net (OpenSMTPD) with ESMTPS id 1 (TLSv1.2:" + ecdhe + ":256:FAIL)" + date,
		Hop{Protocol: "ESMTPS", Version: TLSv12, Cipher: ecdhe, Bits: 256, Reason: StatedTLS, Verified: truth.No, Helo: "helo.example"}},
	{"qmail (received.c)", "from unknown (HELO helo.example) (192.0.2.7)\n  by mx.example.net with SMTP; 20 Nov 2026 08:11:02 +0900",
		Hop{Protocol: "SMTP", Reason: PlainWord, From: "helo.example", Helo: "helo.example"}},
	{"qmail, with the client's identity", "from out.example.org (HELO helo.example) (jo@192.0.2.7)\n  by mx.example.net with ESMTP; 20 Nov 2026 08:11:02 +0900",
		Hop{Protocol: "ESMTP", Reason: PlainWord, Helo: "helo.example"}},
	{"qmail with the TLS patch (netqmail-tls.patch, smtp_data)",
		"from out.example.org (HELO helo.example) (192.0.2.7)\n  by mx.example.net with (ECDHE-RSA-AES256-GCM-SHA384 encrypted) SMTP; 20 Nov 2026 08:11:02 +0900",
		Hop{Protocol: "SMTP", Cipher: ecdhe, Reason: StatedTLS, Helo: "helo.example"}},
	{"qpsmtpd: the same with the right word (lib/Qpsmtpd/SMTP.pm)",
		"from Unknown (HELO helo.example) (192.0.2.7) by mx.example.net (qpsmtpd/1.0) with (TLSv1.3 TLS_AES_256_GCM_SHA384 encrypted) ESMTPS" + date,
		Hop{Protocol: "ESMTPS", Version: TLSv13, Cipher: aes256, Reason: StatedTLS, From: "helo.example", Helo: "helo.example"}},
	{"qmail-queue", "(qmail 12345 invoked by uid 89); 20 Nov 2026 08:11:02 +0900",
		Hop{Reason: Internal, From: "-", Helo: "-", By: "-", Address: netip.IPv6Unspecified()}},
	{"Courier (courier/module.esmtp/courieresmtpd.c)",
		"from helo.example (out.example.org [::ffff:192.0.2.7])\n  (TLS: TLSv1.3,256bits,TLS_AES_256_GCM_SHA384)\n  by mx.example.net with ESMTPS" + date,
		Hop{Protocol: "ESMTPS", Version: TLSv13, Cipher: aes256, Bits: 256, Reason: StatedTLS, Helo: "helo.example", Checked: true}},
	{"Courier, an authenticated user, in the comment of the address",
		"from helo.example ([192.0.2.7])\n  (AUTH: LOGIN jo@example.org, TLS: TLSv1/SSLv3,256bits,AES256-SHA)\n  by mx.example.net with ESMTPSA" + date,
		Hop{Protocol: "ESMTPSA", Version: SSLv3OrTLSv1, Cipher: "AES256-SHA", Bits: 256, Reason: StatedTLS, From: "helo.example", Helo: "helo.example"}},
	{"Haraka (connection.js, received_line)",
		"from helo.example (out.example.org [192.0.2.7])\n\tby mx.example.net (Haraka/3.0.3) with ESMTPS id 1.1\n\tenvelope-from <jo@example.org>\n\t" +
			"(cipher=ECDHE-RSA-AES256-GCM-SHA384 version=TLSv1.2 verify=FAIL)" + date,
		Hop{Protocol: "ESMTPS", Version: TLSv12, Cipher: ecdhe, Reason: StatedTLS, Verified: truth.No, Helo: "helo.example", Checked: true}},
	{"Stalwart", "from out.example.org (out.example.org [192.0.2.7] (AS64496))\n\t(using TLSv1_3 with cipher TLS13_AES_256_GCM_SHA384)\n\tby mx.example.net (Stalwart SMTP) with ESMTPS id 1" + date,
		Hop{Protocol: "ESMTPS", Version: TLSv13, Cipher: "TLS13_AES_256_GCM_SHA384", Reason: StatedTLS, Checked: true}},
	{"IronPort: the cipher in the word", "from out.example.org ([192.0.2.7])\n  by mx.example.net with ESMTP/TLS/ECDHE-RSA-AES256-GCM-SHA384" + date,
		Hop{Protocol: "ESMTP/TLS/" + ecdhe, Cipher: ecdhe, Reason: StatedTLS}},
	{"Symantec: TLS of some version", "from out.example.org (out.example.org [192.0.2.7])\n\t(using TLS with cipher " + ecdhe + " (256/256 bits))\n\t(Client did not present a certificate)\n\tby mx.example.net (Symantec Messaging Gateway) with SMTP id 1" + date,
		Hop{Protocol: "SMTP", Cipher: ecdhe, Bits: 256, Reason: StatedTLS, Verified: truth.No, Checked: true}},
	{"ZMailer", "from out.example.org ([192.0.2.7]:61336 \"EHLO\n\thelo.example\" rhost-flags-OK-OK-OK-OK) by mx.example.net with ESMTP\n\tid S1 (ORCPT <rfc822;somebody@example.net>)" + date,
		Hop{Protocol: "ESMTP", Reason: PlainWord, Helo: "helo.example"}},
	{"Dovecot, LMTP over a socket", "from mx.example.net\n\tby imap.example.net with LMTP\n\tid abc (envelope-from <jo@example.org>)\n\tfor <somebody@example.net>" + date,
		Hop{Protocol: "LMTP", Reason: Internal, From: "mx.example.net", Helo: "mx.example.net", By: "imap.example.net", Address: netip.IPv6Unspecified()}},
	{"fetchmail", "from pop.example.org [192.0.2.7]\n\tby mx.example.net with POP3 (fetchmail-6.4.37)\n\tfor <jo@localhost> (single-drop)" + date,
		Hop{Protocol: "POP3", Reason: NotStated, From: "pop.example.org", Helo: "pop.example.org", Address: netip.IPv6Unspecified()}},
}

// Providers; their lines are documented nowhere, so these are made after what their servers write.
var providerForms = []form{
	{"Gmail", "from out.example.org (out.example.org. [192.0.2.7])\r\n        by mx.example.net with ESMTPS id abc-20si1\r\n        for <somebody@example.net>\r\n        (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256);\r\n        Thu, 19 Nov 2026 15:11:02 -0800 (PST)",
		Hop{Protocol: "ESMTPS", Version: TLSv13, Cipher: aes256, Bits: 256, Reason: StatedTLS, Checked: true}},
	{"Gmail of 2014", "from out.example.org (out.example.org. [192.0.2.7]) by mx.example.net with ESMTPS id abc (version=TLSv1.2 cipher=ECDHE-RSA-AES128-GCM-SHA256 bits=128/128)" + date,
		Hop{Protocol: "ESMTPS", Version: TLSv12, Cipher: "ECDHE-RSA-AES128-GCM-SHA256", Bits: 128, Reason: StatedTLS, Checked: true}},
	{"Gmail of 2015", "from out.example.org (out.example.org. [192.0.2.7]) by mx.example.net with ESMTPS id abc (version=TLS1 cipher=AES128-SHA bits=128/128)" + date,
		Hop{Protocol: "ESMTPS", Version: TLSv1, Cipher: "AES128-SHA", Bits: 128, Reason: StatedTLS, Checked: true}},
	{"Gmail of 2008", "from out.example.org (out.example.org. [192.0.2.7]) by mx.example.net with ESMTPS id abc (version=TLSv1/SSLv3 cipher=RC4-MD5)" + date,
		Hop{Protocol: "ESMTPS", Version: SSLv3OrTLSv1, Cipher: "RC4-MD5", Reason: StatedTLS, Checked: true}},
	{"Gmail without TLS", "from out.example.org (out.example.org. [192.0.2.7]) by mx.example.net with ESMTP id abc for <somebody@example.net>" + date,
		Hop{Protocol: "ESMTP", Reason: PlainWord, Checked: true}},
	{"Gmail to Gmail", "from out.example.org (out.example.org. [192.0.2.7]) by mx.example.net with SMTPS id abc for <somebody@example.net> (Google Transport Security)" + date,
		Hop{Protocol: "SMTPS", Reason: StatedTLS, Checked: true}},
	{"Gmail within itself", "by 2002:a05:6a00:1234:b0:6f0:1:2 with SMTP id abc" + date,
		Hop{Protocol: "SMTP", Reason: Internal, From: "-", Helo: "-", By: "2002:a05:6a00:1234:b0:6f0:1:2", Address: netip.IPv6Unspecified()}},
	{"Microsoft 365", "from out.example.org (192.0.2.7) by\r\n mx.example.net (2603:10a6:20b::9) with Microsoft\r\n SMTP Server (version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384) id 15.20.8158.14\r\n via Frontend Transport" + date,
		Hop{Protocol: "Microsoft SMTP Server", Version: TLSv13, Cipher: aes256, Reason: StatedTLS}},
	{"Exchange 2016", "from out.example.org (192.0.2.7) by mx.example.net (192.0.2.9) with Microsoft SMTP Server (version=TLS1_2, cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384_P384) id 15.1.2507.6" + date,
		Hop{Protocol: "Microsoft SMTP Server", Version: TLSv12, Cipher: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384_P384", Reason: StatedTLS}},
	{"Exchange 2010", "from out.example.org (192.0.2.7) by mx.example.net (192.0.2.9) with Microsoft SMTP Server (TLS) id 14.3.123.3" + date,
		Hop{Protocol: "Microsoft SMTP Server", Reason: StatedTLS}},
	{"Exchange 2007 without TLS", "from out.example.org (192.0.2.7) by mx.example.net (192.0.2.9) with Microsoft SMTP Server id 8.3.83.0" + date,
		Hop{Protocol: "Microsoft SMTP Server", Reason: PlainWord}},
	{"Exchange, MAPI", "from ex1.example.net ([fe80::1:2:3:4%14]) by mx.example.net ([fe80::5%7]) with mapi id 15.20.8158.14" + date,
		Hop{Protocol: "mapi", Reason: Internal, From: "ex1.example.net", Helo: "ex1.example.net", Address: netip.MustParseAddr("fe80::1:2:3:4")}},
	{"Microsoft 365, HTTPS", "from out.example.org (2603:10a6::7) by mx.example.net with HTTPS" + date,
		Hop{Protocol: "HTTPS", Reason: SecureWord, Address: netip.MustParseAddr("2603:10a6::7")}},
	{"Windows' SMTP service does not say", "from out.example.org ([192.0.2.7]) by mx.example.net with Microsoft SMTPSVC(10.0.14393.0)" + date,
		Hop{Protocol: "Microsoft SMTPSVC", Reason: NotStated}},
	{"Yahoo", "from 192.0.2.7 (EHLO out.example.org)\n by 10.2.3.4 with SMTPs\n (version=TLS1_3 cipher=TLS_AES_128_GCM_SHA256)" + date,
		Hop{Protocol: "SMTPs", Version: TLSv13, Cipher: "TLS_AES_128_GCM_SHA256", Reason: StatedTLS, By: "10.2.3.4"}},
	{"Yahoo, the word alone", "from 192.0.2.7  (EHLO out.example.org) (192.0.2.7)\n  by mx.example.net with SMTPS" + date, Hop{Protocol: "SMTPS", Reason: SecureWord}},
	{"Yahoo without TLS", "from 192.0.2.7  (EHLO out.example.org) (192.0.2.7)\n  by mx.example.net with SMTP" + date, Hop{Protocol: "SMTP", Reason: PlainWord}},
	{"Yahoo's submission never says", "by mx.example.net (Yahoo Inc. Hermes SMTP Server) with ESMTPA ID 0123" + date,
		Hop{Protocol: "ESMTPA", Reason: Internal, From: "-", Helo: "-", Address: netip.IPv6Unspecified()}},
	{"Amazon SES takes mail with TLS alone and says SMTP (its guide: connecting to an SMTP endpoint)",
		"from out.example.org (out.example.org [192.0.2.7]) by email-smtp.eu-west-1.amazonaws.com with SMTP (SimpleEmailService-d-1ABC) id 1" + date,
		Hop{Protocol: "SMTP", Reason: NotStated, By: "email-smtp.eu-west-1.amazonaws.com", Checked: true}},
	{"Amazon SES, incoming", "from out.example.org (out.example.org [192.0.2.7]) by inbound-smtp.eu-west-1.amazonaws.com with SMTP id 1 for somebody@example.net" + date,
		Hop{Protocol: "SMTP", Reason: NotStated, By: "inbound-smtp.eu-west-1.amazonaws.com", Checked: true}},
	{"Mimecast: STARTTLS", "from out.example.org (out.example.org [192.0.2.7]) by mx.example.net with ESMTP with STARTTLS (version=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384) id uk-mta-1" + date,
		Hop{Protocol: "ESMTP", Version: TLSv13, Cipher: aes256, Reason: StatedTLS, Checked: true}},
	{"Strato", "from sender by mx.example.net (RZmta 51.2) with ESMTPSA id 1 (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256 bits)) (Client did not present a certificate)" + date,
		Hop{Protocol: "ESMTPSA", Version: TLSv13, Cipher: aes256, Bits: 256, Reason: StatedTLS, Verified: truth.No, From: "-", Helo: "-", Address: netip.IPv6Unspecified()}},
	{"Yandex: TLS stands behind the date", "from out.example.org (out.example.org [192.0.2.7]) by mx.example.net (nwsmtp/Yandex) with ESMTPS id 1;\n\tFri, 20 Nov 2026 08:11:02 +0900\n\t(using TLSv1.2 with cipher " + ecdhe + " (256/256 bits))\n\t(Client certificate not present)",
		Hop{Protocol: "ESMTPS", Version: TLSv12, Cipher: ecdhe, Bits: 256, Reason: StatedTLS, Verified: truth.No, Checked: true}},
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
				if want.Helo == "" && want.Address != netip.IPv6Unspecified() {
					want.Helo = client
				}
				fill(&want.Helo, "")
				switch want.Address {
				case netip.Addr{}:
					want.Address = ip
				case netip.IPv6Unspecified():
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

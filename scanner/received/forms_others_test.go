package received

import (
	"net/netip"

	"mxtls/scanner/truth"
)

// Other programs.
var otherForms = []form{
	{
		"OpenSMTPD 6 and 7 with OpenSSL (smtpd/smtp_session.c)",
		"from helo.example (out.example.org [192.0.2.7])\n\tby mx.example.net (OpenSMTPD) with ESMTPS id " +
			"1a2b3c4d (TLSv1.3:TLS_AES_256_GCM_SHA384:256:NO)\n\tfor <somebody@example.net>;\n\tFri, 20 Nov " +
			"2026 08:11:02 +0900 (JST)",
		Hop{Helo: "helo.example", Protocol: "ESMTPS", Version: TLSv13, Cipher: aes256, Bits: 256,
			Reason: StatedTLS, Verified: truth.No},
	},
	{
		"OpenSMTPD with libtls, a good certificate, IPv6 without brackets",
		"from helo.example (out.example.org 2001:db8::7) by mx.example.net (OpenSMTPD) with ESMTPSA id 1 " +
			"(TLSv1.3:AEAD-AES256-GCM-SHA384:256:YES) auth=yes user=jo" + date,
		Hop{Helo: "helo.example", Address: netip.MustParseAddr("2001:db8::7"), Protocol: "ESMTPSA",
			Version: TLSv13, Cipher: "AEAD-AES256-GCM-SHA384", Bits: 256, Reason: StatedTLS,
			Verified: truth.Yes},
	},
	{
		"OpenSMTPD, a certificate that is not good",
		"from helo.example (out.example.org [192.0.2.7]) by mx.example.net (OpenSMTPD) with ESMTPS id 1 " +
			"(TLSv1.2:ECDHE-RSA-AES256-GCM-SHA384:256:FAIL)" + date,
		Hop{Helo: "helo.example", Protocol: "ESMTPS", Version: TLSv12, Cipher: ecdhe, Bits: 256,
			Reason: StatedTLS, Verified: truth.No},
	},
	{
		"qmail (received.c)",
		"from unknown (HELO helo.example) (192.0.2.7)\n  by mx.example.net with SMTP; 20 Nov 2026 08:11:02 " +
			"+0900",
		Hop{From: "helo.example", Helo: "helo.example", Protocol: "SMTP", Reason: PlainWord},
	},
	{
		"qmail, with the client's identity",
		"from out.example.org (HELO helo.example) (jo@192.0.2.7)\n  by mx.example.net with ESMTP; 20 Nov " +
			"2026 08:11:02 +0900",
		Hop{Helo: "helo.example", Protocol: "ESMTP", Reason: PlainWord},
	},
	{
		"qmail with the TLS patch (for netqmail, qmail-smtpd.c)",
		"from out.example.org (HELO helo.example) (192.0.2.7)\n  by mx.example.net with " +
			"(ECDHE-RSA-AES256-GCM-SHA384 encrypted) SMTP; 20 Nov 2026 08:11:02 +0900",
		Hop{Helo: "helo.example", Protocol: "SMTP", Cipher: ecdhe, Reason: StatedTLS},
	},
	{
		"qpsmtpd: the same with the right word (lib/Qpsmtpd/SMTP.pm)",
		"from Unknown (HELO helo.example) (192.0.2.7) by mx.example.net (qpsmtpd/1.0) with (TLSv1.3 " +
			"TLS_AES_256_GCM_SHA384 encrypted) ESMTPS" + date,
		Hop{From: "helo.example", Helo: "helo.example", Protocol: "ESMTPS", Version: TLSv13,
			Cipher: aes256, Reason: StatedTLS},
	},
	{
		"qmail-queue",
		"(qmail 12345 invoked by uid 89); 20 Nov 2026 08:11:02 +0900",
		Hop{From: "-", Helo: "-", Address: noAddress, By: "-", Reason: Internal},
	},
	{
		"Courier (courieresmtpd; make test-mta has a real one)",
		"from helo.example (out.example.org [::ffff:192.0.2.7])\n  (TLS: " +
			"TLSv1.3,256bits,TLS_AES_256_GCM_SHA384)\n  by mx.example.net with ESMTPS" + date,
		Hop{Checked: true, Helo: "helo.example", Protocol: "ESMTPS", Version: TLSv13, Cipher: aes256,
			Bits: 256, Reason: StatedTLS},
	},
	{
		"Courier, an authenticated user is not kept",
		"from helo.example ([192.0.2.7])\n  (AUTH: LOGIN jo@example.org, TLS: " +
			"TLSv1/SSLv3,256bits,AES256-SHA)\n  by mx.example.net with ESMTPSA" + date,
		Hop{From: "helo.example", Helo: "helo.example", Protocol: "ESMTPSA", Version: SSLv3OrTLSv1,
			Cipher: "AES256-SHA", Bits: 256, Reason: StatedTLS},
	},
	{
		"Haraka (connection.js, received_line)",
		"from helo.example (out.example.org [192.0.2.7])\n\tby mx.example.net (Haraka/3.0.3) with ESMTPS " +
			"id 1.1\n\tenvelope-from <jo@example.org>\n\t(cipher=ECDHE-RSA-AES256-GCM-SHA384 version=TLSv1.2 " +
			"verify=FAIL)" + date,
		Hop{Checked: true, Helo: "helo.example", Protocol: "ESMTPS", Version: TLSv12, Cipher: ecdhe,
			Reason: StatedTLS, Verified: truth.No},
	},
	{
		"Stalwart",
		"from out.example.org (out.example.org [192.0.2.7] (AS64496))\n\t(using TLSv1_3 with cipher " +
			"TLS13_AES_256_GCM_SHA384)\n\tby mx.example.net (Stalwart SMTP) with ESMTPS id 1" + date,
		Hop{Checked: true, Protocol: "ESMTPS", Version: TLSv13, Cipher: "TLS13_AES_256_GCM_SHA384",
			Reason: StatedTLS},
	},
	{
		"IronPort: the cipher in the word",
		"from out.example.org ([192.0.2.7])\n  by mx.example.net with ESMTP/TLS/ECDHE-RSA-AES256-GCM-SHA384" + date,
		Hop{Protocol: "ESMTP/TLS/ECDHE-RSA-AES256-GCM-SHA384", Cipher: ecdhe, Reason: StatedTLS},
	},
	{
		"Symantec: TLS of some version",
		postfix + "(using TLS with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits))\n\t(Client did not present a " +
			"certificate)\n\tby mx.example.net (Symantec Messaging Gateway) with SMTP id 1" + date,
		Hop{Checked: true, Protocol: "SMTP", Cipher: ecdhe, Bits: 256, Reason: StatedTLS,
			Verified: truth.No},
	},
	{
		"ZMailer",
		"from out.example.org ([192.0.2.7]:61336 \"EHLO\n\thelo.example\" rhost-flags-OK-OK-OK-OK) by " +
			"mx.example.net with ESMTP\n\tid S1 (ORCPT <rfc822;somebody@example.net>)" + date,
		Hop{Helo: "helo.example", Protocol: "ESMTP", Reason: PlainWord},
	},
	{
		"Dovecot, LMTP over a socket",
		"from mx.example.net\n\tby imap.example.net with LMTP\n\tid abc (envelope-from " +
			"<jo@example.org>)\n\tfor <somebody@example.net>" + date,
		Hop{From: "mx.example.net", Helo: "mx.example.net", Address: noAddress, By: "imap.example.net",
			Protocol: "LMTP", Reason: Internal},
	},
	{
		"fetchmail",
		"from pop.example.org [192.0.2.7]\n\tby mx.example.net with POP3 (fetchmail-6.4.37)\n\tfor " +
			"<jo@localhost> (single-drop)" + date,
		Hop{From: "pop.example.org", Helo: "pop.example.org", Address: noAddress, Protocol: "POP3",
			Reason: NotStated},
	},
}

// Providers; their lines are documented nowhere, so these are made after what their servers write.
var providerForms = []form{
	{
		"Gmail",
		"from out.example.org (out.example.org. [192.0.2.7])\r\n        by mx.example.net with ESMTPS id " +
			"abc-20si1\r\n        for <somebody@example.net>\r\n        (version=TLS1_3 " +
			"cipher=TLS_AES_256_GCM_SHA384 bits=256/256);\r\n        Thu, 19 Nov 2026 15:11:02 -0800 (PST)",
		Hop{Checked: true, Protocol: "ESMTPS", Version: TLSv13, Cipher: aes256, Bits: 256,
			Reason: StatedTLS},
	},
	{
		"Gmail of 2014",
		"from out.example.org (out.example.org. [192.0.2.7]) by mx.example.net with ESMTPS id abc " +
			"(version=TLSv1.2 cipher=ECDHE-RSA-AES128-GCM-SHA256 bits=128/128)" + date,
		Hop{Checked: true, Protocol: "ESMTPS", Version: TLSv12, Cipher: "ECDHE-RSA-AES128-GCM-SHA256",
			Bits: 128, Reason: StatedTLS},
	},
	{
		"Gmail of 2015",
		"from out.example.org (out.example.org. [192.0.2.7]) by mx.example.net with ESMTPS id abc " +
			"(version=TLS1 cipher=AES128-SHA bits=128/128)" + date,
		Hop{Checked: true, Protocol: "ESMTPS", Version: TLSv1, Cipher: "AES128-SHA", Bits: 128,
			Reason: StatedTLS},
	},
	{
		"Gmail of 2008",
		"from out.example.org (out.example.org. [192.0.2.7]) by mx.example.net with ESMTPS id abc " +
			"(version=TLSv1/SSLv3 cipher=RC4-MD5)" + date,
		Hop{Checked: true, Protocol: "ESMTPS", Version: SSLv3OrTLSv1, Cipher: "RC4-MD5",
			Reason: StatedTLS},
	},
	{
		"Gmail without TLS",
		"from out.example.org (out.example.org. [192.0.2.7]) by mx.example.net with ESMTP id abc for " +
			"<somebody@example.net>" + date,
		Hop{Checked: true, Protocol: "ESMTP", Reason: PlainWord},
	},
	{
		"Gmail to Gmail",
		"from out.example.org (out.example.org. [192.0.2.7]) by mx.example.net with SMTPS id abc for " +
			"<somebody@example.net> (Google Transport Security)" + date,
		Hop{Checked: true, Protocol: "SMTPS", Reason: StatedTLS},
	},
	{
		"Gmail within itself",
		"by 2002:a05:6a00:1234:b0:6f0:1:2 with SMTP id abc" + date,
		Hop{From: "-", Helo: "-", Address: noAddress, By: "2002:a05:6a00:1234:b0:6f0:1:2",
			Protocol: "SMTP", Reason: Internal},
	},
	{
		"Microsoft 365",
		"from out.example.org (192.0.2.7) by\r\n mx.example.net (2603:10a6:20b::9) with Microsoft\r\n SMTP " +
			"Server (version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384) id 15.20.8158.14\r\n via Frontend Transport" + date,
		Hop{Protocol: "Microsoft SMTP Server", Version: TLSv13, Cipher: aes256, Reason: StatedTLS},
	},
	{
		"Exchange 2016",
		"from out.example.org (192.0.2.7) by mx.example.net (192.0.2.9) with Microsoft SMTP Server " +
			"(version=TLS1_2, cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384_P384) id 15.1.2507.6" + date,
		Hop{Protocol: "Microsoft SMTP Server", Version: TLSv12,
			Cipher: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384_P384", Reason: StatedTLS},
	},
	{
		"Exchange 2010",
		"from out.example.org (192.0.2.7) by mx.example.net (192.0.2.9) with Microsoft SMTP Server (TLS) " +
			"id 14.3.123.3" + date,
		Hop{Protocol: "Microsoft SMTP Server", Reason: StatedTLS},
	},
	{
		"Exchange 2007 without TLS",
		"from out.example.org (192.0.2.7) by mx.example.net (192.0.2.9) with Microsoft SMTP Server id " +
			"8.3.83.0" + date,
		Hop{Protocol: "Microsoft SMTP Server", Reason: PlainWord},
	},
	{
		"Exchange, MAPI",
		"from ex1.example.net ([fe80::1:2:3:4%14]) by mx.example.net ([fe80::5%7]) with mapi id " +
			"15.20.8158.14" + date,
		Hop{From: "ex1.example.net", Helo: "ex1.example.net",
			Address: netip.MustParseAddr("fe80::1:2:3:4"), Protocol: "mapi", Reason: Internal},
	},
	{
		"Microsoft 365, HTTPS",
		"from out.example.org (2603:10a6::7) by mx.example.net with HTTPS" + date,
		Hop{Address: netip.MustParseAddr("2603:10a6::7"), Protocol: "HTTPS", Reason: SecureWord},
	},
	{
		"Windows' SMTP service does not say",
		"from out.example.org ([192.0.2.7]) by mx.example.net with Microsoft SMTPSVC(10.0.14393.0)" + date,
		Hop{Protocol: "Microsoft SMTPSVC", Reason: NotStated},
	},
	{
		"Yahoo",
		"from 192.0.2.7 (EHLO out.example.org)\n by 10.2.3.4 with SMTPs\n (version=TLS1_3 " +
			"cipher=TLS_AES_128_GCM_SHA256)" + date,
		Hop{By: "10.2.3.4", Protocol: "SMTPs", Version: TLSv13, Cipher: "TLS_AES_128_GCM_SHA256",
			Reason: StatedTLS},
	},
	{
		"Yahoo, the word alone",
		"from 192.0.2.7  (EHLO out.example.org) (192.0.2.7)\n  by mx.example.net with SMTPS" + date,
		Hop{Protocol: "SMTPS", Reason: SecureWord},
	},
	{
		"Yahoo without TLS",
		"from 192.0.2.7  (EHLO out.example.org) (192.0.2.7)\n  by mx.example.net with SMTP" + date,
		Hop{Protocol: "SMTP", Reason: PlainWord},
	},
	{
		"Yahoo's submission never says",
		"by mx.example.net (Yahoo Inc. Hermes SMTP Server) with ESMTPA ID 0123" + date,
		Hop{From: "-", Helo: "-", Address: noAddress, Protocol: "ESMTPA", Reason: Internal},
	},
	{
		"Amazon SES takes mail with TLS alone and says SMTP (its guide: connecting to an SMTP endpoint)",
		"from out.example.org (out.example.org [192.0.2.7]) by email-smtp.eu-west-1.amazonaws.com with " +
			"SMTP (SimpleEmailService-d-1ABC) id 1" + date,
		Hop{Checked: true, By: "email-smtp.eu-west-1.amazonaws.com", Protocol: "SMTP", Reason: NotStated},
	},
	{
		"Amazon SES, incoming",
		"from out.example.org (out.example.org [192.0.2.7]) by inbound-smtp.eu-west-1.amazonaws.com with " +
			"SMTP id 1 for somebody@example.net" + date,
		Hop{Checked: true, By: "inbound-smtp.eu-west-1.amazonaws.com", Protocol: "SMTP",
			Reason: NotStated},
	},
	{
		"Mimecast: STARTTLS",
		"from out.example.org (out.example.org [192.0.2.7]) by mx.example.net with ESMTP with STARTTLS " +
			"(version=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384) id uk-mta-1" + date,
		Hop{Checked: true, Protocol: "ESMTP", Version: TLSv13, Cipher: aes256, Reason: StatedTLS},
	},
	{
		"Strato",
		"from sender by mx.example.net (RZmta 51.2) with ESMTPSA id 1 (using TLSv1.3 with cipher " +
			"TLS_AES_256_GCM_SHA384 (256 bits)) (Client did not present a certificate)" + date,
		Hop{From: "-", Helo: "-", Address: noAddress, Protocol: "ESMTPSA", Version: TLSv13,
			Cipher: aes256, Bits: 256, Reason: StatedTLS, Verified: truth.No},
	},
	{
		"Yandex: TLS stands behind the date",
		"from out.example.org (out.example.org [192.0.2.7]) by mx.example.net (nwsmtp/Yandex) with ESMTPS " +
			"id 1;\n\tFri, 20 Nov 2026 08:11:02 +0900\n\t(using TLSv1.2 with cipher " +
			"ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits))\n\t(Client certificate not present)",
		Hop{Checked: true, Protocol: "ESMTPS", Version: TLSv12, Cipher: ecdhe, Bits: 256,
			Reason: StatedTLS, Verified: truth.No},
	},
}

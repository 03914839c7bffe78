package maillog

import (
	"strings"
	"testing"

	"mxtls/scanner/postfix"
	"mxtls/scanner/truth"
)

// told is what a test looks at of an event: all of it, with texts in place of parts of the line.
type told struct {
	kind             Kind
	direction        Direction
	host, addr, port string
	domain           string
	status           Status
	encrypted        truth.Truth
	word             postfix.Word
	version, cipher  string
	reason           Reason
	reused, login    bool
	took             int64
}

func tell(e *Event) told {
	return told{e.Kind, e.Direction, string(e.Peer.Host), string(e.Peer.Addr), string(e.Peer.Port), string(e.Domain), e.Status, e.Encrypted, e.Word,
		string(e.Version), string(e.Cipher), e.Reason, e.Reused, e.Login, e.Took}
}

const (
	suite13 = "TLS_AES_256_GCM_SHA384"
	suite12 = "ECDHE-RSA-AES256-GCM-SHA384"
)

// established is what a TLS line of the client comes to.
func established(w postfix.Word, port, version, cipher string) told {
	return told{kind: TLSLine, direction: Outbound, host: "mx.example", addr: "192.0.2.1", port: port, encrypted: truth.Yes, word: w,
		version: version, cipher: cipher}
}

// TestClientTLS: the summary line of every release (src/tls/tls_misc.c, src/tls/tls_client.c).
func TestClientTLS(t *testing.T) {
	t.Parallel()
	bare := established(postfix.WordNone, "", "TLSv1", "DHE-RSA-AES256-SHA")
	bare.addr = ""
	six := established(postfix.Verified, "25", "TLSv1.3", suite13)
	six.addr = "2001:db8::1"
	reused := established(postfix.Untrusted, "25", "TLSv1.3", suite13)
	reused.reused = true
	const to, from13 = " TLS connection established to mx.example[192.0.2.1]:25: ", "TLSv1.3 with cipher " + suite13 + " (256/256 bits)"
	for _, tt := range []struct {
		name, text string
		want       told
	}{
		{"2.2 to 2.4", "TLS connection established to mx.example: TLSv1 with cipher DHE-RSA-AES256-SHA (256/256 bits)", bare},
		{"2.2 to 2.4, verified", "Verified: subject_CN=mx.example, issuer=CA", told{kind: TLSTrust, direction: Outbound, word: postfix.Verified}},
		{"2.2 to 2.4, unverified", "Unverified: subject_CN=mx.example, issuer=CA", told{kind: TLSTrust, direction: Outbound, word: postfix.Untrusted}},
		{"2.5", "Trusted" + to + "TLSv1 with cipher AES256-SHA (256/256 bits)", established(postfix.Trusted, "25", "TLSv1", "AES256-SHA")},
		{"SSLv3", "Untrusted" + to + "SSLv3 with cipher RC4-MD5 (128/128 bits)", established(postfix.Untrusted, "25", "SSLv3", "RC4-MD5")},
		{"2.8", "Anonymous" + to + "TLSv1.2 with cipher ADH-AES256-GCM-SHA384 (256/256 bits)",
			established(postfix.Anonymous, "25", "TLSv1.2", "ADH-AES256-GCM-SHA384")},
		{"3.0", "Verified" + to + "TLSv1.2 with cipher " + suite12 + " (256/256 bits)", established(postfix.Verified, "25", "TLSv1.2", suite12)},
		{"TLS 1.1", "Verified" + to + "TLSv1.1 with cipher AES256-SHA (256/256 bits)", established(postfix.Verified, "25", "TLSv1.1", "AES256-SHA")},
		{"3.4, TLS 1.3", "Untrusted" + to + from13 + " key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256",
			established(postfix.Untrusted, "25", "TLSv1.3", suite13)},
		{"group in brackets", "Trusted" + to + from13 + " key-exchange ECDHE (P-256) server-signature ECDSA (P-256) server-digest SHA256",
			established(postfix.Trusted, "25", "TLSv1.3", suite13)},
		{"client certificate", "Trusted" + to + from13 + " key-exchange x25519 server-signature RSA-PSS (4096 bits) server-digest SHA256 " +
			"client-signature ECDSA (P-256) client-digest SHA256", established(postfix.Trusted, "25", "TLSv1.3", suite13)},
		{"3.9, raw public key", "Verified" + to + from13 + " key-exchange X25519 server-signature ECDSA (prime256v1 raw public key) server-digest SHA256",
			established(postfix.Verified, "25", "TLSv1.3", suite13)},
		{"raw public key, bits", "Verified" + to + from13 + " key-exchange X25519 server-signature RSA-PSS (2048 bit raw public key) server-digest SHA256",
			established(postfix.Verified, "25", "TLSv1.3", suite13)},
		{"raw public key alone", "Verified" + to + from13 + " key-exchange X25519 server-signature ED25519 (raw public key)",
			established(postfix.Verified, "25", "TLSv1.3", suite13)},
		{"3.4, reused", "Untrusted TLS connection reused to mx.example[192.0.2.1]:25: " + from13, reused},
		{"IPv6", "Verified TLS connection established to mx.example[2001:db8::1]:25: " + from13, six},
		{"loglevel 2", "setting up TLS connection to mx.example[192.0.2.1]:25", told{kind: TLSTrace, direction: Outbound}},
		{"resumed", "re-using session with untrusted certificate, look for details earlier in the log", told{kind: TLSTrace, direction: Outbound, reused: true}},
		{"no word", "Possibly TLS connection established to mx.example[192.0.2.1]:25: " + from13, told{}},
		{"no cipher", "Trusted" + to + "TLSv1.3", told{}},
		{"another verb", "Trusted TLS connection wished to mx.example[192.0.2.1]:25: " + from13, told{}},
		{"from", "Trusted TLS connection established from mx.example[192.0.2.1]:25: " + from13, told{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			expect(t, "postfix/smtp", tt.text, tt.want)
		})
	}
}

// expect parses one line; want without a kind is a line that tells nothing.
func expect(t *testing.T, program, text string, want told) {
	t.Helper()
	l := Line{Unix: 1, Program: []byte(program), PID: []byte("1"), Text: []byte(text)}
	var e Event
	ok := Parse(&l, &e)
	if ok != (want.kind != KindUnknown) {
		t.Fatalf("told %v: %+v", ok, tell(&e))
	}
	if ok && tell(&e) != want {
		t.Errorf("%s\ngot  %+v\nwant %+v", text, tell(&e), want)
	}
}

// TestDelivery: the forms of src/global/log_adhoc.c.
func TestDelivery(t *testing.T) {
	t.Parallel()
	delivery := func(edit func(*told)) told {
		d := told{kind: Delivery, direction: Outbound, host: "mx.example", addr: "192.0.2.1", port: "25", domain: "example.com", status: Sent, took: 2}
		if edit != nil {
			edit(&d)
		}
		return d
	}
	feature := func(enc truth.Truth) told { return delivery(func(d *told) { d.encrypted = enc }) }
	const head, relay = "3ZxV1k4Jz: to=<u@example.com>, ", "relay=mx.example[192.0.2.1]:25, delay=2.1, delays=0.1/0/1/0.5, "
	const tail = "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 1)"
	for _, tt := range []struct {
		name, text string
		want       told
	}{
		{"2.2", "3ZxV1k4Jz1: to=<u@example.com>, relay=mx.example[192.0.2.1], delay=3, status=sent (250 Ok)",
			delivery(func(d *told) { d.port, d.took = "", -1 })},
		{"2.3", head + relay + tail, delivery(nil)},
		{"orig_to", "3ZxV1k4Jz: to=<u@example.com>, orig_to=<x@other.example>, " + relay + tail, delivery(nil)},
		{"orig_to, quoted", `3ZxV1k4Jz: to=<u@example.com>, orig_to=<"a, relay=b>"@other.example>, ` + relay + tail, delivery(nil)},
		{"conn_use", head + "relay=mx.example[192.0.2.1]:25, conn_use=3, delay=2.1, delays=0.1/0/1/0.5, " + tail,
			delivery(func(d *told) { d.reused = true })},
		{"tls=none", head + relay + "tls=none, " + tail, feature(truth.No)},
		{"tls=may", head + relay + "tls=may, " + tail, feature(truth.Yes)},
		{"tls=may:none", head + relay + "tls=may:none, " + tail, feature(truth.No)},
		{"tls=may?", head + relay + "tls=may?, " + tail, feature(truth.Unknown)},
		{"tls=encrypt", head + relay + "tls=encrypt, " + tail, feature(truth.Yes)},
		{"tls=dane", head + relay + "tls=dane, " + tail, feature(truth.Yes)},
		{"tls=dane:halfdane", head + relay + "tls=dane:halfdane, " + tail, feature(truth.Yes)},
		{"tls=dane:encrypt", head + relay + "tls=dane:encrypt, " + tail, feature(truth.Yes)},
		{"tls=dane:none", head + relay + "tls=dane:none, " + tail, feature(truth.No)},
		{"tls=dane-only", head + relay + "tls=dane-only, " + tail, feature(truth.Yes)},
		{"tls=fingerprint", head + relay + "tls=fingerprint, " + tail, feature(truth.Yes)},
		{"tls=verify", head + relay + "tls=verify, " + tail, feature(truth.Yes)},
		{"tls=secure", head + relay + "tls=secure, " + tail, feature(truth.Yes)},
		{"tls=!secure", head + relay + "tls=!secure, " + tail, feature(truth.Unknown)},
		{"tls=unknown", head + relay + "tls=unknown, " + tail, feature(truth.Unknown)},
		{"requiretls", head + relay + "tls=may:none/requiretls:nostarttls, " + tail, feature(truth.No)},
		{"requiretls kept", head + relay + "tls=secure/requiretls, " + tail, feature(truth.Yes)},
		{"local part with commas", `3ZxV1k4Jz: to=<"a, relay=evil[203.0.113.1]:25, status=sent (@x.example>"@example.com>, ` + relay + tail, delivery(nil)},
		{"local part with a quoted quote", `3ZxV1k4Jz: to=<"a\">, relay=evil[203.0.113.1]:25, status=sent (@x.example"@example.com>, ` + relay + tail, delivery(nil)},
		{"forged in the old, unquoted form", `3ZxV1k4Jz: to=<a@x.example>, relay=evil[203.0.113.1]:25, delays=0/0/1/0.5, status=sent (@example.com>, ` + relay + tail,
			told{kind: Delivery, direction: Outbound, status: Sent, took: 2}},
		{"no domain", "3ZxV1k4Jz: to=<u>, " + relay + tail, delivery(func(d *told) { d.domain = "" })},
		{"long queue id", "4Bq0V33bGzz9tQw: to=<u@example.com>, " + relay + tail, delivery(nil)},
		{"no status", head + relay + "dsn=2.0.0", told{}},
		{"unknown status", head + relay + "dsn=2.0.0, status=softbounce (x)", told{}},
		{"never closed", "3ZxV1k4Jz: to=<u@example.com, " + relay + tail, told{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			expect(t, "postfix-out/relay/smtp", tt.text, tt.want)
		})
	}
}

// TestReasons: why mail is held back, from the delivery's own bracket.
func TestReasons(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Reason{
		"TLS is required, but was not offered by host mx.example[192.0.2.1]":                                             NotOffered,
		"TLS is required, but host mx.example[192.0.2.1] refused to start TLS: 454 4.7.0 TLS not available":              Refused,
		"Cannot start TLS: handshake failure":                                                                            HandshakeFailed,
		"Server certificate not trusted":                                                                                 CertificateNotTrusted,
		"Server certificate not verified":                                                                                CertificateNotVerified,
		"TLS policy lookup for example.com/mx.example: non DNSSEC destination":                                           NotDNSSEC,
		"TLS policy lookup for example.com/mx.example: no TLSA records found":                                            NoTLSA,
		"TLS policy lookup for example.com/mx.example: TLSA records unusable":                                            TLSAUnusable,
		"TLSA lookup error for mx.example:25":                                                                            TLSALookup,
		"client TLS configuration problem":                                                                               ClientConfiguration,
		"MX name 'mx.example' does not match STS MX pattern for 'example.com'":                                           STSMismatch,
		"REQUIRETLS is not supported by mx.example[192.0.2.1]":                                                           RequireTLS,
		"host mx.example[192.0.2.1] said: 530 5.7.0 Must issue a STARTTLS command first (in reply to MAIL FROM)":         ServerWantsTLS,
		"host mx.example[192.0.2.1] said: 530-5.7.0 Must issue a STARTTLS command first. 530 5.7.0 See x (in reply)":     ServerWantsTLS,
		"host mx.example[192.0.2.1] said: 550 TLS is required, but was not offered by host x (in reply to RCPT TO)":      ReasonNone,
		"host mx.example[192.0.2.1] refused to talk to me: 554 Cannot start TLS: handshake failure":                      ReasonNone,
		"TLS is required, but host mx.example[192.0.2.1] refused to start TLS: 454 TLS is required, but was not offered": Refused,
		"host mx.example[192.0.2.1] said: 450 4.2.0 Greylisted (in reply to RCPT TO command)":                            ReasonNone,
		"connect to mx.example[192.0.2.1]:25: Connection timed out":                                                      ReasonNone,
		"Host or domain name not found. Name service error for name=example.com type=MX: Host not found, try again":      ReasonNone,
	} {
		e := Event{}
		line := Line{Program: []byte("postfix/smtp"), Text: []byte("3ZxV1k4Jz: to=<u@example.com>, relay=none, delay=1, delays=1/0/0/0, dsn=4.7.5, status=deferred (" + text + ")")}
		if !Parse(&line, &e) || e.Kind != Delivery || e.Status != Deferred || e.Reason != want {
			t.Errorf("%s: %v, %v, want %v", text, e.Kind, e.Reason, want)
		}
	}
}

// TestProblems: lines of their own that say why TLS or a certificate failed.
func TestProblems(t *testing.T) {
	t.Parallel()
	const failed = "certificate verification failed for mx.example[192.0.2.1]:25: "
	for text, want := range map[string]Reason{
		"SSL_connect error to mx.example[192.0.2.1]:25: -1":                                                    HandshakeFailed,
		"SSL_connect error to mx.example[192.0.2.1]:25: lost connection":                                       HandshakeFailed,
		"SSL_connect error to mx.example[192.0.2.1]:25: Connection timed out":                                  HandshakeFailed,
		"warning: TLS library problem: error:0A000102:SSL routines::unsupported protocol:../ssl/statem/x.c:1:": HandshakeFailed,
		failed + "untrusted issuer /C=XX/CN=Some CA":                                                           CertificateNotTrusted,
		failed + "untrusted issuer /CN=certificate has expired, or self-signed":                                CertificateNotTrusted,
		"server " + failed + "self-signed certificate":                                                         CertificateNotTrusted,
		"CA " + failed + "certificate has expired":                                                             CertificateExpired,
		"server " + failed + "certificate has expired":                                                         CertificateExpired,
		"server " + failed + "certificate not yet valid":                                                       CertificateNotYetValid,
		"server " + failed + "not designated for use as a server certificate":                                  CertificateWrongPurpose,
		failed + "certificate chain longer than limit(9)":                                                      ChainTooLong,
		failed + "not trusted by local or TLSA policy":                                                         PolicyMismatch,
		failed + "external policy failure (sts-policy-fetch-error)":                                            PolicyFailure,
		"server " + failed + "num=65:no matching DANE TLSA records":                                            PolicyMismatch,
		"server " + failed + "num=62:hostname mismatch":                                                        CertificateHostMismatch,
		"server " + failed + "num=64:IP address mismatch":                                                      CertificateHostMismatch,
		"server " + failed + "num=66:EE certificate key too weak":                                              CertificateTooWeak,
		"CA " + failed + "num=68:CA signature digest algorithm too weak":                                       CertificateTooWeak,
		"server " + failed + "num=34:unhandled critical extension":                                             CertificateNotVerified,
		"server " + failed + "num=1:unspecified certificate verification error":                                CertificateNotVerified,
		failed + "num=18:self signed certificate":                                                              CertificateNotTrusted,
		failed + "num=20:unable to get local issuer certificate":                                               CertificateNotTrusted,
		"3ZxV1k4Jz: TLS is required, but was not offered by host mx.example[192.0.2.1]":                        NotOffered,
		"3ZxV1k4Jz: Cannot start TLS: handshake failure":                                                       HandshakeFailed,
		"3ZxV1k4Jz: Server certificate not verified":                                                           CertificateNotVerified,
		"warning: TLS policy lookup for example.com/mx.example: non DNSSEC destination":                        NotDNSSEC,
		"warning: TLS policy lookup for example.com/mx.example: TLSA lookup error for mx.example:25":           TLSALookup,
		"warning: TLS policy lookup for example.com/mx.example: client TLS configuration problem":              ClientConfiguration,
		"mx.example[192.0.2.1]:25: all TLSA records unusable, fallback to unauthenticated TLS":                 TLSAUnusable,
		"warning: DANE TLSA lookup problem: Host or domain name not found. Name service error":                 TLSALookup,
		"warning: DNSSEC validation may be unavailable":                                                        DNSSECUnavailable,
		"MX name 'mx.example' does not match STS MX pattern for 'example.com'":                                 STSMismatch,
	} {
		e := Event{}
		line := Line{Program: []byte("postfix/smtp"), Text: []byte(text)}
		if !Parse(&line, &e) || e.Kind != TLSProblem || e.Reason != want {
			t.Errorf("%s: %v, %v, want %v", text, e.Kind, e.Reason, want)
		}
	}
}

// TestServer: what smtpd(8) and the rest of Postfix write.
func TestServer(t *testing.T) {
	t.Parallel()
	client := func(k Kind, edit func(*told)) told {
		d := told{kind: k, direction: Inbound, host: "out.example", addr: "192.0.2.7"}
		if edit != nil {
			edit(&d)
		}
		return d
	}
	tls := client(TLSLine, func(d *told) {
		d.encrypted, d.word, d.version, d.cipher = truth.Yes, postfix.Anonymous, "TLSv1.3", suite13
	})
	for _, tt := range []struct {
		program, text string
		want          told
	}{
		{"postfix/smtpd", "connect from out.example[192.0.2.7]", client(Connect, nil)},
		{"postfix/smtpd", "disconnect from out.example[192.0.2.7] ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7", client(Disconnect, nil)},
		{"postfix/smtpd", "Anonymous TLS connection established from out.example[192.0.2.7]: TLSv1.3 with cipher " + suite13 + " (256/256 bits)", tls},
		{"postfix/smtpd", "Anonymous TLS connection established from out.example[192.0.2.7] to mx.example: TLSv1.3 with cipher " + suite13 +
			" (256/256 bits) key-exchange X25519", tls},
		{"postfix/smtpd", "setting up TLS connection from out.example[192.0.2.7]", told{kind: TLSTrace, direction: Inbound}},
		{"postfix/smtpd", "SSL_accept error from out.example[192.0.2.7]: -1", told{kind: TLSProblem, direction: Inbound, reason: HandshakeFailed}},
		{"postfix/smtpd", "3ZxV1k4Jz: client=out.example[192.0.2.7]", client(Received, nil)},
		{"postfix/submission/smtpd", "3ZxV1k4Jz: client=out.example[192.0.2.7], sasl_method=PLAIN, sasl_username=u", client(Received, func(d *told) { d.login = true })},
		{"postfix/qmgr", "3ZxV1k4Jz: from=<u@example.com>, size=1, nrcpt=1 (queue active)", told{kind: Sender, domain: "example.com"}},
		{"postfix/nqmgr", "3ZxV1k4Jz: from=<>, size=1, nrcpt=1 (queue active)", told{kind: Sender}},
		{"postfix/qmgr", "3ZxV1k4Jz: from=<u@example.com>, status=expired, returned to sender", told{}},
		{"postfix/qmgr", "3ZxV1k4Jz: removed", told{}},
		{"postfix/smtpd", "NOQUEUE: reject: RCPT from out.example[192.0.2.7]: 554 5.7.1 x; helo=<connect from a[1.2.3.4]>", told{}},
		{"postfix/master", "daemon started -- version 3.7.11, configuration /etc/postfix", told{kind: Started}},
		{"postfix/master", "reload -- version 3.7.11, configuration /etc/postfix", told{kind: Started}},
		{"postfix/cleanup", "3ZxV1k4Jz: message-id=<x>", told{}},
		{"postfix/smtp", "TLSRPT: status=failure, domain=example.com, receiving_mx=mx.example[192.0.2.1], failure_type=certificate_expired",
			told{kind: PolicyReport, direction: Outbound}},
		{"postfix/smtp", "Host offered STARTTLS: [mx.example]", told{kind: OfferedTLS, direction: Outbound, host: "mx.example"}},
		{"postfix/smtp", "3ZxV1k4Jz: lost connection with mx.example[192.0.2.1] while sending MAIL FROM", told{kind: Lost, direction: Outbound}},
		{"smtp", "Host offered STARTTLS: [mx.example]", told{}},
		{"dovecot", "imap-login: x", told{}},
	} {
		expect(t, tt.program, tt.text, tt.want)
	}
}

// TestOthers: Exim, sendmail and qmail.
func TestOthers(t *testing.T) {
	t.Parallel()
	out := told{kind: Delivery, direction: Outbound, host: "mx.example", addr: "192.0.2.1", domain: "example.com", status: Sent, took: -1}
	with := func(d told, edit func(*told)) told { edit(&d); return d }
	tls := func(word postfix.Word) func(*told) {
		return func(d *told) { d.encrypted, d.word, d.version, d.cipher = truth.Yes, word, "TLSv1.3", suite13 }
	}
	const x = " X=TLS1.3:" + suite13 + ":256 CV=yes"
	for _, tt := range []struct {
		program, text string
		want          told
	}{
		{"exim", "1aeCkS-0005pR-8D => u@example.com R=dnslookup T=remote_smtp H=mx.example [192.0.2.1]" + x + ` C="250 OK X=TLS1.0:A:1"`, with(out, tls(postfix.Trusted))},
		{"exim4", "2016-03-11 11:18:50 1aeCkS-0005pR-8D -> u@example.com R=dnslookup T=remote_smtp H=mx.example [192.0.2.1] C=\"250 X=TLS1.3:A:1\"", out},
		{"exim", "[12] 1aeCkS-000000005pR-8DaB => u@example.com R=r T=t H=mx.example [192.0.2.1] X=TLS1.3:" + suite13 + ":256 CV=dane", with(out, tls(postfix.Verified))},
		{"exim", "1aeCkS-0005pR-8D >> u@example.com R=r T=t H=mx.example [192.0.2.1] X=TLS1.3:" + suite13 + ":256 CV=yes", with(out, tls(postfix.Trusted))},
		{"exim", `1aeCkS-0005pR-8D => "a b X=TLS1.0:A:1"@example.com R=r T=t H=mx.example [192.0.2.1]` + x, with(out, tls(postfix.Trusted))},
		{"exim", "1aeCkS-0005pR-8D => u <u@example.com> R=r T=local", told{kind: Delivery, direction: Outbound, domain: "example.com", status: Sent, took: -1}},
		{"exim", "1aeCkS-0005pR-8D == u@example.com R=r T=t defer (-38) H=mx.example [192.0.2.1]: TLS session is required, but the server did not offer TLS support",
			with(out, func(d *told) { d.status, d.reason = Deferred, NotOffered })},
		{"exim", "1aeCkS-0005pR-8D == u@example.com R=r T=t defer (-38) H=mx.example [192.0.2.1]: a TLS session is required, but an attempt to start TLS failed",
			with(out, func(d *told) { d.status, d.reason = Deferred, HandshakeFailed })},
		{"exim", "1aeCkS-0005pR-8D ** u@example.com R=r T=t H=mx.example [192.0.2.1]: SMTP error from remote mail server after end of data: 550 TLS session is required, but the server did not offer TLS", with(out, func(d *told) { d.status = Bounced })},
		{"exim", "1aeCkS-0005pR-8D <= u@example.com H=out.example [192.0.2.7] P=esmtps" + x + ` S=1 T="X=TLS1.0:A:1"`,
			told{kind: Arrival, direction: Inbound, host: "out.example", addr: "192.0.2.7", domain: "example.com", encrypted: truth.Yes, word: postfix.Trusted,
				version: "TLSv1.3", cipher: suite13, took: -1}},
		{"exim", "1aeCkS-0005pR-8D <= u@example.com H=(helo) [192.0.2.7] P=esmtpa A=login:u S=1",
			told{kind: Arrival, direction: Inbound, host: "(helo)", addr: "192.0.2.7", domain: "example.com", login: true, encrypted: truth.No, took: -1}},
		{"exim", "1aeCkS-0005pR-8D <= u@example.com H=out.example [192.0.2.7] P=utf8esmtps S=1", // log_selector = -tls_cipher
			told{kind: Arrival, direction: Inbound, host: "out.example", addr: "192.0.2.7", domain: "example.com", encrypted: truth.Yes, took: -1}},
		{"exim", "1aeCkS-0005pR-8D <= u@example.com H=out.example [192.0.2.7] P=scanned-ok S=1",
			told{kind: Arrival, direction: Inbound, host: "out.example", addr: "192.0.2.7", domain: "example.com", took: -1}},
		{"exim", "1aeCkS-0005pR-8D => u@example.com P=<esmtps> R=r T=t H=mx.example [192.0.2.1]", out}, // +return_path_on_delivery
		{"exim", "1aeCkS-0005pR-8D <= u@example.com H=out.example [192.0.2.7] P=esmtp S=1 id=a A=login:u X=TLS1.3:A:256@b T=\"x\"",
			told{kind: Arrival, direction: Inbound, host: "out.example", addr: "192.0.2.7", domain: "example.com", encrypted: truth.No, took: -1}},
		{"sm-mta", "t1BAIo: from=<u@example.com>, size=1, class=0, nrcpts=1, msgid=<x>, proto=ESMTPSA, daemon=MSA, auth=PLAIN, relay=out.example [192.0.2.7]",
			told{kind: Arrival, direction: Inbound, host: "out.example", addr: "192.0.2.7", domain: "example.com", encrypted: truth.Yes, login: true, took: -1}},
		{"exim", "1aeCkS-0005pR-8D => u@example.com R=r T=t H=mx.example [192.0.2.1] X=TLS1.3:" + suite13 + ":256 CV=yes DN=\"CN=a A=x H=evil.example X=TLS1.0:A:1: TLS session: \" C=\"250\"",
			with(out, tls(postfix.Trusted))},
		{"exim", "1aeCkS-0005pR-8D <= u@example.com H=out.example [192.0.2.7] P=esmtpsa" + x + " DN=\"CN=a H=evil.example\" A=login:u S=1",
			told{kind: Arrival, direction: Inbound, host: "out.example", addr: "192.0.2.7", domain: "example.com", login: true, encrypted: truth.Yes, word: postfix.Trusted,
				version: "TLSv1.3", cipher: suite13, took: -1}},
		{"exim", "1aeCkS-0005pR-8D Completed", told{}},
		{"sm-mta", "STARTTLS=client, relay=mx.example., version=TLSv1.3, verify=OK, cipher=" + suite13 + ", bits=256/256",
			told{kind: TLSLine, direction: Outbound, host: "mx.example", encrypted: truth.Yes, word: postfix.Trusted, version: "TLSv1.3", cipher: suite13, took: -1}},
		{"sendmail", "STARTTLS=server, relay=out.example [192.0.2.7], version=TLSv1.3, verify=NO, cipher=" + suite13 + ", bits=256/256",
			told{kind: TLSLine, direction: Inbound, host: "out.example", addr: "192.0.2.7", encrypted: truth.Yes, version: "TLSv1.3", cipher: suite13, took: -1}},
		{"sm-mta", "t1BAIo: to=<u@example.com>, ctladdr=<a@b.example> (1/1), delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=1, " +
			"relay=mx.example. [192.0.2.1], dsn=2.0.0, stat=Sent (Ok, relay=x)", out},
		{"sm-mta", "t1BAIo: to=<u@example.com>, delay=00:00:01, mailer=esmtp, relay=mx.example. [192.0.2.1], dsn=4.0.0, stat=Deferred: timed out",
			with(out, func(d *told) { d.status = Deferred })},
		{"sm-mta", "t1BAIo: from=<u@example.com>, size=1, class=0, nrcpts=1, msgid=<x>, proto=ESMTPS, daemon=MTA, relay=out.example [192.0.2.7]",
			told{kind: Arrival, direction: Inbound, host: "out.example", addr: "192.0.2.7", domain: "example.com", encrypted: truth.Yes, took: -1}},
		{"sm-mta", "t1BAIo: from=<u@example.com>, size=1, class=0, nrcpts=1, msgid=<x, proto=ESMTPS, auth=PLAIN>, proto=ESMTP, daemon=MTA, relay=out.example [192.0.2.7]",
			told{kind: Arrival, direction: Inbound, host: "out.example", addr: "192.0.2.7", domain: "example.com", took: -1}},
		{"sm-mta", "t1BAIo: to=<u@example.com>, delay=00:00:01, mailer=esmtp, relay=mx.example. [192.0.2.1], dsn=4.7.0, stat=Deferred: 403 4.7.0 TLS handshake failed.",
			with(out, func(d *told) { d.status, d.reason = Deferred, HandshakeFailed })},
		{"sendmail", "t1BAIo: from=<u@example.com>, size=1, class=0, nrcpts=1, msgid=<x>, relay=root@localhost",
			told{kind: Arrival, direction: Inbound, host: "localhost", domain: "example.com", took: -1}},
		{"sendmail", `t1BAIo: to="a, relay=mx.evil.example, stat=Sent"@example.com, delay=00:00:01, stat=queued`, told{}},
		{"sendmail", "t1BAIo: to=u@example.com", told{}},
		{"sendmail", "t1BAIo: to=root, delay=00:00:01, mailer=local, pri=1, dsn=2.0.0, stat=Sent", told{}},
		{"qmail", "starting delivery 12: msg 34 to remote u@example.com", told{kind: QueuedToRemote, direction: Outbound, domain: "example.com", took: -1}},
		{"qmail", "1459259290.123456 starting delivery 12: msg 34 to local u@example.com", told{}},
		{"qmail", "delivery 12: success: 192.0.2.1_accepted_message./Remote_host_said:_250_TLS_transmitted_message_accepted/",
			told{kind: Delivery, direction: Outbound, addr: "192.0.2.1", status: Sent, took: -1}},
		{"qmail", "delivery 12: success: 192.0.2.1_TLS_transmitted_message_accepted./Remote_host_said:_250/",
			told{kind: Delivery, direction: Outbound, addr: "192.0.2.1", status: Sent, encrypted: truth.Yes, took: -1}},
		{"qmail", "delivery 12: deferral: TLS_connect_failed:_timed_out/", told{kind: Delivery, direction: Outbound, status: Deferred, reason: HandshakeFailed, took: -1}},
	} {
		t.Run(tt.program+" "+strings.Fields(tt.text)[0], func(t *testing.T) {
			t.Parallel()
			expect(t, tt.program, tt.text, tt.want)
		})
	}
}

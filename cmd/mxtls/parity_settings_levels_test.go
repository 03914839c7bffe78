//go:build parity

package main_test

import "strings"

// usual are destinations that tell the levels apart.
var usual = []string{"good", "plain", "handshake-alert", "untrusted", "wrong-name", "self-signed", "expired",
	"anonymous-server", "starttls-554", "starttls-454", "inside-close", "tls10-ecdhe-rsa", "null-mx", "nonexistent"}

// settingsLevels are about where the level comes from.
func settingsLevels() []setting {
	l := func(name, mainCF string) setting {
		return setting{class: "levels", name: name, about: strings.ReplaceAll(strings.TrimSpace(mainCF), "\n", "; "),
			mainCF: mainCF, to: usual}
	}
	few := []string{"good", "plain", "handshake-alert", "wrong-name", "null-mx"}
	listed := l("le_listed", "smtp_tls_security_level = verify\n")
	listed.listing = true
	return []setting{
		l("le_unset", ""),
		l("le_none", "smtp_tls_security_level = none\n"),
		l("le_may", "smtp_tls_security_level = may\n"),
		l("le_encrypt", "smtp_tls_security_level = encrypt\n"),
		l("le_verify", "smtp_tls_security_level = verify\n"),
		l("le_secure", "smtp_tls_security_level = secure\n"),
		listed,
		l("le_case", "smtp_tls_security_level = Encrypt\n").sending(few...),
		l("le_unknown", "smtp_tls_security_level = strict\n").sending(few...),
		l("le_empty", "smtp_tls_security_level =\nsmtp_use_tls = yes\n").sending(few...),
		l("le_named", "my_level = sec\nsmtp_tls_security_level = ${my_level}ure\n").sending(few...),
		l("le_twice", "smtp_tls_security_level = secure\n# not this one\nsmtp_tls_security_level\n  =\n  may\n").
			sending(few...),
		l("le_conditional", "smtp_tls_security_level = ${{$compatibility_level} >=level {3.6} ? {encrypt} : {may}}\n").
			sending(few...),
		l("le_use", "smtp_use_tls = yes\n").sending(few...),
		l("le_enforce", "smtp_enforce_tls = yes\n").sending(few...),
		l("le_enforce_any", "smtp_enforce_tls = yes\nsmtp_tls_enforce_peername = no\n").sending(few...),
		l("le_overrides", "smtp_enforce_tls = yes\nsmtp_tls_security_level = may\n").sending(few...),
		l("le_bad_boolean", "smtp_use_tls = maybe\n").sending(few...),
		l("le_discard", "smtp_tls_security_level = may\nsmtp_discard_ehlo_keywords = pipelining, starttls\n").sending(few...),
		l("le_discard_encrypt", "smtp_tls_security_level = encrypt\nsmtp_discard_ehlo_keywords = STARTTLS\n").sending(few...),
		l("le_discard_some", "smtp_tls_security_level = may\nsmtp_discard_ehlo_keyword_address_maps = static:starttls\n").
			sending(few...),
		l("le_never_ehlo", "smtp_tls_security_level = may\nsmtp_never_send_ehlo = yes\n").sending(few...),
		l("le_never_ehlo_encrypt", "smtp_tls_security_level = encrypt\nsmtp_never_send_ehlo = yes\n").sending(few...),
		l("le_wrapper", "smtp_tls_security_level = encrypt\nsmtp_tls_wrappermode = yes\n").sending("good", "plain"),
		l("le_wrapper_may", "smtp_tls_security_level = may\nsmtp_tls_wrappermode = yes\n").sending("good", "plain"),
		l("le_per_site", "smtp_tls_security_level = may\nsmtp_tls_per_site = inline:{wrong-name.parity.test=MUST}\n").
			sending(few...),
		l("le_legacy", "smtp_tls_security_level = encrypt\ntls_ssl_options = NO_COMPRESSION, LEGACY_SERVER_CONNECT\n").
			sending("no-renegotiation-info", "good"),
		l("le_no_legacy", "smtp_tls_security_level = encrypt\n").sending("no-renegotiation-info", "good"),
		l("le_reuse", "smtp_tls_security_level = encrypt\nsmtp_tls_connection_reuse = yes\n").sending(few...),
		l("le_backoff", "smtp_tls_security_level = may\nminimal_backoff_time = 18s\n").
			sending("good", "handshake-alert", "inside-close", "starttls-close"),
		l("le_lifetime", "smtp_tls_security_level = encrypt\nmaximal_queue_lifetime = 0\n").
			sending("good", "plain", "handshake-alert", "mx-servfail"),
		l("le_lifetime_may", "smtp_tls_security_level = may\nmaximal_queue_lifetime = 0\n").
			sending("good", "plain", "handshake-alert"),
		l("le_sasl", `smtp_tls_security_level = may
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = inline:{handshake-alert.parity.test=user:secret}
`).sending("good", "handshake-alert", "inside-close", "plain"),
		l("le_soft", "smtp_tls_security_level = encrypt\nsoft_bounce = yes\n").
			sending("good", "starttls-554", "null-mx", "nonexistent"),
	}
}

// policies are entries of smtp_tls_policy_maps, of every kind; the level of main.cf is may.
const policies = `
# Levels.
good.parity.test              secure
Plain.Parity.Test             ENCRYPT
untrusted.parity.test         encrypt
wrong-name.parity.test        verify
self-signed.parity.test       none
handshake-alert.parity.test   none protocols=nonsense what=ever
# Parents, and what is not asked for.
.corp.test                    secure
a.corp.test                   may
.plain.corp.test              may
# Next-hops.
[mx.good.parity.test]         verify
[mx.good.parity.test]:25      secure
[mx.wrong-name.parity.test]:2525 secure
wrong-name.parity.test:2525   none
.name-host.parity.test:25     none
# Names.
name-host.parity.test         secure match=hostname
name-domain.parity.test       verify match=nexthop
name-wildcard.parity.test     secure match=nexthop:dot-nexthop
name-below.parity.test        secure match=dot-nexthop
name-both.parity.test         secure match=.provider-3.test
name-parent.parity.test       secure match=nowhere.test:parity.test
name-upper.parity.test        secure match=Name-Upper.Parity.Test
name-deep-host.parity.test    secure match=nowhere.test match=hostname
name-partial.parity.test      verify match=
name-wildcard-host.parity.test verify match=*.provider-6.test
expired.parity.test           secure match=nexthop
# Versions and ciphers.
tls12.parity.test             encrypt protocols=TLSv1.3
tls13.parity.test             encrypt protocols=!TLSv1.3
tls10-rsa.parity.test         encrypt protocols=>=TLSv1.2
tls11-rsa.parity.test         may protocols=>=TLSv1.1
tls10-ecdhe-rsa.parity.test   may protocols=nonsense
p384.parity.test              encrypt protocols=
tls12-rsa.parity.test         encrypt exclude=kRSA
camellia.parity.test          encrypt ciphers=high exclude=CAMELLIA:aNULL
adh.parity.test               encrypt exclude=aNULL
anonymous-server.parity.test  may exclude=aNULL
rsa-2048.parity.test          encrypt ciphers=strong
dhe-gcm.parity.test           encrypt ciphers=high,exclude=kDHE
# Others.
by-name.parity.test           secure servername=hostname
server-name-needed.parity.test encrypt servername=mx.server-name-needed.parity.test
ed25519.parity.test           encrypt servername=
p521.parity.test              encrypt connection_reuse=no
cn.parity.test                verify tafile=/lab/pki/ca.pem
san-email.parity.test         verify tafile=/lab/pki/stranger.pem
san-ip.parity.test            verify tafile=/lab/pki/missing.pem
san-wildcard.parity.test      encrypt tafile=/lab/pki/ca.pem
# What is refused.
starttls-454.parity.test      strict
starttls-554.parity.test      may match=hostname
inside-close.parity.test      encrypt what=ever
inside-421.parity.test        encrypt what
helo-502.parity.test          may ciphers=high ciphers=medium
ehlo-554.parity.test          may protocols=TLSv1.2 protocols=TLSv1.3
greeting-554.parity.test      may ciphers=
null-mx.parity.test           strict
nonexistent.parity.test       strict
mx-servfail.parity.test       strict
refused.parity.test           strict
`

const twice = `
chain.parity.test             secure match=nowhere.test
good.parity.test              verify
chain.parity.test             encrypt
`

var policed = []string{"good", "plain", "untrusted", "wrong-name", "self-signed", "handshake-alert", "a.corp.test",
	"b.a.corp.test", "plain.corp.test", "[mx.good.parity.test]", "[mx.good.parity.test]:25",
	"[mx.wrong-name.parity.test]:2525", "wrong-name.parity.test:2525", "good.parity.test:25", "[127.26.1.1]", "name-host",
	"name-domain", "name-wildcard", "name-below", "name-both", "name-parent", "name-upper", "name-deep-host",
	"name-partial", "name-wildcard-host", "expired", "tls12", "tls13", "tls10-rsa", "tls11-rsa", "tls10-ecdhe-rsa", "p384",
	"tls12-rsa", "camellia", "adh", "anonymous-server", "rsa-2048", "dhe-gcm", "by-name", "server-name-needed", "ed25519",
	"p521", "cn", "san-email", "san-ip", "san-wildcard", "starttls-454", "starttls-554", "inside-close", "inside-421",
	"helo-502", "ehlo-554", "greeting-554", "null-mx", "nonexistent", "mx-servfail", "refused", "chain",
	"name-parent-wildcard"}

// settingsPolicies are about smtp_tls_policy_maps.
func settingsPolicies() []setting {
	p := func(name, about, mainCF string, tables map[string]string, to ...string) setting {
		return setting{class: "policies", name: name, about: about, mainCF: mainCF, tables: tables, to: to}
	}
	few := []string{"good", "plain", "untrusted", "wrong-name", "name-host"}
	first := "good.parity.test none\nplain.parity.test encrypt\n"
	second := "good.parity.test secure\nuntrusted.parity.test verify\n.parity.test encrypt\n"
	return []setting{
		p("po_texthash", "a texthash: table", "smtp_tls_security_level = may\n"+
			"smtp_tls_policy_maps = texthash:{dir}/policy\n", map[string]string{"policy": policies}, policed...),
		p("po_hash", "the same as a hash: table", "smtp_tls_security_level = may\n"+
			"smtp_tls_policy_maps = hash:{dir}/policy.hash\n", map[string]string{"policy.hash": policies}, policed...),
		p("po_two", "two tables, main.cf says secure", "smtp_tls_security_level = secure\n"+
			"smtp_tls_policy_maps = texthash:{dir}/first hash:{dir}/second.hash\n",
			map[string]string{"first": first, "second.hash": second}, few...),
		p("po_default_type", "a table without a type", "smtp_tls_security_level = may\n"+
			"smtp_tls_policy_maps = {dir}/second.hash\n", map[string]string{"second.hash": second}, few...),
		p("po_inline", "an inline: table", "smtp_tls_security_level = may\n"+
			"smtp_tls_policy_maps = inline:{ plain.parity.test=encrypt, { wrong-name.parity.test = secure } }\n", nil, few...),
		p("po_static", "a static: table", "smtp_tls_security_level = may\n"+
			"smtp_tls_policy_maps = static:encrypt\n", nil, few...),
		p("po_twice", "a texthash: table with a key twice", "smtp_tls_security_level = may\n"+
			"smtp_tls_policy_maps = texthash:{dir}/twice\n", map[string]string{"twice": twice}, "good", "chain", "plain"),
		p("po_twice_hash", "a hash: table with a key twice", "smtp_tls_security_level = may\n"+
			"smtp_tls_policy_maps = hash:{dir}/twice.hash\n", map[string]string{"twice.hash": twice}, "good", "chain", "plain"),
		p("po_static_words", "a static: table with a policy of several words", "smtp_tls_security_level = may\n"+
			"smtp_tls_policy_maps = texthash:{dir}/first static:{verify match=nexthop}\n",
			map[string]string{"first": first}, few...),
		p("po_static_bad", "a static: table with no policy", "smtp_tls_security_level = may\n"+
			"smtp_tls_policy_maps = static:strict\n", nil, few...),
		p("po_missing", "a table that is not there", "smtp_tls_security_level = may\n"+
			"smtp_tls_policy_maps = texthash:{dir}/missing\n", nil, few...),
		p("po_missing_second", "a table, then one that is not there", "smtp_tls_security_level = may\n"+
			"smtp_tls_policy_maps = texthash:{dir}/first, hash:{dir}/missing\n", map[string]string{"first": first}, few...),
		p("po_regexp", "a table of expressions", "smtp_tls_security_level = may\n"+
			"smtp_tls_policy_maps = regexp:{dir}/policy\n", map[string]string{"policy": "/^plain/ encrypt\n"}, few...),
		p("po_listed", "as postconf -n prints it", "smtp_tls_security_level = encrypt\n"+
			"smtp_tls_policy_maps = texthash:{dir}/first,\n  texthash:{dir}/second\n",
			map[string]string{"first": first, "second": second}, few...).listed(),
		p("po_weaker", "main.cf says verify, the table less", "smtp_tls_security_level = verify\n"+
			"smtp_tls_policy_maps = texthash:{dir}/policy\n", map[string]string{"policy": `
plain.parity.test           may
handshake-alert.parity.test may
self-signed.parity.test     encrypt
untrusted.parity.test       none
expired.parity.test         may ciphers=high
`}, usual...),
	}
}

// listed is the setting read from postconf.
func (s setting) listed() setting {
	s.listing = true
	return s
}

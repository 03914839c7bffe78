//go:build mta

package main_test

import "maps"

// facts are the answers that a server is expected to lead to. The zero cert means that no certificate is seen.
type facts struct {
	stage                                              string
	offered, accepted, established, auth, reason, mail string // mail: whether mail would be encrypted
	version, group                                     string
	cert, certReason, nameMatch                        string // cert: the file's name in the lab's pki directory
	also                                               string // a finding beside that of the reason
}

// and adds a finding that is no reason.
func (f facts) and(finding string) facts {
	f.also = finding
	return f
}

// good is a server without fault; its certificate is the file cert.
func good(version, group, cert string) facts {
	return facts{stage: "done", offered: "yes", accepted: "yes", established: "yes", auth: "yes", mail: "yes",
		version: version, group: group, cert: cert, nameMatch: "yes"}
}

// untrusted is a server that encrypts, with a certificate that proves nothing.
func untrusted(cert, reason string) facts {
	f := good("TLSv1.3", "X25519", cert)
	f.auth, f.reason, f.certReason = "no", reason, reason
	return f
}

// refusing is a server that ended the session with its greeting.
func refusing(reason string) facts {
	return facts{stage: "connected", offered: "unknown", accepted: "unknown", established: "unknown", auth: "unknown",
		reason: reason, mail: "unknown"}
}

// plain is a server that answers EHLO and does not encrypt; offered says whether STARTTLS stood in its answer.
func plain(offered, reason string) facts {
	return facts{stage: "ehlo", offered: offered, accepted: "no", established: "no", auth: "no", reason: reason,
		mail: "no"}
}

// broken is a server whose handshake fails after the 220; established is no where that cannot be our own fault.
func broken(reason, established string) facts {
	return facts{stage: "starttls", offered: "yes", accepted: "yes", established: established, auth: established,
		reason: reason, mail: established}
}

// anonymous is a server that shows no certificate to whoever offers suites without one, which Go does not.
func anonymous(version string) facts {
	return facts{stage: "starttls", offered: "yes", accepted: "yes", established: "yes", auth: "no", mail: "yes",
		reason: "negotiated_not_completed", also: "anonymous_tls", version: version}
}

// labServers are the lab's mail servers by name: the server NAME is mx.NAME.mta-signed.test, and the one mail host of
// the domain NAME.mta-signed.test.
var labServers = map[string]struct {
	address string
	facts   facts
}{
	"postfix":            {"127.25.1.1", good("TLSv1.3", "X25519", "postfix")},
	"postfix-none":       {"127.25.1.2", plain("no", "starttls-not-supported")},
	"postfix-expired":    {"127.25.1.3", untrusted("postfix-expired", "certificate-expired")},
	"postfix-selfsigned": {"127.25.1.4", untrusted("postfix-selfsigned", "self_signed")},
	"postfix-wrongname":  {"127.25.1.5", mismatch(good("TLSv1.3", "X25519", "postfix-wrongname"))},
	"postfix-anonymous":  {"127.25.1.6", anonymous("TLSv1.2")},
	"postfix-nokey":      {"127.25.1.7", plain("yes", "starttls_temporary")},
	"postfix-reqcert":    {"127.25.1.8", laterInside()},
	"postfix-postscreen": {"127.25.1.9", good("TLSv1.3", "X25519", "postfix-postscreen").and("greet_pause")},
	"postfix-521":        {"127.25.1.11", refusing("greeting_refused")},
	"postfix-blocklist":  {"127.25.1.12", refusing("refused_by_policy")},
	"postfix-450":        {"127.25.1.13", refusing("greeting_temporary")},
	"postfix-tls12":      {"127.25.1.14", good("TLSv1.2", "X25519", "postfix-tls12")},
	"postfix-incomplete": {"127.25.1.15", untrusted("postfix-incomplete", "incomplete_chain")},
	"postfix-chain":      {"127.25.1.16", good("TLSv1.3", "X25519", "postfix-chain").and("wildcard")},
	"postfix-clientcert": {"127.25.1.17", good("TLSv1.3", "X25519", "postfix-clientcert")},
	"postfix-tls10":      {"127.25.1.18", good("TLSv1", "X25519", "postfix-tls10").and("old_tls_version")},
	"postfix-stranger":   {"127.25.1.19", untrusted("postfix-stranger", "certificate-not-trusted").and("root_sent")},
	"postfix-deep":       {"127.25.1.20", good("TLSv1.3", "X25519", "postfix-deep").and("greet_pause")},
	"exim":               {"127.25.2.1", good("TLSv1.3", "X25519", "exim")},
	"exim-none":          {"127.25.2.2", plain("no", "starttls-not-supported")},
	"exim-refused":       {"127.25.2.3", refusing("greeting_refused")},
	"exim-helo":          {"127.25.2.4", plain("no", "helo_only")},
	"exim-starttls-5xx":  {"127.25.2.5", plain("yes", "starttls_refused")},
	"exim-starttls-4xx":  {"127.25.2.6", plain("yes", "starttls_temporary")},
	"exim-delay":         {"127.25.2.7", good("TLSv1.2", "X25519", "exim-delay").and("greet_pause")},
	"sendmail":           {"127.25.3.1", good("TLSv1.3", "prime256v1", "sendmail").and("root_sent")},
	"sendmail-none":      {"127.25.3.2", plain("no", "starttls-not-supported")},
	"courier":            {"127.25.4.1", good("TLSv1.3", "X25519", "courier")},
	"opensmtpd":          {"127.25.5.1", broken("tls_alert", "no")},
	"opensmtpd-tls":      {"127.25.5.2", good("TLSv1.3", "X25519", "opensmtpd-tls")},
}

// laterInside is a server whose handshake is perfect and that then takes no mail: 421 to the EHLO inside TLS.
func laterInside() facts {
	f := good("TLSv1.3", "X25519", "postfix-reqcert")
	f.stage, f.reason, f.mail = "tls", "after_tls_temporary", "unknown"
	return f
}

// host is one mail host that a domain is expected to have: a server of the lab, under the name in the MX record.
type host struct {
	name       string
	preference int
	server     string            // in labServers; "" when the name has no address
	change     func(facts) facts // nil = as the server is
}

// domain is what the DNS is expected to say of a domain.
type domain struct {
	kind, trust, reason string
	hosts               []host
}

// labDomains are the domains that are not just one server's own.
var labDomains = map[string]domain{
	"multi" + signed:    {"listed", "secure", "", []host{mxHost(10, "postfix"), mxHost(20, "exim")}},
	"partly" + signed:   {"listed", "secure", "", []host{mxHost(10, "postfix"), mxHost(20, "postfix-none")}},
	"null" + signed:     {"null", "secure", "null_mx", nil},
	"implicit" + signed: {"implicit", "secure", "", []host{{name: "implicit" + signed, server: "postfix"}}},
	"cname" + signed:    {"listed", "secure", "", []host{{"alias" + signed, 10, "postfix", aliased}}},
	"nohost" + signed:   {"listed", "secure", "", []host{{"mx.nowhere" + signed, 10, "", because("host_not_found")}}},
	"noaddr" + signed:   {"listed", "secure", "", []host{{"empty" + signed, 10, "", because("host_no_address")}}},
	"nomail" + signed:   {"none", "secure", "no_mail_host", nil},
	"gone" + signed:     {"none", "secure", "no_such_domain", nil},
	"gone" + unsigned:   {"none", "insecure", "no_such_domain", nil},
	"shared" + unsigned: {"listed", "insecure", "", []host{mxHost(10, "postfix"), mxHost(20, "sendmail"),
		mxHost(30, "courier")}},
	"insecure" + unsigned: {"listed", "insecure", "", []host{{"mx.insecure" + unsigned, 10, "courier", nil}}},
	"mta-bogus.test":      {"failed", "bogus", "dnssec-invalid", nil},
}

func mxHost(preference int, server string) host {
	return host{name: "mx." + server + signed, preference: preference, server: server}
}

// mismatch is a good server under a name that its certificate does not have.
func mismatch(f facts) facts {
	f.auth, f.reason, f.nameMatch = "no", "certificate-host-mismatch", "no"
	return f
}

// aliased is mismatch for a name that is a CNAME, too.
func aliased(f facts) facts { return mismatch(f).and("mx_is_alias") }

// because is the reason of a host without an address.
func because(reason string) func(facts) facts {
	return func(f facts) facts {
		f.reason = reason
		return f
	}
}

// expectations are labDomains and each server's own domain.
func expectations() map[string]domain {
	all := make(map[string]domain)
	maps.Copy(all, labDomains)
	for name := range labServers {
		all[name+signed] = domain{"listed", "secure", "", []host{mxHost(10, name)}}
	}
	return all
}

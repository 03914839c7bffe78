package verdict

import (
	"mxtls/scanner/mx"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
)

// titled is what a reason of a lower package means to an operator, and what that rests on.
type titled struct{ title, source string }

var mxTitles = map[mx.Reason]titled{
	mx.NoSuchDomain:       {"the domain does not exist", "RFC 5321 5.1, RFC 2308 2.1"},
	mx.NoMailHost:         {"the domain has neither MX records nor an address", "RFC 5321 5.1"},
	mx.NullMX:             {"the domain takes no mail, and says so", "RFC 7505 3"},
	mx.NullMXBesideOthers: {"a null MX stands beside other MX records; Postfix delivers nothing there", "RFC 7505 3"},
	mx.LookupTimeout:      {"the mail hosts could not be looked up: the resolver did not answer", "RFC 5321 5.1"},
	mx.LookupServFail:     {"the mail hosts could not be looked up: the resolver failed", "RFC 5321 5.1"},
	mx.LookupRefused:      {"the mail hosts could not be looked up: the resolver refused", "RFC 5321 5.1"},
	mx.LookupBogus:        {"the DNS answer is forged or its signatures are broken", "RFC 4035 4.3, RFC 8460 4.3"},
	mx.LookupMalformed:    {"the mail hosts could not be looked up: the answer makes no sense", "RFC 5321 5.1"},
	mx.LookupCNAMELoop:    {"the mail hosts could not be looked up: aliases that lead nowhere", "RFC 1034 3.6.2"},
	mx.LookupTooLarge:     {"the mail hosts could not be looked up: the answer is too large", "limit of this program"},
	mx.LookupFailed:       {"the mail hosts could not be looked up", "RFC 5321 5.1"},
	mx.HostNotFound:       {"an MX record names a host that does not exist", "RFC 5321 5.1"},
	mx.HostNoAddress:      {"an MX record names a host without an address", "RFC 5321 5.1"},
	mx.HostMalformed:      {"an MX record names something that is no host name", "RFC 5321 2.3.5"},
	mx.ResolverDown:       {"the resolver stopped answering in mid-run", "limit of this program"},
	mx.OptedOut:           {"the domain is on the opt-out list", "opt-out file"},
}

var sessionTitles = map[starttls.Reason]titled{
	starttls.NotTested:       {"the server was not tested", "limit of this program"},
	starttls.NoIPv6:          {"the server was not tested: this machine has no IPv6", "RFC 5321 5.2"},
	starttls.ReservedAddress: {"the address is reserved and was not tried", "RFC 6890"},
	starttls.OptedOut:        {"the server is on the opt-out list", "opt-out file"},

	starttls.ConnectTimeout:    {"nobody answers at the address", "RFC 5321 4.5.4.1"},
	starttls.ConnectionRefused: {"no mail server listens at the address", "RFC 5321 4.5.4.1"},
	starttls.Unreachable:       {"the address cannot be reached", "RFC 5321 4.5.4.1"},
	starttls.ConnectFailed:     {"no connection came about", "RFC 5321 4.5.4.1"},

	starttls.GreetingTimeout:    {"the server takes connections and says nothing", "RFC 5321 4.5.3.2.1"},
	starttls.GreetingClosed:     {"the server closes connections without a word", "RFC 5321 3.1"},
	starttls.TooManyConnections: {"the server is busy or limits our connections (421)", "RFC 5321 3.8"},
	starttls.GreetingTemporary:  {"the server turned us away for now (4xx)", "RFC 5321 3.1"},
	starttls.RefusedByPolicy:    {"the server refuses our address by policy or block list", "RFC 5321 3.1, RFC 7504"},
	starttls.GreetingRefused:    {"the server turned us away (5xx)", "RFC 5321 3.1, RFC 7504"},
	starttls.NotSMTP:            {"something other than SMTP answers", "RFC 5321 4.2"},
	starttls.ReplyTooLong:       {"a reply was longer than any honest one", "RFC 5321 4.5.3.1.5"},
	starttls.ReplyMalformed:     {"a reply breaks the protocol", "RFC 5321 4.2"},
	starttls.Tarpit:             {"the server answers too slowly to finish", "RFC 5321 4.5.3.2"},

	starttls.EHLOTimeout:      {"the server did not answer EHLO", "RFC 5321 4.5.3.2"},
	starttls.EHLOTemporary:    {"the server put off EHLO (4xx)", "RFC 5321 4.1.1.1"},
	starttls.EHLORefused:      {"the server refuses EHLO and HELO", "RFC 5321 4.1.1.1"},
	starttls.HELOOnly:         {"the server knows only HELO, so it cannot offer STARTTLS", "RFC 5321 3.2"},
	starttls.ConnectionClosed: {"the server hung up", "RFC 5321 3.8"},
	starttls.ConnectionReset:  {"the server reset the connection", "RFC 5321 3.8"},

	starttls.StartTLSNotSupported: {"STARTTLS is not offered", "RFC 3207 4, RFC 8460 4.3"},
	starttls.StartTLSStripped:     {"STARTTLS was overwritten on the way, by a firewall or an attacker", "RFC 3207 6, RFC 7672 1.3.1"},
	starttls.StartTLSTemporary:    {"STARTTLS is offered and refused for now (4xx)", "RFC 3207 4"},
	starttls.StartTLSRefused:      {"STARTTLS is offered and refused (5xx)", "RFC 3207 4"},
	starttls.StartTLSBadReply:     {"STARTTLS gets a reply that is neither yes nor no", "RFC 3207 4"},
	starttls.StartTLSTimeout:      {"the server did not answer STARTTLS", "RFC 5321 4.5.3.2"},
	starttls.ResponseInjection:    {"plain text was injected behind the answer to STARTTLS", "RFC 3207 6, CVE-2011-0411"},

	starttls.TLSNotTLS:      {"after STARTTLS comes no TLS", "RFC 3207 4"},
	starttls.TLSAlert:       {"the server broke the handshake off", "RFC 8446 6.2"},
	starttls.TLSVersion:     {"no TLS version in common (TLS 1.0 to 1.3 offered)", "RFC 8446 4.2.1"},
	starttls.TLSNoCipher:    {"no cipher suite in common with this program", "RFC 8446 4.1.1"},
	starttls.TLSClosed:      {"the server hung up during the handshake", "RFC 8446 6.1"},
	starttls.TLSTimeout:     {"the server fell silent during the handshake", "RFC 5321 4.5.3.2"},
	starttls.TLSCertificate: {"the certificate cannot be read", "RFC 5280 4.1"},
	starttls.TLSFailed:      {"the handshake failed", "RFC 8446 4"},

	starttls.AfterTLSClosed:    {"the server hung up after the handshake", "RFC 3207 4.2"},
	starttls.AfterTLSTemporary: {"the server put us off inside TLS (4xx)", "RFC 3207 4.2"},
	starttls.AfterTLSRefused:   {"the server refuses EHLO inside TLS", "RFC 3207 4.2"},
	starttls.AfterTLSTimeout:   {"the server fell silent inside TLS", "RFC 5321 4.5.3.2"},

	starttls.HostTimeout:   {"the session took too long as a whole", "limit of this program"},
	starttls.Interrupted:   {"the run was stopped before the session was over", "limit of this program"},
	starttls.InternalError: {"a defect of this program; please report it", "limit of this program"},
}

var chainTitles = map[pkix.Reason]titled{
	pkix.Expired:              {"the certificate is expired", "RFC 5280 4.1.2.5, RFC 8460 4.3"},
	pkix.NotYetValid:          {"the certificate is not yet valid", "RFC 5280 4.1.2.5"},
	pkix.IntermediateExpired:  {"an intermediate certificate is expired or not yet valid", "RFC 5280 6.1.3"},
	pkix.RootExpired:          {"the root certificate is expired or not yet valid", "RFC 5280 6.1"},
	pkix.SelfSigned:           {"the certificate signed itself", "RFC 5280 3.2"},
	pkix.UnknownIssuer:        {"the certificate's root is not in the bundle", "RFC 5280 6.1, RFC 8460 4.3"},
	pkix.IncompleteChain:      {"an intermediate certificate was not sent", "RFC 5246 7.4.2, RFC 8446 4.4.2"},
	pkix.WrongPurpose:         {"the certificate is not for TLS servers", "RFC 5280 4.2.1.12"},
	pkix.WeakSignature:        {"a signature in the chain is MD5 or SHA-1", "RFC 9155"},
	pkix.WeakKey:              {"a key in the chain is too short", "RFC 9325 4.5"},
	pkix.NameConstraint:       {"a CA in the chain may not vouch for these names", "RFC 5280 4.2.1.10"},
	pkix.PathLength:           {"a CA in the chain may not have so many CAs below it", "RFC 5280 4.2.1.9"},
	pkix.NotACA:               {"an issuer in the chain is no CA", "RFC 5280 4.2.1.9"},
	pkix.CriticalExtension:    {"a critical extension that cannot be judged", "RFC 5280 4.2"},
	pkix.CertificateMalformed: {"the certificate cannot be read", "RFC 5280 4.1"},
	pkix.ChainTooLong:         {"the chain is longer than any honest one", "limit of this program"},
	pkix.OtherInvalid:         {"the chain does not hold", "RFC 5280 6"},
}

var noteTitles = map[pkix.Note]titled{
	pkix.Wildcard:      {"the certificate is for a wildcard name", "RFC 9525 6.3"},
	pkix.CNOnly:        {"the certificate has its name in the CN alone, which strict senders do not look at", "RFC 9525 2"},
	pkix.ShortKey:      {"the certificate's RSA key has fewer than 2,048 bits", "RFC 9325 4.5"},
	pkix.RootSent:      {"the root certificate was sent along, which is needless", "RFC 8446 4.4.2"},
	pkix.ExpiredSent:   {"an expired certificate was sent along; the path goes around it", "RFC 5280 6.1"},
	pkix.WrongOrder:    {"the chain was sent in the wrong order", "RFC 5246 7.4.2"},
	pkix.DuplicateSent: {"a certificate was sent twice", "RFC 8446 4.4.2"},
	pkix.StraySent:     {"a certificate was sent that has no part in the chain", "RFC 8446 4.4.2"},
	pkix.MalformedSent: {"a certificate was sent along that cannot be read", "RFC 5280 4.1"},
	pkix.NamesCut:      {"the certificate has more names than are looked at", "limit of this program"},
}

package report

import (
	"mxtls/scanner/pkix"
	"mxtls/scanner/verdict"
)

// issueText is how an issue is put to people.
type issueText struct {
	title    string
	text     string
	class    verdict.Class // for its sign
	harmless bool          // so that nobody needs the names
}

var issueTexts = [...]issueText{
	pkix.IssueBroken: {
		title: "Broken blocks", class: verdict.ClassInvalid,
		text: "At the first of them Postfix gives the file up, and with it TLS for all mail. Remove them.",
	},
	pkix.IssueExpired: {
		title: "Expired", class: verdict.ClassPlain,
		text: "Chains that lead to them are not trusted.",
	},
	pkix.IssueMissing: {
		title: "Missing", class: verdict.ClassPlain,
		text: "Servers whose certificates lead to these will be called untrusted. Update the bundle.",
	},
	pkix.IssueDistrusted: {
		title: "Kept too long, by Mozilla's word", class: verdict.ClassPartial,
		text: "Postfix believes them as long as they are in the bundle.",
	},
	pkix.IssueWeakKey: {
		title: "Weak keys", class: verdict.ClassPlain,
		text: "OpenSSL at security level 1 refuses them: at verify and secure no chain to them is trusted.",
	},
	pkix.IssueRejected: {
		title: "Set to be rejected", class: verdict.ClassPartial,
		text: "Their trust settings refuse them for TLS servers.",
	},
	pkix.IssueUnlinked: {
		title: "Without a hash link", class: verdict.ClassPartial,
		text: "As smtp_tls_CApath the directory does not show them to Postfix: run openssl rehash.",
	},
	pkix.IssueNotRoot: {
		title: "No roots", class: verdict.ClassNull, harmless: true,
		text: "Others issued them: they help to build paths and end none.",
	},
	pkix.IssueExpiring: {
		title: "Expiring soon", class: verdict.ClassPartial,
		text: "Update the bundle before that day.",
	},
	pkix.IssueNotYetValid: {
		title: "Not yet valid", class: verdict.ClassPartial,
		text: "Chains that lead to them are not trusted yet.",
	},
	pkix.IssueExtra: {
		title: "Not in the other bundle", class: verdict.ClassNull,
		text: "Your own, or taken out there on a day that is not known here.",
	},
	pkix.IssueShortKey: {
		title: "Short keys", class: verdict.ClassPartial,
		text: "RSA below 2,048 bits: OpenSSL takes it, strict senders do not.",
	},
	pkix.IssueWeakSignature: {
		title: "Weak signatures", class: verdict.ClassNull, harmless: true,
		text: "MD5 or SHA-1. Nobody checks the signature of a root, so this harms only what is no root.",
	},
	pkix.IssueDuplicate: {
		title: "Duplicates", class: verdict.ClassNull,
		text: "They stand in the file before.",
	},
	pkix.IssueTrustedLabel: {
		title: "TRUSTED CERTIFICATE blocks", class: verdict.ClassNull, harmless: true,
		text: "Only OpenSSL understands them.",
	},
	pkix.IssueOnlyOpenSSL: {
		title: "Readable for OpenSSL alone", class: verdict.ClassNull,
		text: "Go's readers refuse them.",
	},
}

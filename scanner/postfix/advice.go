package postfix

import "fmt"

// Advice is what to put into main.cf, line by line, with comments: trust anchors of the operating system, from its bundle
// or, where that is "", from a directory with hash links ("" = no such thing was found either), a level, and a log that
// shows TLS. What the configuration has already is left as it is; nil stands for one that is not known.
func Advice(bundle, dir string, c *Config) []string {
	if c == nil {
		c = NewConfig(nil, Options{})
	}
	var lines []string
	add := func(comment, format string, args ...any) {
		lines = append(lines, "# "+comment, fmt.Sprintf(format, args...))
	}
	switch {
	case c.EngineOff != "" && bundle == "" && dir != "":
		add("The CAfile in use cannot be loaded, which switches TLS off for all mail.", "smtp_tls_CAfile =")
		lines = append(lines, directoryAdvice(dir)...)
	case c.EngineOff != "" && bundle != "":
		add("The CAfile in use cannot be loaded, which switches TLS off for all mail.", "smtp_tls_CAfile = %s", bundle)
	case !c.Trusts() && bundle != "":
		add("The root certificates of this operating system. Without them every server is Untrusted.",
			"smtp_tls_CAfile = %s", bundle)
	case !c.Trusts() && dir != "":
		lines = append(lines, directoryAdvice(dir)...)
	case !c.Trusts():
		lines = append(lines, "# No file of root certificates that Postfix can load was found on this system: install its",
			"# ca-certificates package, then set smtp_tls_CAfile to its bundle. Without it every server is Untrusted.")
	}
	switch {
	case c.Level == None || c.Level == LevelUnknown:
		add("Encrypt wherever the server can, and deliver in any case.", "smtp_tls_security_level = may")
	case (c.Level == Dane || c.Level == DaneOnly) && !c.DNSSEC:
		add("Without this, dane looks no TLSA record up. It needs a validating resolver on this machine.",
			"smtp_dns_support_level = dnssec")
		if !c.HostLookupDNS {
			add("TLSA records come from the DNS, so hosts have to be looked up there.", "smtp_host_lookup = dns")
		}
	}
	if c.Loglevel == 0 {
		add("One line per TLS connection. Without it the log does not show whether mail was encrypted.",
			"smtp_tls_loglevel = 1")
	}
	if len(lines) == 0 {
		lines = append(lines, "# Nothing to add: trust anchors, level and log level are set.")
	}
	return lines
}

// directoryAdvice is for systems that have no file. Postfix reads a CAfile before it enters its chroot, but looks into a
// CApath whenever a chain calls for it (postconf(5)).
func directoryAdvice(dir string) []string {
	return []string{
		"# The root certificates of this operating system, which has no file of them that Postfix can load. Where smtp",
		"# runs in a chroot (master.cf), the directory has to be there. Without it every server is Untrusted.",
		"smtp_tls_CApath = " + dir,
	}
}

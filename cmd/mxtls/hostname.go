package main

import (
	"bufio"
	"os"
	"slices"
	"strings"
)

// ehloName is this machine's fully qualified name as "hostname -f" finds it without the DNS: the kernel's host name
// where it has a dot, else the first dotted name on its line of /etc/hosts. Where there is none, the bare host name.
func ehloName() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		return "localhost"
	}
	if strings.Contains(host, ".") {
		return host
	}
	if fqdn := fromHosts("/etc/hosts", host); fqdn != "" {
		return fqdn
	}
	return host
}

// fromHosts is the first dotted name on a line of a hosts(5) file that also names host.
func fromHosts(path, host string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(line)
		if len(fields) < 2 || !slices.Contains(fields[1:], host) {
			continue
		}
		for _, name := range fields[1:] {
			if strings.HasPrefix(name, host+".") {
				return name
			}
		}
	}
	return ""
}

// isLocalhost reports whether an EHLO name says nothing of who we are.
func isLocalhost(name string) bool {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	return name == "localhost" || strings.HasPrefix(name, "localhost.")
}

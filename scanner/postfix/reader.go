package postfix

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mxtls/scanner/pkix"
)

// A reader gives settings their types and collects what is wrong with them.
type reader struct {
	settings  *Settings
	directory string // of main.cf
	postfix   Version
	remarks   []Remark

	notStarted string // the first value that smtp(8) does not start with
}

func newReader(s *Settings, o Options) *reader {
	if s == nil {
		s = &Settings{}
	}
	r := &reader{settings: s, directory: o.Directory, postfix: o.Postfix}
	if text, ok := s.Get("mail_version"); ok {
		v, err := ParseVersion(text)
		if r.postfix.IsZero() && err == nil {
			r.postfix = v
		} else if err == nil && v != r.postfix {
			r.remark(VersionMismatch, "the settings are of Postfix %s, but %s was asked for", v, r.postfix)
		}
	}
	if r.postfix.IsZero() {
		r.postfix = defaultPostfix
	}
	return r
}

// remark says something once, however often a parameter is looked at.
func (r *reader) remark(code, format string, args ...any) {
	if said := (Remark{code, fmt.Sprintf(format, args...)}); !slices.Contains(r.remarks, said) {
		r.remarks = append(r.remarks, said)
	}
}

// firstName tells of a file that begins with a byte order mark, which costs it its first setting.
func (r *reader) firstName() {
	for parameter := range r.settings.values {
		if name, ok := strings.CutPrefix(parameter, byteOrderMark); ok {
			r.remark(BadValue, "the file begins with a byte order mark, which Postfix takes for a part of the first name, so "+
				"%s is not set", excerpt(name))
		}
	}
}

// lookup is a parameter as it is set, or its default.
func (r *reader) lookup(parameter string) (string, bool) {
	if value, ok := r.settings.Get(parameter); ok {
		return value, true
	}
	if parameter == "config_directory" && r.directory != "" {
		return strings.ReplaceAll(r.directory, "$", "$$"), true // mail_conf.c: where main.cf is, unless that says otherwise
	}
	return defaultOf(parameter, r.postfix)
}

// text is a parameter's value with its names expanded.
func (r *reader) text(parameter string) string {
	raw, _ := r.lookup(parameter)
	e := expander{lookup: r.lookup, asked: map[string]bool{}}
	value := trimBlanks(e.expand(raw))
	if e.broken != "" {
		r.fatal(parameter, raw)
		r.remark(BadValue, "%s = %s cannot be read, since %s: %s was taken to be %s", parameter, excerpt(raw), e.broken,
			notStarted, orElse(excerpt(value), "empty"))
	}
	if len(e.asked) > 0 {
		missing := make([]string, 0, len(e.asked))
		for name := range e.asked {
			missing = append(missing, "$"+excerpt(name))
		}
		slices.Sort(missing)
		r.remark(UndefinedName, "%s names %s, which is not set here: it was taken to be empty", parameter,
			strings.Join(missing, ", "))
	}
	return value
}

// notStarted is what comes of values that Postfix cannot read (mail_conf_int.c, mail_conf_bool.c, mail_conf_time.c,
// name_code.c, mac_expand.c: all are fatal).
const notStarted = "smtp(8) does not start with it, and no mail is sent; here it"

// bad says that a value was left out of account.
func (r *reader) bad(parameter, value, instead string) {
	r.fatal(parameter, value)
	r.remark(BadValue, "%s = %s cannot be read: %s was taken to be %s", parameter, excerpt(value), notStarted, instead)
}

// fatal notes a value that smtp(8) does not start with.
func (r *reader) fatal(parameter, value string) {
	r.notStarted = orElse(r.notStarted, parameter+" = "+excerpt(value))
}

// required is the text of a parameter that may not be empty (the least length in smtp_params.c).
func (r *reader) required(parameter string) string {
	value := r.text(parameter)
	if value == "" {
		r.bad(parameter, value, r.instead(parameter))
		return r.instead(parameter)
	}
	return value
}

// instead is a parameter's default, for a value that cannot be read.
func (r *reader) instead(parameter string) string {
	value, _ := defaultOf(parameter, r.postfix)
	return value
}

func (r *reader) yes(parameter string) bool {
	value := r.text(parameter)
	switch strings.ToLower(value) {
	case "yes":
		return true
	case "no":
		return false
	}
	r.bad(parameter, value, r.instead(parameter))
	return r.instead(parameter) == "yes"
}

func (r *reader) number(parameter string) int {
	value := r.text(parameter)
	n, err := strconv.ParseUint(value, 10, 31)
	if err != nil {
		r.bad(parameter, value, r.instead(parameter))
		n, _ = strconv.ParseUint(r.instead(parameter), 10, 31)
	}
	return int(n)
}

func (r *reader) oneOf(parameter string, words ...string) string {
	value := strings.ToLower(r.text(parameter))
	if !slices.Contains(words, value) {
		r.bad(parameter, value, r.instead(parameter))
		return r.instead(parameter)
	}
	return value
}

func (r *reader) lists(parameter, word string) bool {
	return slices.ContainsFunc(splitList(r.text(parameter)), func(s string) bool { return strings.EqualFold(s, word) })
}

// duration reads "300s", "5d" or a bare number of the parameter's own unit (conv_time.c).
func (r *reader) duration(parameter string, unit time.Duration) time.Duration {
	value := r.text(parameter)
	d, ok := parseDuration(value, unit)
	if !ok {
		r.bad(parameter, value, r.instead(parameter))
		d, _ = parseDuration(r.instead(parameter), unit)
	}
	return d
}

func parseDuration(s string, unit time.Duration) (time.Duration, bool) {
	if n := len(s); n > 0 {
		units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour,
			'w': 7 * 24 * time.Hour}
		if u, ok := units[s[n-1]|0x20]; ok {
			unit, s = u, s[:n-1]
		}
	}
	n, err := strconv.ParseUint(s, 10, 31)
	const most = 100 * 365 * 24 * time.Hour // of a message's age: no more fits any purpose, or a Duration
	if err != nil || n > uint64(most/unit) {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// protocols and grade keep a value that cannot be read: Postfix starts with it, and every handshake fails.
func (r *reader) protocols(parameter string) Protocols {
	value := r.text(parameter)
	p, err := parseProtocols(value, r.postfix)
	if err != nil {
		r.remark(BadValue, "%s = %s makes every TLS handshake fail: %v", parameter, excerpt(value), err)
	}
	return p
}

// grades of ciphers (tls_misc.c).
var grades = []string{"high", "medium", "low", "export", "null"}

func (r *reader) grade(parameter string) string {
	value := strings.ToLower(r.required(parameter))
	if !slices.Contains(grades, value) {
		r.remark(BadValue, "%s = %s makes every TLS handshake fail: it is no grade of ciphers", parameter, excerpt(value))
	}
	return value
}

// splitCiphers reads a list of ciphers to exclude, which colons may part too.
func splitCiphers(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(":"+separators, r) })
}

// matcher reads a list of names to match, which colons may part too.
func (r *reader) matcher(parameter string) ([]string, pkix.Matcher) {
	words := splitCiphers(r.required(parameter))
	m, odd := newMatcher(words)
	if odd != nil {
		r.remark(BadValue, "%s: %v", parameter, odd)
	}
	return words, m
}

// newMatcher takes the words that are names. One that is none matches nothing and keeps the others in force, as in
// Postfix; the error is about the first such.
func newMatcher(words []string) (m pkix.Matcher, odd error) {
	var good []string
	for _, word := range words {
		_, err := pkix.NewMatcher(word)
		domain, wild := strings.CutPrefix(word, "*.")
		switch {
		case err == nil:
			good = append(good, word)
		case odd != nil:
		case wild:
			odd = fmt.Errorf("match name %q is met by this very wildcard in a certificate alone; for all names below the "+
				"domain it would be %q", excerpt(word), "."+excerpt(domain))
		default:
			odd = fmt.Errorf("%w, so no certificate has it", err)
		}
	}
	m, _ = pkix.NewMatcher(good...) // each was taken alone
	return m, odd
}

// level is smtp_tls_security_level, or what stood for it before Postfix 2.3.
func (r *reader) level() Level {
	if value := r.text("smtp_tls_security_level"); value != "" {
		l := parseLevel(value)
		if l == LevelUnknown {
			r.fatal("smtp_tls_security_level", value)
			r.remark(UnknownLevel, "smtp_tls_security_level = %s is no level: smtp(8) does not start with it, and no mail is "+
				"sent", excerpt(value))
		}
		return l
	}
	enforce, use := r.yes("smtp_enforce_tls"), r.yes("smtp_use_tls")
	l := None
	switch {
	case enforce && r.yes("smtp_tls_enforce_peername"):
		l = Verify
	case enforce:
		l = Encrypt
	case use:
		l = May
	}
	if l != None {
		r.remark(LegacyTLS, "smtp_use_tls and smtp_enforce_tls are obsolete and mean smtp_tls_security_level = %s; "+
			"any value there overrides them", l)
	}
	return l
}

// levelOf is a parameter whose value is one of some levels.
func (r *reader) levelOf(parameter string, allowed ...Level) Level {
	value := r.text(parameter)
	if l := parseLevel(value); slices.Contains(allowed, l) {
		return l
	}
	r.bad(parameter, value, Dane.String())
	return Dane
}

// parseLevel reads a level in any case, as Postfix does.
func parseLevel(s string) Level {
	var l Level
	if err := l.UnmarshalText([]byte(strings.ToLower(s))); err != nil {
		return LevelUnknown
	}
	return l
}

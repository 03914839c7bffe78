package tlsrpt

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"mxtls/scanner/internal/txtrecord"
	"mxtls/scanner/name"
)

const version = "v=TLSRPTv1"

// Record is a TLSRPT record (RFC 8460 3).
type Record struct{ RUA []URI }

// URI is where a report goes.
type URI struct {
	Text string    // as written
	Host name.Name // the mail domain of mailto, the host of https; zero where that is an address
}

// String is the record as ParseRecord reads it.
func (r Record) String() string {
	texts := make([]string, len(r.RUA))
	for i, u := range r.RUA {
		texts[i] = u.Text
	}
	return version + "; rua=" + strings.Join(texts, ",") + ";"
}

// Error says which rule of RFC 8460 3 a record breaks.
type Error struct {
	Reason Reason // RecordInvalid, NoAddress or AddressInvalid
	Text   string
}

// Error is the text.
func (e *Error) Error() string { return e.Text }

// ParseRecord reads the text of a record that begins with v=TLSRPTv1; its strings are joined with nothing between them.
// Fields that nobody knows and URIs of other schemes are skipped. The error is an *Error.
func ParseRecord(text string) (Record, []Warning, error) {
	fields, blank, err := txtrecord.Parse(text, version)
	if err != nil {
		return Record{}, nil, &Error{RecordInvalid, "the record " + err.Error()}
	}
	var (
		r Record
		o Outcome // for its warnings
		n int     // rua fields
	)
	if blank {
		o.warn(BlankDelimiter, "a blank stands between "+version+" and its semicolon: some senders see no record")
	}
	for _, f := range fields {
		switch {
		case f.Name == "rua":
			if n++; n > 1 {
				o.warn(SeveralRUA, "the record has several rua fields, where one has a list: some senders take one of them")
			}
			if err := r.add(f.Value, &o); err != nil {
				return Record{}, o.Warnings, err
			}
		case !txtrecord.IsValue(f.Value):
			return Record{}, o.Warnings, &Error{RecordInvalid, fmt.Sprintf("the record has the field %s with the value %s",
				f.Name, txtrecord.Quote(f.Value))}
		case strings.EqualFold(f.Name, "rua"):
			o.warn(UpperCaseField, "the record has the field "+f.Name+", which is not rua: names are in lower case")
		}
	}
	switch {
	case n == 0:
		return Record{}, o.Warnings, &Error{NoAddress, "the record has no rua"}
	case len(r.RUA) == 0:
		return Record{}, o.Warnings, &Error{NoAddress, "the record has no rua of the schemes mailto and https"}
	}
	return r, o.Warnings, nil
}

// add takes the list of one rua field.
func (r *Record) add(list string, o *Outcome) error {
	for text := range strings.SplitSeq(list, ",") {
		text = strings.Trim(text, " \t")
		u, err := parseURI(text)
		switch {
		case errors.Is(err, errScheme):
			o.warn(UnknownScheme, "the rua "+txtrecord.Quote(text)+" is neither mailto nor https: senders skip it")
		case err != nil:
			return &Error{AddressInvalid, "the rua " + txtrecord.Quote(text) + " " + err.Error()}
		default:
			r.RUA = append(r.RUA, u)
		}
	}
	return nil
}

var errScheme = errors.New("has another scheme")

// parseURI reads a URI as far as it has to be right for a report to get there. The error's words follow the URI.
func parseURI(text string) (URI, error) {
	switch {
	case text == "":
		return URI{}, errors.New("is empty")
	case strings.Contains(text, "!"):
		return URI{}, errors.New("has an exclamation mark, which is written %21")
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return URI{}, errors.New("has a character that no URI has")
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" {
		return URI{}, errors.New("is no URI: mailto:reports@example.com or https://example.com/reports is wanted")
	}
	host := u.Hostname()
	switch u.Scheme {
	case "mailto":
		if host, err = mailDomain(u.Opaque); err != nil {
			return URI{}, err
		}
	case "https":
		if host == "" {
			return URI{}, errors.New("has no host")
		}
	default:
		return URI{}, errScheme
	}
	n, err := name.ParseHost(host)
	if reason, ok := errors.AsType[*name.Error](err); ok && reason.Reason != name.IPAddress {
		return URI{}, errors.New("has the host " + txtrecord.Quote(host) + ", which is none")
	}
	return URI{text, n}, nil
}

// mailDomain is the domain of a mailto URI's one address (RFC 6068 2).
func mailDomain(opaque string) (string, error) {
	address, err := url.PathUnescape(opaque)
	if err != nil {
		return "", errors.New("has a percent sign without two digits behind it")
	}
	at := strings.LastIndexByte(address, '@')
	if at <= 0 || at == len(address)-1 {
		return "", errors.New("has no mail address")
	}
	return address[at+1:], nil
}

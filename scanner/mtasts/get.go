package mtasts

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// get asks for the policy over a connection that is there already.
//
// It is http.Transport that speaks, and not http.Client: so there are no cookies and no redirects, here as in RFC 8461
// 3.3. One transport has one connection, used once. With DisableCompression no Accept-Encoding is sent, and what comes
// compressed all the same is not unpacked. Proxy is nil, so that no environment variable has a say.
func (c *Client) get(ctx context.Context, f *Fetch, conn *tls.Conn) *Error {
	t := &http.Transport{
		DialTLSContext:         func(context.Context, string, string) (net.Conn, error) { return conn, nil },
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeader,
		Protocols:              new(http.Protocols),
	}
	t.Protocols.SetHTTP1(true)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL(), nil)
	if err != nil {
		return &Error{NotTested, err.Error(), err}
	}
	req.Header.Set("User-Agent", cmp.Or(c.UserAgent, "mxtls"))
	resp, err := t.RoundTrip(req)
	if err != nil {
		return answerError(err)
	}
	defer resp.Body.Close()
	f.Code, f.Status = resp.StatusCode, capped(resp.Status)
	f.Type, f.Encoding = capped(resp.Header.Get("Content-Type")), capped(resp.Header.Get("Content-Encoding"))
	f.Location = capped(resp.Header.Get("Location"))
	if f.Code != http.StatusOK || encoded(f.Encoding) {
		return nil // such a body is no policy, and is not read
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case len(body) > maxBody:
		f.Body = body[:maxBody]
		return &Error{BodyTooLarge, fmt.Sprintf("the policy has more than %d octets", maxBody), nil}
	case errors.Is(err, errFlood):
		return &Error{Flood, err.Error(), nil}
	case err != nil:
		f.Body = body
		return &Error{BodyCut, fmt.Sprintf("the answer broke off after %d octets of the policy", len(body)), err}
	}
	f.Body = body
	return nil
}

// encoded reports whether a body is not what it is (RFC 9110 8.4.1).
func encoded(coding string) bool { return coding != "" && !strings.EqualFold(coding, "identity") }

// answerError sorts what net/http says of an answer; it has no types for it.
func answerError(err error) *Error {
	text := err.Error()
	switch {
	case errors.Is(err, errFlood):
		return &Error{Flood, errFlood.Error(), nil}
	case strings.Contains(text, "server response headers exceeded"): // informational ones (1xx) included
		return &Error{HeaderTooLarge, fmt.Sprintf("the header of the answer has more than %d octets", maxHeader), err}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{NotHTTP, "the server closed the connection without an answer", err}
	}
	return &Error{NotHTTP, strings.TrimPrefix(text, "net/http: "), err}
}

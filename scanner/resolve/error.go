package resolve

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// Error is why a lookup failed: what was asked, of whom, what came back, and what to do about it.
type Error struct {
	Kind     Kind
	Name     string // the name asked for
	Type     string // "MX", "A", ...
	Resolver string // host:port asked last
	Rcode    string // "SERVFAIL", ...; "" without an answer
	EDE      string // extended error text (RFC 8914), escaped by whoever prints it
	Err      error  // the underlying error; nil if none
}

// Error says what was asked, of whom and what came of it, on one line; what the resolver sent is quoted.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Type != "" {
		fmt.Fprintf(&b, "%s lookup for %s: ", strings.ToUpper(e.Type), e.Name)
	}
	if e.Rcode != "" {
		b.WriteString(e.Rcode)
	} else {
		b.WriteString(kindText(e.Kind))
	}
	if e.Resolver != "" && e.Kind != Down {
		fmt.Fprintf(&b, " from %s", e.Resolver)
	}
	if e.Kind == BogusAnswer {
		b.WriteString(" (DNSSEC)")
	}
	if e.EDE != "" {
		fmt.Fprintf(&b, " %q", e.EDE)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Cause())
	}
	return b.String()
}

// Cause is the underlying error without the addresses that package net puts before it: they are this machine's own and
// change. It is nil if there is none.
func (e *Error) Cause() error {
	if errno, ok := errors.AsType[syscall.Errno](e.Err); ok {
		return errno
	}
	return e.Err
}

// kindText is a kind as Error words it, in front of "from RESOLVER".
func kindText(k Kind) string {
	switch k {
	case Timeout:
		return "no answer"
	case Network:
		return "no way to get an answer"
	case Malformed:
		return "malformed answer"
	case TooLarge:
		return "answer too large"
	case Down:
		return "no resolver answers any more"
	}
	return k.String()
}

// Unwrap is the underlying error: of the network, of the parser, of the context.
func (e *Error) Unwrap() error { return e.Err }

// Hint is what an operator can do about the failure, in a sentence without a final period; "" where there is nothing.
func (e *Error) Hint() string {
	switch e.Kind {
	case Timeout, Network, Down:
		where := e.Resolver
		if where == "" {
			where = "the resolver's address"
		}
		return fmt.Sprintf("is a resolver running at %s? try --resolver 127.0.0.1", where)
	case Refused:
		return "does the resolver allow queries from this machine, unfiltered? try --resolver 127.0.0.1"
	case ServFail:
		return "the domain's name servers may be out of reach; ask again later"
	case BogusAnswer:
		return "the zone's DNSSEC is broken, or the resolver's clock or trust anchor is wrong"
	}
	return ""
}

var (
	errClosed = errors.New("resolver closed") // the cause of every failure after Close
	errLame   = errors.New("a referral: the server does not recurse")
)

// fail makes an error of a kind; whoever knows the question and the resolver fills them in.
func fail(k Kind, err error) *Error { return &Error{Kind: k, Err: err} }

// failf is fail with the underlying error in words.
func failf(k Kind, format string, args ...any) *Error { return fail(k, fmt.Errorf(format, args...)) }

// ended is the failure of a lookup whose context is done: the caller gave up, or the resolvers went down.
func ended(ctx context.Context) *Error {
	cause := context.Cause(ctx)
	if down, ok := errors.AsType[*Error](cause); ok && down.Kind == Down {
		e := *down
		return &e
	}
	return fail(Canceled, cause)
}

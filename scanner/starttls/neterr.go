package starttls

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"
)

// This file is the one place where errors of net, syscall and crypto/tls become Reasons.

// timedOut reports whether a deadline of ours ran out, or the kernel's own patience.
func timedOut(err error) bool {
	ne, ok := errors.AsType[net.Error](err)
	return ok && ne.Timeout() || errors.Is(err, context.DeadlineExceeded)
}

// closed reports whether the other side, or something on the way, ended the connection in an orderly way.
func closed(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// reset reports whether the connection ended in disorder: RST, or a write after the other side had gone.
func reset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNABORTED)
}

func isErrno(err error, wanted ...syscall.Errno) bool {
	errno, ok := errors.AsType[syscall.Errno](err)
	return ok && slices.Contains(wanted, errno)
}

// connectReason says why no TCP connection came about.
//
// ENETUNREACH for an IPv6 address nearly always means that this machine has no route to IPv6 at all; that a router far
// away says so cannot be told from it, and NoIPv6 is the answer that blames nobody.
func connectReason(err error, addr netip.Addr) Reason {
	ipv6 := addr.Unmap().Is6()
	switch {
	case errors.Is(err, ErrReserved):
		return ReservedAddress
	case timedOut(err):
		return ConnectTimeout
	case isErrno(err, syscall.ECONNREFUSED):
		return ConnectionRefused
	case isErrno(err, syscall.ECONNRESET):
		return GreetingClosed // it was accepted, and gone before connect(2) told us
	case ipv6 && isErrno(err, syscall.ENETUNREACH, syscall.EADDRNOTAVAIL, syscall.EAFNOSUPPORT):
		return NoIPv6
	case isErrno(err, syscall.ENETUNREACH, syscall.EHOSTUNREACH):
		return Unreachable
	case isErrno(err, syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRNOTAVAIL):
		return NotTested // this machine ran out of descriptors, memory or ports: it says nothing of the server
	}
	return ConnectFailed
}

// connectText says the same in words: the frequent reasons in few, any other in the system's.
func connectText(r Reason, err error, limit time.Duration) string {
	switch r {
	case ConnectTimeout:
		return fmt.Sprintf("no connection within %v", limit)
	case ConnectionRefused:
		return "the connection was refused"
	case NoIPv6:
		return "not tested: this machine has no IPv6"
	case ReservedAddress:
		if op, ok := errors.AsType[*net.OpError](err); ok {
			err = op.Err // the address stands in it already
		}
		return "not tried: " + err.Error()
	case Unreachable:
		return "there is no route to the address"
	case GreetingClosed:
		return "the server reset the connection before the banner"
	}
	return err.Error()
}

// handshakeReason says why a handshake failed, from what the server did, with evidence in words. Whether a deadline
// ran out is for the caller to say, who knows which one. Received is the number of octets that came in.
func handshakeReason(err error, received int) (Reason, string) {
	if alert, ok := remoteAlert(err); ok {
		return alertReason(alert, received <= alertRecord), "the handshake failed, the server sent the alert: " + alert
	}
	if header, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return recordReason(header), fmt.Sprintf("%s; record header %q", header.Msg, header.RecordHeader[:])
	}
	switch {
	case closed(err):
		return TLSClosed, "the server closed the connection during the handshake"
	case reset(err):
		return TLSClosed, "the server reset the connection during the handshake"
	}
	text := strings.TrimPrefix(err.Error(), "tls: ")
	for _, known := range localErrors {
		if strings.HasPrefix(text, known.prefix) {
			return known.reason, text
		}
	}
	return TLSFailed, text
}

// remoteAlert is the name of the alert that the server sent (RFC 8446 6), in crypto/tls's words, whose type for it is
// not exported on this path.
func remoteAlert(err error) (string, bool) {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Op != "remote error" {
		return "", false
	}
	return strings.TrimPrefix(op.Err.Error(), "tls: "), true
}

// alertRecord is the length of a record with an alert in plain text (RFC 8446 5.1, 6).
const alertRecord = 5 + 2

// alertReason sorts alerts. A server without a version, suite or group in common says so by these three, as its first
// answer; later, handshake_failure may stand for anything, such as the want of a client certificate.
func alertReason(alert string, first bool) Reason {
	switch {
	case alert == "protocol version not supported":
		return TLSVersion
	case first && (alert == "handshake failure" || alert == "insufficient security level"):
		return TLSNoCipher
	}
	return TLSAlert
}

// recordReason sorts what arrived where a TLS record was to be.
func recordReason(err tls.RecordHeaderError) Reason {
	switch {
	case strings.HasPrefix(err.Msg, "first record does not look like"), strings.HasPrefix(err.Msg, "oversized record"):
		return TLSNotTLS
	case strings.HasPrefix(err.Msg, "unsupported SSLv2"):
		return TLSVersion
	}
	return TLSFailed
}

// localErrors are crypto/tls's own words for a server that it cannot go on with, where they tell more than TLSFailed.
var localErrors = []struct {
	prefix string
	reason Reason
}{
	{"server selected unsupported protocol version", TLSVersion},
	{"server selected an invalid version", TLSVersion},
	{"server chose an unconfigured cipher suite", TLSNoCipher},
	{"server selected unsupported group", TLSNoCipher},
	{"server selected unsupported curve", TLSNoCipher},
	{"server selected unoffered curve", TLSNoCipher},
	{"failed to parse certificate from server", TLSCertificate},
}

// ConnectFailure says why no TCP connection to addr came about within a limit, for those who connect elsewhere than to
// mail servers: NotTested, NoIPv6, ReservedAddress, or a Reason from
// ConnectTimeout to ConnectFailed, and the same in words.
func ConnectFailure(err error, addr netip.Addr, limit time.Duration) (Reason, string) {
	r := connectReason(err, addr)
	if r == GreetingClosed {
		return ConnectFailed, "the server reset the connection"
	}
	return r, connectText(r, err, limit)
}

// HandshakeFailure says why a TLS handshake failed that no deadline ended: a Reason from TLSNotTLS to TLSFailed, and
// the evidence in words. An alert is taken for the server's first answer.
func HandshakeFailure(err error) (Reason, string) { return handshakeReason(err, 0) }

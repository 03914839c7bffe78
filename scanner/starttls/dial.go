package starttls

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// ErrReserved is what a DialFunc returns, wrapped, for an address that is not to be dialed. Nothing was sent.
var ErrReserved = errors.New("reserved address")

// Dialer is a DialFunc over TCP that refuses Reserved addresses with ErrReserved unless told otherwise. The address is
// checked in the socket's control hook, after any name has been resolved and just before connect(2), so that nothing
// that a DNS server says in between can move it.
func Dialer(allowReserved bool) DialFunc {
	d := &net.Dialer{KeepAlive: -1} // no session lives long enough for a keep-alive probe
	if !allowReserved {
		d.ControlContext = refuseReserved
	}
	return d.DialContext
}

func refuseReserved(_ context.Context, _, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s is no address", ErrReserved, address)
	}
	if why, ok := Reserved(ap.Addr()); ok {
		return fmt.Errorf("%w: %s is %s", ErrReserved, ap.Addr(), why)
	}
	return nil
}

//go:build parity

package main_test

import (
	"errors"
	"flag"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// insideNet is set in the environment of a test that runs in a network name space of its own.
const insideNet = "MXTLS_PARITY_NETWORK"

// inNetwork runs the test once more, in a network name space of its own: there it may have all the addresses that it
// wants, IPv6 also where this machine has none, and nobody else's ports are in the way.
func inNetwork(t *testing.T, limit time.Duration) {
	t.Helper()
	args := []string{"-test.run=^" + t.Name() + "$", "-test.v", "-test.timeout=" + limit.String()}
	if flag.Lookup("update").Value.String() == "true" {
		args = append(args, "-update")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), insideNet+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("in a network name space of its own: %v", err)
	}
}

// loopbackUp is what a new network name space needs: the loopback interface up, with addresses beside 127.0.0.0/8 and
// ::1. They are set by ioctl(2), since not every machine has ip(8).
func loopbackUp(addrs []netip.Addr) error {
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		return err
	}
	up := struct { // struct ifreq
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}{flags: syscall.IFF_UP}
	copy(up.name[:], lo.Name)
	if err := ioctl(syscall.AF_INET, syscall.SIOCSIFFLAGS, unsafe.Pointer(&up)); err != nil {
		return err
	}
	for _, a := range addrs {
		add := struct { // struct in6_ifreq
			addr   [16]byte
			prefix uint32
			index  int32
		}{a.As16(), 128, int32(lo.Index)}
		if err := ioctl(syscall.AF_INET6, syscall.SIOCSIFADDR, unsafe.Pointer(&add)); err != nil {
			return err
		}
	}
	return nil
}

// ioctl asks something of the network of a family.
func ioctl(family int, request uintptr, argument unsafe.Pointer) error {
	socket, err := syscall.Socket(family, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(socket), request, uintptr(argument))
	err = syscall.Close(socket)
	if errno != 0 {
		return errors.Join(os.NewSyscallError("ioctl", errno), err)
	}
	return err
}

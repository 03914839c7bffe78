package main

import (
	"errors"
	"fmt"
	"runtime"
	"slices"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
)

// sockets are the system calls by which a process gets at a socket, by their names on all machines.
var sockets = []string{"socket", "socketcall", "io_uring_setup"}

// fetchNothing has the kernel refuse this process every socket from here on, on all of its threads (seccomp(2)).
func fetchNothing() error {
	err := errors.ErrUnsupported
	if seccomp.Supported() {
		err = refuse(sockets)
	}
	if err != nil {
		return hinted{fmt.Errorf("--fetch-nothing: this system does not refuse a process its sockets: %w", err),
			"nothing is fetched without the flag either"}
	}
	return nil
}

// refuse has the kernel answer system calls with EPERM. Those that a machine does not have it refuses as it is.
func refuse(calls []string) error {
	machine, err := arch.GetInfo("")
	if err != nil {
		return err
	}
	calls = slices.DeleteFunc(slices.Clone(calls), func(name string) bool {
		_, ok := machine.SyscallNames[name]
		return !ok
	})
	runtime.LockOSThread() // which gives up privileges must be the thread that sets the filter
	defer runtime.UnlockOSThread()
	return seccomp.LoadFilter(seccomp.Filter{
		NoNewPrivs: true, // without it only root may
		Flag:       seccomp.FilterFlagTSync,
		Policy: seccomp.Policy{
			DefaultAction: seccomp.ActionAllow,
			Syscalls:      []seccomp.SyscallGroup{{Action: seccomp.ActionErrno, Names: calls}},
		},
	})
}

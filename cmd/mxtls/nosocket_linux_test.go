package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	memory "unsafe"

	"golang.org/x/sys/unix"
)

func init() { programs["nosocket"] = nosocket }

// nosocket runs a program that the kernel kills as soon as it asks for a socket, of whatever family: the proof that it
// does not touch the network. A namespace without interfaces would let it try.
func nosocket() {
	path, err := exec.LookPath(os.Args[1])
	if err == nil {
		runtime.LockOSThread() // the filter is the thread's, and goes over to the program
		err = forbidSockets()
	}
	if err == nil {
		err = syscall.Exec(path, os.Args[1:], os.Environ())
	}
	fmt.Fprintf(os.Stderr, "nosocket: %v\n", err)
	os.Exit(3)
}

func forbidSockets() error {
	const number = 0 // where the system call's is in the data that a filter sees (seccomp(2), struct seccomp_data)
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: number},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: unix.SYS_SOCKET},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_KILL_PROCESS},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("giving up privileges: %w", err)
	}
	address := uintptr(memory.Pointer(&program))
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, address, 0, 0); err != nil {
		return fmt.Errorf("setting the filter: %w", err)
	}
	return nil
}

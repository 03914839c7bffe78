package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
)

func init() { programs["unsocketed"] = unsocketed }

// unsocketed refuses itself sockets as --fetch-nothing does, tries all kinds of them on several threads, and says what
// became of that.
func unsocketed() {
	release := make(chan struct{})
	var threads sync.WaitGroup
	failed := make(chan error, 100)
	try := func() {
		runtime.LockOSThread()
		for _, kind := range []struct{ network, address string }{
			{"tcp4", "127.0.0.1:0"}, {"tcp6", "[::1]:0"}, {"unix", "./socket"},
		} {
			_, err := net.Listen(kind.network, kind.address)
			failed <- err
		}
		_, err := net.ListenPacket("udp4", "127.0.0.1:0")
		failed <- err
	}
	for range 4 { // threads that are there before
		threads.Go(func() {
			runtime.LockOSThread()
			<-release
			try()
		})
	}
	if err := fetchNothing(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	close(release)
	threads.Go(try)
	threads.Wait()
	close(failed)
	n := 0
	for err := range failed {
		if !errors.Is(err, syscall.EPERM) {
			fmt.Fprintf(os.Stderr, "a socket: %v\n", err)
			os.Exit(1)
		}
		n++
	}
	fmt.Printf("%d sockets were refused\n", n)
}

//go:build linux

package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// jiffy is the unit of /proc/stat: USER_HZ is 100 wherever Go runs.
const jiffy = 10 * time.Millisecond

// load is what the whole machine and this program had done at some time.
type load struct{ all, busy, own time.Duration }

// loadNow reads the load. The farms and scans that have ended are a part of own.
func loadNow() (l load, err error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return l, err
	}
	first, _, _ := strings.Cut(string(stat), "\n")
	for i, field := range strings.Fields(first)[1:] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return l, fmt.Errorf("/proc/stat: %w", err)
		}
		const idle, iowait, steal = 3, 4, 7 // proc_stat(5); what follows is a part of user
		if i > steal {
			break
		}
		l.all += time.Duration(n) * jiffy
		if i != idle && i != iowait {
			l.busy += time.Duration(n) * jiffy
		}
	}
	l.own = cpuTime() + usage(syscall.RUSAGE_CHILDREN)
	return l, nil
}

// others is the share of the machine that something else took since before.
func (l load) others(before load) float64 {
	taken := (l.busy - before.busy) - (l.own - before.own)
	return float64(max(taken, 0)) / float64(max(l.all-before.all, jiffy))
}

// cpuTime is the processor time that this process has used, user and system, all threads.
func cpuTime() time.Duration { return usage(syscall.RUSAGE_SELF) }

func usage(who int) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		panic(err) // it cannot fail for ourselves
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// cost is the processor time of n times the same, for each.
func cost(n int, work func() error) (time.Duration, error) {
	runtime.GC() // what was before is not to be paid here
	before := cpuTime()
	err := work()
	return (cpuTime() - before) / time.Duration(n), err
}

// live is the memory in use after a collection: objects and stacks.
func live() int64 {
	runtime.GC()
	runtime.GC() // what stood in pools is let go at the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// peakMemory is the most that a running process ever had resident. (Rusage's maximum, known after its end, begins with
// that of the process that started it.)
func peakMemory(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	line, _, _ := strings.Cut(rest, "kB")
	n, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	return n << 10, err
}

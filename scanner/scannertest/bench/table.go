//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// A row is one line of the table.
type row struct {
	what   string
	ours   string
	floor  string  // the least that it could be, measured in the same run; "" without one
	ratio  float64 // ours to the floor; 0 without one
	target string  // "" = for information
	met    bool
}

// beside compares with a floor, for information.
func beside[T ~int | ~int64 | ~float64](what string, ours, floor T, print func(T) string) row {
	return row{what: what, ours: print(ours), floor: print(floor), ratio: float64(ours) / float64(floor)}
}

// against compares with a floor: at most limit times as much.
func against[T ~int | ~int64 | ~float64](what string, ours, floor T, print func(T) string, limit float64) row {
	r := beside(what, ours, floor, print)
	r.target, r.met = fmt.Sprintf("<= %.3g x", limit), r.ratio <= limit
	return r
}

// within compares with a fixed limit; the floor, if any, is for information.
func within[T ~int | ~int64 | ~float64](what string, ours, floor T, print func(T) string, limit T) row {
	r := row{what: what, ours: print(ours), target: "<= " + print(limit), met: ours <= limit}
	if floor > 0 {
		r.floor, r.ratio = print(floor), float64(ours)/float64(floor)
	}
	return r
}

func printTable(w io.Writer, rows []row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "measurement\tours\tfloor\tratio\ttarget\tok")
	for _, r := range rows {
		ratio, ok := "", "no"
		if r.ratio > 0 {
			ratio = fmt.Sprintf("%.2f", r.ratio)
		}
		switch {
		case r.target == "":
			ok = ""
		case r.met:
			ok = "yes"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", r.what, r.ours, r.floor, ratio, r.target, ok)
	}
	return t.Flush()
}

func micros(d time.Duration) string {
	return fmt.Sprintf("%.*f us", decimals(d), float64(d.Nanoseconds())/1e3)
}
func millis(d time.Duration) string  { return fmt.Sprintf("%.0f ms", d.Seconds()*1e3) }
func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
func mebibytes(n int64) string       { return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20)) }
func kibibytes(n int64) string       { return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10)) }
func plain(n int) string             { return fmt.Sprint(n) }

// decimals are such that three digits show.
func decimals(d time.Duration) int {
	switch {
	case d < 10*time.Microsecond:
		return 2
	case d < 100*time.Microsecond:
		return 1
	}
	return 0
}

// median of some measurements of the same.
func median(all []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"mxtls/scanner/name"
)

// maxWeights bounds the lines of a file of weights: as many destinations as a run may have.
const maxWeights = 10_000_000

// weights are the numbers of messages to destinations, by their canonical text. Nil has none.
type weights map[string]int64

// of is the number of messages to t.
func (w weights) of(t name.Target) int64 { return w[t.String()] }

// domains are the destinations, those with most messages first.
func (w weights) domains() []string {
	return slices.SortedFunc(maps.Keys(w), func(a, b string) int {
		return cmp.Or(cmp.Compare(w[b], w[a]), cmp.Compare(a, b))
	})
}

// readWeights reads a file of weights; "" is none, and "-" stdin.
func readWeights(ctx context.Context, path string, stdin io.Reader) (weights, error) {
	const hint = "a line is domain,count or, as uniq -c writes it, count domain"
	switch path {
	case "":
		return nil, nil
	case "-":
		w, err := parseWeights(interruptible(ctx, stdin))
		if ctx.Err() != nil {
			return nil, errors.New("interrupted before the end of stdin: nothing was scanned")
		} else if err != nil {
			return nil, hinted{fmt.Errorf("weights on stdin: %w", err), hint + "; -f - reads a list without counts"}
		}
		return w, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--weights: %w", err)
	}
	defer file.Close()
	w, err := parseWeights(file)
	if err != nil {
		return nil, hinted{fmt.Errorf("--weights %s: %w", path, err), hint}
	}
	return w, nil
}

// piped reports whether stdin is something that a shell put there to be read: a pipe or a file. Whoever calls us
// without a thought for stdin, such as cron, leaves a device there.
func piped(stdin io.Reader) bool {
	file, ok := stdin.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && (info.Mode().IsRegular() || info.Mode()&os.ModeNamedPipe != 0)
}

// parseWeights reads a destination and a count from each line, in either order, between commas, semicolons or blanks,
// quoted or not. Empty lines and those that begin with # are left out, and so is a first line without a number, a
// header. Counts for equal destinations are added up.
func parseWeights(r io.Reader) (weights, error) {
	w := weights{}
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		if number > maxWeights {
			return nil, fmt.Errorf("more than %d lines", maxWeights)
		}
		text := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if text == "" || text[0] == '#' {
			continue
		}
		target, count, err := parseWeight(text)
		switch {
		case errors.Is(err, errNoCount) && number == 1:
			continue
		case err != nil:
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		w[target.String()] += min(count, math.MaxInt64-w[target.String()])
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return nil, fmt.Errorf("a line has more than %d octets", bufio.MaxScanTokenSize)
	}
	return w, lines.Err()
}

// What may be wrong with a line besides the domain. Two numbers may be one with a comma for the thousands.
var (
	errNoCount   = errors.New("no count")
	errLarge     = errors.New("the count is larger than any can be")
	errTwoCounts = errors.New("two numbers, of which one must be the count: 1,234 is written 1234")
)

// parseWeight reads one line.
func parseWeight(text string) (name.Target, int64, error) {
	cells := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",; \t", r) })
	var domain string
	count := int64(-1)
	for _, cell := range cells {
		cell = strings.Trim(cell, `"`)
		if n, err := strconv.ParseUint(cell, 10, 63); err == nil && count >= 0 {
			return name.Target{}, 0, errTwoCounts
		} else if errors.Is(err, strconv.ErrRange) {
			return name.Target{}, 0, errLarge
		} else if err == nil {
			count = int64(n)
		} else if domain == "" {
			domain = cell
		}
	}
	if count < 0 {
		return name.Target{}, 0, errNoCount
	}
	target, err := name.ParseTarget(domain)
	return target, count, err
}

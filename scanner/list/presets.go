package list

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"strings"
	"sync"

	"mxtls/scanner/name"
)

// Preset is a list that comes with the program. Which of its names still resolve is not known: it is a list of names
// that people use or used, as of its date.
type Preset struct {
	Name    string // "jp-carrier"
	Title   string // one line
	Source  string // who lists these names
	Date    string // of the last edit, YYYY-MM-DD
	Entries []Entry
}

// Entry is one domain of a preset.
type Entry struct {
	Domain name.Name
	Legacy bool // out of use: that it does not exist is no finding
}

//go:embed presets.csv
var presetsCSV string

// Presets are all presets, in the order of the file. The slices are shared: do not change them.
func Presets() []Preset { return presets() }

// FindPreset is the preset of this name, letter case aside. The error names those that look like it, or all.
func FindPreset(preset string) (Preset, error) {
	var all, near []string
	for _, p := range presets() {
		if strings.EqualFold(p.Name, preset) {
			return p, nil
		}
		all = append(all, p.Name)
		if isNear(strings.ToLower(preset), p.Name) {
			near = append(near, p.Name)
		}
	}
	if len(near) > 0 {
		return Preset{}, fmt.Errorf("no preset %q: did you mean %s?", preset, strings.Join(near, ", "))
	}
	return Preset{}, fmt.Errorf("no preset %q: there are %s", preset, strings.Join(all, ", "))
}

// isNear reports whether one is a part of the other or they are at most two edits apart.
func isNear(a, b string) bool {
	if len(a) > 2*len(b) || len(a) < 2 {
		return false
	}
	return strings.Contains(b, a) || strings.Contains(a, b) || distance(a, b) <= 2
}

// distance is the number of octets to insert, delete or replace to make a of b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0]++
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}

// presets reads the embedded file once. Its columns are preset, domain, status, date, title, source; a row without a
// domain begins a preset.
var presets = sync.OnceValue(func() []Preset {
	file := csv.NewReader(strings.NewReader(presetsCSV))
	file.Comment = '#'
	rows, err := file.ReadAll()
	if err != nil {
		panic(err) // the file is part of the program, and a test reads it
	}
	var all []Preset
	for _, row := range rows[1:] {
		if row[1] == "" {
			all = append(all, Preset{Name: row[0], Date: row[3], Title: row[4], Source: row[5]})
			continue
		}
		last := &all[len(all)-1]
		last.Entries = append(last.Entries, Entry{Domain: name.MustParse(row[1]), Legacy: row[2] == "legacy"})
	}
	return all
})

// legacy are the domains that a preset says are out of use.
var legacy = sync.OnceValue(func() map[name.Name]bool {
	names := map[name.Name]bool{}
	for _, p := range presets() {
		for _, e := range p.Entries {
			if e.Legacy {
				names[e.Domain] = true
			}
		}
	}
	return names
})

// Legacy reports whether a preset says that a mail domain is out of use.
func Legacy(n name.Name) bool { return legacy()[n] }

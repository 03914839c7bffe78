// Package list reads lists of mail domains: arguments, files of lines or CSV rows, and the presets that come with the
// program. Every line that is not blank and no comment comes to one [Item], invalid ones in their place, and every
// domain comes once.
//
// How a file is read, in this order:
//
//  1. UTF-8, or UTF-16 behind a byte-order mark (RFC 3629 6, RFC 2781 3.2). A line ends with LF, CRLF or CR. What is
//     longer than 64 KiB is one invalid item.
//  2. A line that begins with # or ; is a comment; so is the rest of a line from a # behind a blank, outside of quotes.
//  3. Cells are separated by comma, semicolon or TAB; one that begins with a double quote goes to the separator behind
//     the closing quote (RFC 4180 2). Quoted local parts ("a,b"@example.com) are therefore one cell as they stand.
//  4. Where the first row has a cell with "domain" in its name (Domain, domain_name, email domain), or Options.Column
//     names one, that row is the header and no item; its commonest separator is the file's only one; the domain is what
//     stands in that column; and quoted cells may hold line ends. What has a dot is no name of a column, so a list may
//     begin with mydomain.example. With a column's number, a first row with mere words there is a header.
//  5. In a file without a header the domain of a row is its first cell that is one, so that "1,example.com" works.
//     A row without any is invalid for the reason of its first cell that is more than a word.
//
// A cell is read by [name.ParseTarget]: mail addresses lose their local part there, before anything else happens.
package list

import (
	"encoding/binary"
	"errors"
	"hash/maphash"
	"io"
	"iter"

	"mxtls/scanner/name"
)

// Item is one domain or server to look at, or a line that names none.
type Item struct {
	Input   string      // as written, without a local part, capped
	Line    int         // where it begins in its source, from 1; for arguments and presets the position
	Group   string      // the list that it came from
	Target  name.Target // zero when Invalid is set
	Invalid *name.Error // why the input is no target
	Legacy  bool        // a preset says that the domain is no longer in use: that it does not exist is no finding
}

// Options say how to read a source. The zero value finds the column itself.
type Options struct {
	Group  string // for Item.Group
	Column string // the domains' column: its number from 1 or its name in the header, letter case aside; "" = find it
}

// Stats counts what a [Reader] has read.
type Stats struct {
	Lines      int // lines of files, blank ones and comments as well; added up when a file has been left
	Items      int // yielded
	Duplicates int // items left out because an equal one went before them
}

// Reader reads the sources of one run and leaves out what one of them has named before: targets are equal when their
// parsed forms are, invalid items when their text is. It stays in the group that named it first. The zero Reader is
// ready for use; it is for one goroutine.
type Reader struct {
	seed  maphash.Seed
	seen  map[[8]byte]struct{}
	stats Stats
}

// Stats is what has been read so far, over all sources.
func (r *Reader) Stats() Stats { return r.stats }

// Read yields the items of a file. An error comes with a zero Item and is the last: src's own, or a Column that is not
// there, which then comes before any item. The sequence can be gone through once.
func (r *Reader) Read(src io.Reader, o Options) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		t := table{lines: newLines(src), column: o.Column}
		defer func() { r.stats.Lines += t.lines.number }()
		for t.next() {
			item := t.item()
			item.Group = o.Group
			if r.add(&item) && !yield(item, nil) {
				return
			}
		}
		if t.err != nil {
			yield(Item{}, t.err)
		}
	}
}

// Args yields the items of a command line: each argument is one, whatever it holds.
func (r *Reader) Args(args []string, group string) iter.Seq[Item] {
	return func(yield func(Item) bool) {
		for i, arg := range args {
			item := parse(arg)
			item.Line, item.Group = i+1, group
			if r.add(&item) && !yield(item) {
				return
			}
		}
	}
}

// Preset yields the items of a preset; its name is their group.
func (r *Reader) Preset(p Preset) iter.Seq[Item] {
	return func(yield func(Item) bool) {
		for i, e := range p.Entries {
			item := Item{Input: e.Domain.String(), Line: i + 1, Group: p.Name, Target: name.Target{Name: e.Domain}}
			if r.add(&item) && !yield(item) {
				return
			}
		}
	}
}

// parse makes an item of one text.
func parse(text string) Item {
	target, err := name.ParseTarget(text)
	if invalid, ok := errors.AsType[*name.Error](err); ok {
		return Item{Input: invalid.Input, Invalid: invalid}
	}
	return Item{Input: name.Redact(text), Target: target}
}

// add reports whether item is new, and counts it.
func (r *Reader) add(item *Item) bool {
	if r.seen == nil {
		r.seed, r.seen = maphash.MakeSeed(), map[[8]byte]struct{}{}
	}
	key := r.key(item)
	if _, dup := r.seen[key]; dup {
		r.stats.Duplicates++
		return false
	}
	r.seen[key] = struct{}{}
	r.stats.Items++
	item.Legacy = !item.Target.Direct && Legacy(item.Target.Name)
	return true
}

// key is 64 bits of a hash, so that the set costs some 16 octets an item where the texts would take 60. That is enough:
// two of a million different items have the same key in one run of 37 million, and then the second is lost as a
// duplicate; nobody can bring it about, since the seed is drawn for each run. It is an array because the runtime pads
// the slots of a map[uint64]struct{} to twice their size.
func (r *Reader) key(item *Item) (key [8]byte) {
	sum := maphash.String(r.seed, item.Target.String())
	if item.Invalid != nil {
		sum = maphash.String(r.seed, "\x00"+item.Input) // no target has a NUL
	}
	binary.NativeEndian.PutUint64(key[:], sum)
	return key
}

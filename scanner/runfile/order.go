package runfile

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
)

// order is what a file's results are held to: each item of the list once, in the list's order, and none lost. A part of
// a list and a run that was interrupted have gaps.
type order struct {
	results int
	next    int // item of the list, behind the last result's
	gaps    bool
	gap     int // the first item that is in none
}

// add takes a result's place in the list.
func (o *order) add(index int) error {
	switch {
	case index < 0:
		return fmt.Errorf("the list has no item %d", index+1)
	case index == o.next-1:
		return fmt.Errorf("item %d of the list is there twice", index+1)
	case index < o.next:
		return fmt.Errorf("item %d of the list stands behind item %d", index+1, o.next)
	case index > o.next && !o.gaps:
		o.gaps, o.gap = true, o.next
	}
	o.results, o.next = o.results+1, index+1
	return nil
}

// end reads the last line, which says how many results there are: one that is missing leaves no other trace in a part
// of a list.
func (r *Reader) end(line []byte) error {
	var end endRecord
	if err := json.Unmarshal(line, &end, form); err != nil {
		return err
	}
	switch o := &r.order; {
	case o.gaps && end.Partial == "" && r.head.Shard == "":
		return fmt.Errorf("the run came to its end, and item %d of its list is not in the file", o.gap+1)
	case end.Results != nil && *end.Results != o.results:
		return fmt.Errorf("the run had %d results, and %d are in the file", *end.Results, o.results)
	case end.CRC32C != nil && *end.CRC32C != r.before:
		return errors.New("the lines before have another checksum than was written: one of them is damaged")
	}
	r.tail = &end.Tail
	return nil
}

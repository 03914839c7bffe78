package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mxtls/scanner/runfile"
	"mxtls/scanner/truth"
)

func newMerge(s streams) *cobra.Command {
	var save string
	cmd := &cobra.Command{
		Use:   "merge --save FILE PART...",
		Short: "join the parts of a run that several machines shared",
		Long: `Join saved runs (mxtls scan --shard I/N --save) into one, in the order of the list that they share.
The result is as good as a run by one machine, and --from judges it.`,
		Example: `  mxtls merge --save all.jsonl.zst part-1.jsonl.zst part-2.jsonl.zst`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return merge(cmd.Context(), s, save, args)
		},
	}
	cmd.Flags().StringVar(&save, "save", "", "write to this new `FILE`, compressed if it ends in .zst")
	return cmd
}

// merge joins parts.
func merge(ctx context.Context, s streams, save string, paths []string) error {
	switch {
	case save == "":
		return hinted{errors.New("merge needs a file to write to"), "--save FILE names it"}
	case len(paths) == 0:
		return hinted{errors.New("nothing to merge"), "name the files that scan --shard I/N --save wrote"}
	}
	if err := onlyOnce(paths); err != nil {
		return err
	}
	m := &merger{}
	defer m.close()
	for _, path := range paths {
		part, err := openSavedRun(ctx, "", path, s.in)
		if err != nil {
			return err
		}
		m.parts = append(m.parts, part)
	}
	head, err := m.head()
	if err != nil {
		return err
	}
	out, err := openWhole(save)
	if err != nil {
		return err
	}
	defer out.close()
	out.begin(head)
	if err := m.join(ctx, out); err != nil {
		return err
	}
	tail := m.tail(ctx)
	out.end(tail)
	if out.place != nil {
		out.settle(out.path)
	}
	if err := out.err(); err != nil {
		return err
	}
	if tail.Partial != "" {
		return hinted{errors.New("the run is partial: " + tail.Partial),
			"what there is was written; once the rest is there, merge all parts anew, or let mxtls scan --resume ask who is missing"}
	}
	return nil
}

// merger holds the parts.
type merger struct {
	parts []*savedRun
	next  int       // item of the list
	last  *savedRun // that has the item before it
	gap   int       // items that are in no part
}

func (m *merger) close() {
	for _, p := range m.parts {
		p.close()
	}
}

// head is that of the whole run: of the first part, with the earliest beginning. The parts must be of one kind and of one
// split. Where a part's resolver did not validate DNSSEC, what is unsigned cannot be told from what was not checked.
func (m *merger) head() (runfile.Head, error) {
	head := m.parts[0].head()
	for _, p := range m.parts[1:] {
		h := p.head()
		switch {
		case h.AsPostfix != head.AsPostfix:
			return head, m.strangers(p, "one was made by scan and the other by plan")
		case h.MXOnly != head.MXOnly:
			return head, m.strangers(p, "for one of them mail hosts were looked up and nobody talked to (--mx-only)")
		case h.Port != head.Port:
			return head, m.strangers(p, fmt.Sprintf("one looked at port %d, the other at %d", head.Port, h.Port))
		case !sameSplit(h.Shard, head.Shard):
			return head, m.strangers(p, fmt.Sprintf("one is part %s of its list, the other %s", head.Shard, h.Shard))
		case h.Started.Before(head.Started):
			head.Started = h.Started
		}
		if h.Validating == truth.No {
			head.Validating = truth.No
		}
	}
	head.Shard = ""
	return head, nil
}

// strangers is the error of a part that is not of the first one's run.
func (m *merger) strangers(p *savedRun, why string) error {
	return fmt.Errorf("%s and %s are not parts of one run: %s", m.parts[0].path, p.path, why)
}

// sameSplit reports whether two parts are of as many; "" is none.
func sameSplit(a, b string) bool {
	var s, t shard
	return s.Set(a) != nil || t.Set(b) != nil || s.parts == t.parts
}

// join writes the parts' results in the order of the list.
func (m *merger) join(ctx context.Context, out *saver) error {
	type ahead struct {
		saved runfile.Saved
		ok    bool
		next  func() (runfile.Saved, error, bool)
	}
	parts := make([]ahead, len(m.parts))
	pull := func(i int) error {
		var err error
		if parts[i].saved, err, parts[i].ok = parts[i].next(); err != nil {
			return m.parts[i].explain(err)
		}
		return nil
	}
	for i, p := range m.parts {
		next, stop := iter.Pull2(p.reader.Results())
		defer stop()
		parts[i].next = next
		if err := pull(i); err != nil {
			return err
		}
	}
	for {
		if ctx.Err() != nil {
			return errors.New("merging was interrupted")
		}
		least := -1
		for i := range parts {
			if parts[i].ok && (least < 0 || parts[i].saved.Result.Index < parts[least].saved.Result.Index) {
				least = i
			}
		}
		if least < 0 {
			return nil
		}
		r := &parts[least].saved.Result
		if r.Index < m.next {
			return hinted{
				fmt.Errorf("%s and %s both have item %d of the list, %s", m.last.named(), m.parts[least].named(), r.Index+1, r.Input),
				"name each part once, all of one list and split by the same --by-provider run or all by none",
			}
		}
		m.gap += r.Index - m.next
		m.next, m.last = r.Index+1, m.parts[least]
		if out.add(parts[least].saved.Group, r); out.failed != nil {
			return nil // merge says so
		}
		if err := pull(least); err != nil {
			return err
		}
	}
}

// tail is that of the whole run.
func (m *merger) tail(ctx context.Context) runfile.Tail {
	var t runfile.Tail
	shards := map[string]bool{}
	for _, p := range m.parts {
		part := p.tail(ctx)
		t.Duplicates, t.Sessions = max(t.Duplicates, part.Duplicates), t.Sessions+part.Sessions
		if part.Partial != "" && t.Partial == "" {
			t.Partial = p.named() + ": " + strings.TrimPrefix(part.Partial, p.named()+": ")
		}
		shards[p.head().Shard] = true
	}
	if t.Partial == "" {
		t.Partial = m.missing(shards)
	}
	if t.Partial == "" && m.gap > 0 {
		t.Partial = plural(m.gap, "item of the list is", "items of the list are") + " in none of the parts"
	}
	return t
}

// missing says which parts are not there; "" where all are.
func (m *merger) missing(shards map[string]bool) string {
	var s shard
	if !slices.ContainsFunc(m.parts, func(p *savedRun) bool { return s.Set(p.head().Shard) == nil }) {
		return ""
	}
	var missing []string
	for i := range s.parts {
		if other := (&shard{part: i + 1, parts: s.parts}).String(); !shards[other] {
			missing = append(missing, other)
		}
	}
	switch n := len(missing); {
	case n == 0:
		return ""
	case n == 1:
		return "part " + missing[0] + " is missing"
	case n > missingNamed:
		return fmt.Sprintf("parts %s and %d more are missing", strings.Join(missing[:missingNamed], ", "), n-missingNamed)
	default:
		return "parts " + strings.Join(missing, ", ") + " are missing"
	}
}

// missingNamed is how many missing parts are named.
const missingNamed = 10

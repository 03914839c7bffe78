package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"

	"mxtls/report"
)

// verifyBatch judges a chain for each line. Lines are judged side by side and answered in their order, with a few in
// flight, so that memory does not grow with the batch.
func (f *verifyFlags) verifyBatch(ctx context.Context, s streams) error {
	courts, err := f.courts()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	in, done, err := openBatch(ctx, f.batch, s.in)
	if err != nil {
		return err
	}
	defer done()
	out, err := createOut("--out", f.output.path, s.out)
	if err != nil {
		return err
	}
	defer out.discard()
	b := &batch{courts: courts, answers: make(chan chan batchAnswer, 2*runtime.GOMAXPROCS(0))}
	go b.read(ctx, in)
	if err := b.write(out); err != nil {
		return out.failed(err)
	}
	if err := out.commit(); err != nil {
		return err
	}
	return b.end(ctx)
}

// openBatch opens the file that --batch names.
func openBatch(ctx context.Context, path string, stdin io.Reader) (r io.Reader, done func(), err error) {
	if path == "-" {
		return interruptible(ctx, stdin), func() {}, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("--batch: %w", err)
	}
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		return file, func() { file.Close() }, nil // a read of it ends
	}
	return interruptible(ctx, file), func() { file.Close() }, nil
}

// batch is a batch under way.
type batch struct {
	courts  *courts
	answers chan chan batchAnswer // in the order of the lines, each to be filled once

	lines, bad, unsafe int   // answers written
	failed             error // of the input; set before answers is closed
}

// batchAnswer is the answer to a line, as a line of JSON.
type batchAnswer struct {
	text        []byte
	bad, unsafe bool
}

// read hands each line to a goroutine of its own. It ends with the input, or with ctx.
func (b *batch) read(ctx context.Context, in io.Reader) {
	defer close(b.answers)
	lines := newBatchLines(in)
	for {
		number, line, err := lines.next()
		if err != nil && err != errLongLine {
			if err != io.EOF {
				b.failed = err
			}
			return
		}
		answer := make(chan batchAnswer, 1)
		select {
		case b.answers <- answer: // waits while as many lines are in flight as there is room for
		case <-ctx.Done():
			return
		}
		go func() { answer <- b.answer(number, line, err) }()
	}
}

// write writes the answers in order, and does not sit on them while no further line is in flight.
func (b *batch) write(w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10)
	for answer := range b.answers {
		a := <-answer
		if _, err := out.Write(a.text); err != nil {
			return err
		}
		b.lines++
		if a.bad {
			b.bad++
		}
		if a.unsafe {
			b.unsafe++
		}
		if len(b.answers) == 0 {
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}

// end turns the batch into an exit status.
func (b *batch) end(ctx context.Context) error {
	switch {
	case ctx.Err() != nil:
		return hinted{fmt.Errorf("the batch was interrupted, %s answered", plural(b.lines, "line is", "lines are")),
			"what was done by then is written"}
	case b.failed != nil:
		return fmt.Errorf("--batch: %w", cause(b.failed))
	case b.bad > 0:
		return hinted{fmt.Errorf("%d of %s could not be judged", b.bad, plural(b.lines, "line", "lines")),
			"an object of the type error stands in the place of each"}
	case b.unsafe > 0:
		return errFindings
	}
	return nil
}

// answer judges a line. What is wrong with it is its answer; a panic of ours costs no other line.
func (b *batch) answer(number int, line []byte, err error) (a batchAnswer) {
	defer func() {
		if defect := recover(); defect != nil {
			a = badLine(number, fmt.Errorf("a defect of this program: %v", defect))
		}
	}()
	if err != nil {
		return badLine(number, err)
	}
	verdict, err := b.courts.verdict(line)
	if err != nil {
		return badLine(number, err)
	}
	verdict.Line = number
	var out bytes.Buffer
	if err := verdict.Write(&out, report.JSONL, report.Options{}); err != nil {
		return badLine(number, err)
	}
	return batchAnswer{text: out.Bytes(), unsafe: unsafe(&verdict)}
}

func badLine(number int, err error) batchAnswer {
	var out bytes.Buffer
	if err := report.WriteBadLine(&out, number, err); err != nil {
		panic(err) // a number and a text have a form in JSON, and a buffer takes all
	}
	return batchAnswer{text: out.Bytes(), bad: true}
}

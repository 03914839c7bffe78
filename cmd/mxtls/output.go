package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"mxtls/report"
	"mxtls/scanner/verdict"
)

// outputFlags say how results are laid out, where they go, and what makes the exit status 1.
type outputFlags struct {
	format       report.Format
	rows         report.Rows
	path         string
	color        string
	ascii        bool
	width        int
	verbose      int
	quiet        bool
	csvRaw       bool
	crlf         bool
	bom          bool
	failOnText   string
	failOn       failOn
	columns      bool
	listFindings bool
}

func (f *outputFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	f.registerFormat(cmd)
	fl.Var(wordFlag{&f.rows, "ROWS"}, "rows", "a row of the table, of CSV or of Markdown is a `ROW`: domain or server (default domain)")
	f.registerLayout(cmd)
	fl.StringVar(&f.failOnText, "fail-on", "",
		"exit with 1 if a domain has one of these (`LIST` with commas): plaintext,\npartial, untrusted, expiring=14d, unknown, invalid, or a finding's code")
	fl.BoolVar(&f.columns, "list-columns", false, "print the columns of CSV (see --rows) with their meaning, and stop")
	fl.BoolVar(&f.listFindings, "list-findings", false, "print the codes of all findings with their meaning, and stop")
}

// registerFormat adds the flag for the format, which stands first.
func (f *outputFlags) registerFormat(cmd *cobra.Command) {
	cmd.Flags().VarP(wordFlag{&f.format, "FORMAT"}, "output", "o",
		"`FORMAT` of the report: table, csv, jsonl, json or markdown (default table)")
}

// registerLayout adds the flags that hold for a report on servers.
func (f *outputFlags) registerLayout(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.path, "out", "", "write to this `FILE` at once when all is done, instead of stdout")
	fl.CountVarP(&f.verbose, "verbose", "v", "table: show each server's conversation in brief; -vv whole")
	fl.BoolVarP(&f.quiet, "quiet", "q", false, "no progress and no remarks on stderr, errors only")
	f.registerStyle(cmd)
}

// registerPlace adds the flags that hold for a report of any kind.
func (f *outputFlags) registerPlace(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.path, "out", "", "write to this `FILE` at once when all is done, instead of stdout")
	f.registerStyle(cmd)
}

// registerStyle adds the flags that say how a report looks.
func (f *outputFlags) registerStyle(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.color, "color", "auto", "`WHEN` to colour: auto (a terminal, without NO_COLOR), always, never")
	fl.BoolVar(&f.ascii, "ascii", false, "nothing but ASCII in tables")
	fl.IntVar(&f.width, "width", 0, "`COLUMNS` of the table (default: the terminal's; no limit elsewhere)")
	fl.BoolVar(&f.csvRaw, "csv-raw", false, "CSV: do not defuse texts that a spreadsheet would run as a formula")
	fl.BoolVar(&f.crlf, "crlf", false, "CSV: end lines in CR LF")
	fl.BoolVar(&f.bom, "bom", false, "CSV: begin with a byte order mark")
}

// wordFlag makes a flag of an enum that knows its own words.
type wordFlag struct {
	value interface {
		String() string
		UnmarshalText([]byte) error
	}
	kind string
}

func (w wordFlag) String() string {
	if w.value == nil || w.value.String() == "default" {
		return ""
	}
	return w.value.String()
}
func (w wordFlag) Set(text string) error { return w.value.UnmarshalText([]byte(text)) }
func (w wordFlag) Type() string          { return w.kind }

// check reads what cobra cannot.
func (f *outputFlags) check() (err error) {
	switch f.color {
	case "auto", "always", "never":
	default:
		return fmt.Errorf("--color %q is none of auto, always, never", f.color)
	}
	if f.width < 0 {
		return fmt.Errorf("--width must not be negative")
	}
	f.failOn, err = parseFailOn(f.failOnText)
	return err
}

// options fit the flags to the place where the report goes.
func (f *outputFlags) options(w io.Writer) report.Options {
	file, _ := w.(*os.File)
	tty := file != nil && term.IsTerminal(int(file.Fd()))
	o := report.Options{
		Rows: f.rows, Width: f.width, ASCII: f.ascii, Verbose: f.verbose,
		CSVRaw: f.csvRaw, CRLF: f.crlf, BOM: f.bom,
		Color: f.color == "always" || f.color == "auto" && tty && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
	}
	if o.Width == 0 && tty {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil {
			o.Width = width
		}
	}
	return o
}

// list prints what --list-columns or --list-findings ask for, if they do.
func (f *outputFlags) list(w io.Writer) (done bool, err error) {
	switch {
	case f.columns:
		return true, listColumns(w, report.Columns(f.rows))
	case f.listFindings:
		for _, c := range verdict.Catalogue() {
			if _, err := fmt.Fprintf(w, "%-28s %-8s %s (%s)\n", c.Code, c.Severity, c.Title, c.Source); err != nil {
				return true, err
			}
		}
		return true, nil
	}
	return false, nil
}

// listColumns prints columns with their meaning.
func listColumns(w io.Writer, columns []report.Column) error {
	for _, c := range columns {
		if _, err := fmt.Fprintf(w, "%-28s %s\n", c.Name, c.Doc); err != nil {
			return err
		}
	}
	return nil
}

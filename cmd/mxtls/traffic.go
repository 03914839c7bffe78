package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mxtls/report"
	"mxtls/scanner/maillog"
)

// trafficFlags are the flags of traffic.
type trafficFlags struct {
	output outputFlags // its layout; the format is our own
	format report.TrafficFormat
	order  report.TrafficOrder
	span   maillog.Span
	top    int

	since, until string
	zone         string
	loopback     bool
	scan         string    // a saved run, or live
	look         scanFlags // how to look, and by whose roots
	domains      bool
	weights      bool
	hash         bool
	hashKey      string
	follow       bool
	every        time.Duration
}

func newTraffic(s streams) *cobra.Command {
	f := &trafficFlags{span: maillog.Daily}
	cmd := &cobra.Command{
		Use:   "traffic [flags] [MAILLOG...]",
		Short: "say from your server's logs how much of its mail travelled encrypted",
		Long: `Read the logs of a mail server and tell how much of the mail that it sent and received travelled
encrypted, to and from whom, and why mail was held back for want of TLS.

A MAILLOG is a log of Postfix (2.2 to 3.12), Exim, sendmail or qmail as syslog, journalctl or the
server itself writes it, packed by gzip, zstd or xz or not; - is stdin. A rotated set may be named in
any order. Before Postfix 3.11 a log tells of TLS only at smtp_tls_loglevel 1 or above (inbound:
smtpd_tls_loglevel); what it does not tell is counted as unknown, never as plain text.

Nobody is asked anything, but with --scan live: that looks at the destinations as mxtls scan does, and
the flags from --save on say how. No local part of an address is kept or printed.`,
		Example: `  mxtls traffic /var/log/mail.log*
  journalctl -u 'postfix*' -o short-iso --since -7d | mxtls traffic --by day -
  mxtls traffic -o csv --out traffic.csv --hash-domains /var/log/mail.log
  mxtls traffic --weights /var/log/mail.log* | mxtls plan --to encrypt
  mxtls traffic --scan last-night.jsonl /var/log/mail.log
  mxtls traffic --scan live --top 20 --ca-file /etc/ssl/certs/ca-certificates.crt /var/log/mail.log`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.output.columns {
				return listColumns(s.out, report.TrafficColumns())
			}
			if !cmd.Flags().Changed("top") {
				f.top = f.defaultTop()
			}
			if err := f.checkScan(cmd); err != nil {
				return err
			}
			return f.run(cmd.Context(), s, args)
		},
	}
	f.register(cmd)
	return cmd
}

func (f *trafficFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.since, "since", "", "only what happened at this `TIME` or later (RFC 3339, YYYY-MM-DD,\nor 7d: so long ago)")
	fl.StringVar(&f.until, "until", "", "only what happened before this `TIME`")
	fl.StringVar(&f.zone, "zone", "", "the time `ZONE` of stamps that name none, and of days (default: this machine's)")
	fl.Var(wordFlag{&f.span, "SPAN"}, "by", "a series by `SPAN`: day, week or month")
	fl.Var(wordFlag{&f.order, "ORDER"}, "sort", "`ORDER` of the rows: worst, volume or name (default worst)")
	fl.IntVar(&f.top, "top", 0, "at most `N` rows of each direction; 0 = all (default: 50 of a table or\n"+
		"Markdown, else all)")
	fl.BoolVar(&f.loopback, "loopback", false, "count what goes to or comes from this machine itself too")
	fl.StringVar(&f.scan, "scan", "",
		"put beside each destination what the run in this `FILE` (scan --save) saw of it;\n"+
			"\"live\" looks now, at those that the report shows, most messages first")
	fl.BoolVar(&f.domains, "domains", false, "print the destinations alone, a line each, for scan -f -")
	fl.BoolVar(&f.weights, "weights", false, "print them with their messages, for plan --weights")
	fl.BoolVar(&f.hash, "hash-domains", false, "print keyed hashes in place of domains, each run with a key of its own")
	fl.StringVar(&f.hashKey, "hash-key", "", "with the key in this `FILE`, so that reports can be compared")
	fl.BoolVar(&f.follow, "follow", false, "go on reading the last log as it grows, until interrupted")
	fl.DurationVar(&f.every, "every", time.Minute, "with --follow: write the report anew each `DURATION`")
	fl.VarP(wordFlag{&f.format, "FORMAT"}, "output", "o",
		"`FORMAT` of the report: table, csv, jsonl, markdown, or google for the columns of\n"+
			"Google's \"Email encryption in transit\" (default table)")
	f.output.registerLayout(cmd)
	fl.Lookup("verbose").Usage = "table: show the ciphers of each row too"
	fl.BoolVar(&f.output.columns, "list-columns", false, "print the columns of CSV with their meaning, and stop")
	f.look.registerSave(cmd)
	fl.Lookup("save").Usage = "with --scan live: " + fl.Lookup("save").Usage
	f.look.registerLook(cmd)
}

// defaultTop is --top where it is not given.
func (f *trafficFlags) defaultTop() int {
	switch f.format {
	case report.TrafficDefault, report.TrafficTable, report.TrafficMarkdown:
		return 50
	}
	return 0
}

// check reads what cobra cannot.
func (f *trafficFlags) check(now time.Time) (o maillog.Options, err error) {
	if err = f.output.check(); err != nil {
		return o, err
	}
	if o.Zone, err = loadZone(f.zone); err != nil {
		return o, err
	}
	if o.Since, err = parseWhen("--since", f.since, now, o.Zone); err != nil {
		return o, err
	}
	if o.Until, err = parseWhen("--until", f.until, now, o.Zone); err != nil {
		return o, err
	}
	o.Loopback = f.loopback
	switch {
	case f.span == maillog.SpanUnknown:
		return o, errors.New("--by takes day, week or month")
	case f.top < 0:
		return o, errors.New("--top must not be negative")
	case f.domains && f.weights:
		return o, errors.New("--domains and --weights exclude each other")
	case (f.domains || f.weights) && (f.hash || f.hashKey != ""):
		return o, errors.New("--hash-domains would leave --domains and --weights nothing that can be looked up")
	case f.follow && f.every < time.Second:
		return o, errors.New("--every must be a second or more")
	}
	return o, nil
}

func loadZone(name string) (*time.Location, error) {
	if name == "" {
		return time.Local, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, hinted{fmt.Errorf("--zone %q: this machine knows no such time zone", name),
			"write UTC, or a name such as Europe/Berlin"}
	}
	return zone, nil
}

// parseWhen reads a time, a day in the zone, or how long ago; "" is the zero time.
func parseWhen(flag, text string, now time.Time, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return t, nil
	}
	if d, err := parseDays(text); err == nil {
		return now.Add(-d), nil
	}
	return time.Time{}, fmt.Errorf("%s %q is no time: write 2026-11-23, 2026-11-23T10:29:00Z, or 7d for so long ago",
		flag, text)
}

// run reads the logs and writes the report.
func (f *trafficFlags) run(ctx context.Context, s streams, args []string) error {
	if len(args) == 0 {
		return hinted{errors.New("no log to read"), "name its files, such as /var/log/mail.log*, or - for stdin"}
	}
	now := time.Now()
	o, err := f.check(now)
	if err != nil {
		return err
	}
	hashes, err := f.hasher()
	if err != nil {
		return err
	}
	logs, err := openLogs(args, s.in, o.Zone, now)
	if err != nil {
		return err
	}
	r := &trafficReport{flags: f, streams: s, hashes: hashes, seen: joiner{}}
	if err := r.readScan(ctx); err != nil {
		return err
	}
	reader := &logReader{collector: maillog.NewCollector(o), zone: o.Zone, now: now}
	err = reader.read(ctx, logs, f.follow, f.every, func() error { return r.write(reader) })
	if err != nil {
		return err
	}
	if f.scan == live {
		if err := r.lookNow(ctx, r.traffic(reader.collector.Result())); err != nil {
			r.short = fmt.Errorf("--scan live: %w", err)
		}
	}
	if err := r.write(reader); err != nil {
		return err
	}
	if err := r.end(reader); err != nil {
		return err
	}
	return r.short
}

// trafficReport writes what was read so far, once or again and again.
type trafficReport struct {
	flags *trafficFlags
	streams
	hashes *hasher // nil = names are printed
	seen   joiner  // by the scan
	short  error   // why not all of it was

	result *maillog.Result // that was written last
}

// traffic is what is reported of a result, before it is joined with a scan.
func (r *trafficReport) traffic(result *maillog.Result) *report.Traffic {
	if r.hashes != nil {
		r.hashes.sort(result.Rows)
	}
	t := report.NewTraffic(result, r.flags.span, r.flags.order)
	t.Top = r.flags.top
	return t
}

func (r *trafficReport) write(reader *logReader) error {
	out, err := createOut("--out", r.flags.output.path, r.out)
	if err != nil {
		return err
	}
	defer out.discard()
	result := reader.collector.Result()
	r.result = result
	if r.flags.domains || r.flags.weights {
		err = r.list(out, result)
	} else {
		t := r.traffic(result)
		t.Join(r.seen)
		if r.hashes != nil {
			r.hashes.hide(t)
		}
		err = report.WriteTraffic(r.flags.format, out, r.flags.output.options(out.Writer), t)
	}
	if err != nil {
		return out.failed(err)
	}
	return out.commit()
}

// list prints the destinations, and how many messages went there; those that nothing went to are worth a look too, and
// weigh nothing.
func (r *trafficReport) list(w io.Writer, result *maillog.Result) error {
	weights := map[string]int64{}
	var order []string
	for i := range result.Rows {
		row := &result.Rows[i]
		if row.Direction != maillog.Outbound || row.Domain == "" {
			continue
		}
		if _, known := weights[row.Domain]; !known {
			order = append(order, row.Domain)
		}
		weights[row.Domain] += row.Messages
	}
	var b strings.Builder
	if r.flags.weights {
		b.WriteString("domain,messages\n")
	}
	for _, domain := range order {
		b.WriteString(domain)
		if r.flags.weights {
			b.WriteString("," + strconv.FormatInt(weights[domain], 10))
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// end says on stderr what concerns the log as a whole, and whether there was anything in it.
func (r *trafficReport) end(reader *logReader) error {
	result := r.result
	switch {
	case result.Info.Lines == 0 && reader.strange > 0:
		return hinted{fmt.Errorf("no line is one of a log: %d lines were read", reader.strange),
			"traffic reads what syslog, journalctl or the mail server itself writes"}
	case result.Info.Events == 0 && !r.flags.output.quiet:
		fmt.Fprintln(r.err, "mxtls: no line of the log is one of a mail server that tells of mail")
	}
	if r.flags.output.quiet {
		return nil
	}
	if reader.tooLong > 0 {
		lines := plural(reader.tooLong, "line is", "lines are")
		fmt.Fprintf(r.err, "mxtls: %s too long for a mail server's and left out\n", lines)
	}
	list := r.flags.domains || r.flags.weights
	if f := r.flags.format; !list && (f == report.TrafficDefault || f == report.TrafficTable || f == report.TrafficMarkdown) {
		return nil // the report says it
	}
	for _, d := range []maillog.Direction{maillog.Outbound, maillog.Inbound} {
		total := result.Total(d)
		if text := report.AttributedText(&total); text != "" && !list && r.flags.format != report.TrafficJSONL {
			fmt.Fprintf(r.err, "mxtls: %s: %s\n", d, text)
		}
		if text := report.SilentText(&result.Info, d); text != "" {
			fmt.Fprintf(r.err, "mxtls: %s\n", text)
		}
	}
	return nil
}

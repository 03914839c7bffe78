package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"mxtls/report"
	"mxtls/scanner"
	"mxtls/scanner/pkix"
	"mxtls/scanner/runfile"
)

// rootsFlags are the flags of roots.
type rootsFlags struct {
	output  outputFlags
	against string
	from    string
	at      string
	soon    string
	root    string // directory of the operating system that is looked at
	failOn  string
	nothing bool // is to be fetched, and the kernel is to see to it

	conditions rootsFailOn
	places     []pkix.Place // of that operating system, where no bundle was named
}

// againstMozilla is the word of --against for the bundle that comes with the program.
const againstMozilla = "mozilla"

func newRoots(s streams) *cobra.Command {
	f := &rootsFlags{}
	cmd := &cobra.Command{
		Use:   "roots [flags] [FILE|DIR]",
		Short: "say what is wrong with the bundle of root certificates that your mail server goes by",
		Long: `Read the root certificates in FILE, an smtp_tls_CAfile, or DIR, an smtp_tls_CApath; without either,
those of this operating system, with the places in which systems keep them. Tell how old they are, which
are expired, too weak, broken or twice there, and compare them with Mozilla's, which come with the program.

--from takes a run that "mxtls scan --save" wrote, and tells which of its servers and domains another
bundle would judge differently, and which certificates fail first if nobody renews them.

The network is never touched; --fetch-nothing has the kernel see to that.`,
		Example: `  mxtls roots
  mxtls roots /etc/postfix/cacert.pem --fail-on expired,broken,stale=2y
  mxtls roots --from run.jsonl.zst --against /etc/postfix/new.pem
  mxtls roots --root /var/lib/machines/mail -o csv --out roots.csv`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) <= 1 {
				return nil
			}
			return hinted{fmt.Errorf("roots takes one FILE or DIR, not %d", len(args)), "--against names another one to compare with"}
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.output.columns && f.from != "" {
				return listColumns(s.out, report.ComparisonColumns())
			} else if f.output.columns {
				return listColumns(s.out, report.InventoryColumns())
			}
			return f.run(cmd.Context(), s, args)
		},
	}
	f.register(cmd)
	return cmd
}

func (f *rootsFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.against, "against", againstMozilla,
		"compare with this `BUNDLE`: mozilla (embedded), a file or a directory")
	fl.StringVar(&f.from, "from", "", "compare what both make of the servers of the saved run in this `FILE`; - is stdin")
	fl.StringVar(&f.at, "at", "", "judge as of this `TIME` (RFC 3339 or YYYY-MM-DD; default: now, with --from the run's)")
	fl.StringVar(&f.soon, "soon", "180d", "a root is expiring that ends within this `SPAN`, such as 180d or 1y")
	fl.StringVar(&f.root, "root", "", "look for the bundle of the operating system in this `DIR`ectory, a container's say")
	fl.StringVar(&f.failOn, "fail-on", "",
		"exit with 1 if one of these holds (`LIST` with commas): expired, broken, stale=2y,\n"+
			"missing=1 (so many roots or more), with --from changed")
	fl.BoolVar(&f.nothing, "fetch-nothing", false, "have the kernel refuse this process all sockets (Linux): nothing can be fetched")
	f.output.registerFormat(cmd)
	f.output.registerLayout(cmd)
	fl.Lookup("verbose").Usage = "name every certificate that there is something to say of"
	fl.BoolVar(&f.output.columns, "list-columns", false,
		"print the columns of CSV (see --from) with their meaning, and stop")
}

// run reports on the bundle that the arguments name.
func (f *rootsFlags) run(ctx context.Context, s streams, args []string) (err error) {
	if err := f.output.check(); err != nil {
		return err
	}
	if f.conditions, err = parseRootsFailOn(f.failOn, f.from != ""); err != nil {
		return err
	}
	soon, err := parseSpan(f.soon)
	if err != nil {
		return fmt.Errorf("--soon: %w", err)
	}
	at, err := parseTime(f.at)
	if err != nil {
		return err
	}
	if f.nothing {
		if err := fetchNothing(); err != nil {
			return err
		}
	}
	b, err := f.bundle(args)
	if err != nil {
		return err
	}
	against, err := f.other()
	if err != nil {
		return err
	}
	if f.from != "" {
		return f.compare(ctx, s, &bothWays{at: at, soon: soon, bundle: b, against: against})
	}
	if at.IsZero() {
		at = time.Now()
	}
	audit := pkix.NewAudit(b, against, at.UTC(), soon)
	inv := &report.Inventory{Version: version(), Audit: audit, Places: f.places, System: f.root}
	err = f.write(s, b, func(w io.Writer, o report.Options) error {
		return report.WriteInventory(f.output.format, w, o, inv)
	})
	if err == nil && f.conditions.hold(audit, false) {
		err = errFindings
	}
	return err
}

// bundle is the one that the argument names, else that of the operating system.
func (f *rootsFlags) bundle(args []string) (*pkix.Bundle, error) {
	if len(args) > 0 {
		if f.root != "" {
			return nil, errors.New("--root looks for the bundle of an operating system: it takes no FILE or DIR beside it")
		}
		b, err := pkix.Inspect(args[0])
		if errors.Is(err, fs.ErrNotExist) {
			err = hinted{err, "name a FILE or DIR that is there, or none for the bundle of this operating system"}
		}
		return b, err
	}
	system := os.DirFS("/")
	if f.root != "" {
		info, err := os.Stat(f.root)
		if err == nil && !info.IsDir() {
			err = syscall.ENOTDIR
		}
		if err != nil {
			return nil, fmt.Errorf("--root %s: %w", f.root, cause(err))
		}
		system = container(filepath.Clean(f.root))
	}
	f.places = pkix.Survey(system)
	for i := range f.places {
		if f.places[i].Used {
			return f.places[i].Bundle, nil
		}
	}
	return nil, f.noBundle(system)
}

// noBundle is the error of an operating system without a bundle.
func (f *rootsFlags) noBundle(system fs.FS) error {
	_, err := pkix.Find(system)
	if f.root != "" {
		err = fmt.Errorf("--root %s: %w", f.root, err)
	}
	return hinted{err, "install its ca-certificates package, or name a FILE or DIR"}
}

// other is the bundle to compare with.
func (f *rootsFlags) other() (*pkix.Bundle, error) {
	if f.against == againstMozilla {
		return pkix.Mozilla()
	}
	b, err := named("--against")(pkix.Inspect(f.against))
	if errors.Is(err, fs.ErrNotExist) {
		err = hinted{err, "it is mozilla, for the embedded bundle, or a file or a directory that is there"}
	}
	return b, err
}

// write lets a report go where the flags say. What a CSV has no place for goes to stderr.
func (f *rootsFlags) write(s streams, b *pkix.Bundle, layout func(io.Writer, report.Options) error) error {
	out, err := createOut("--out", f.output.path, s.out)
	if err != nil {
		return err
	}
	defer out.discard()
	f.remark(s, b)
	if err := layout(out, f.output.options(out.Writer)); err != nil {
		return out.failed(err)
	}
	return out.commit()
}

// remark says on stderr what is wrong with a bundle as a whole, where the report is a CSV.
func (f *rootsFlags) remark(s streams, b *pkix.Bundle) {
	if f.output.format != report.CSV || f.output.quiet {
		return
	}
	if b.TLSOff != "" {
		fmt.Fprintf(s.err, "mxtls: as smtp_tls_CAfile this switches TLS off for all mail: %s\n", oneLine(b.TLSOff))
	}
	if why := b.Unready(); why != "" {
		fmt.Fprintf(s.err, "mxtls: %s\n", oneLine(why))
	}
}

// bothWays is what two bundles make of a saved run.
type bothWays struct {
	at              time.Time
	soon            time.Duration
	bundle, against *pkix.Bundle

	then    *scanner.Siblings
	changed bool
}

// compare judges a saved run by both bundles.
func (f *rootsFlags) compare(ctx context.Context, s streams, c *bothWays) error {
	saved, err := openSavedRun(ctx, "--from", f.from, s.in)
	if err != nil {
		return err
	}
	defer saved.close()
	tuneMemory(memoryForSaved)
	if c.at.IsZero() {
		c.at = saved.head().At
	}
	c.at = c.at.UTC()
	saved.judge, c.then = scanner.NewJudge(c.bundle, c.at), scanner.NewSiblings(scanner.NewJudge(c.against, c.at))
	partial := ""
	err = f.write(s, c.bundle, func(w io.Writer, o report.Options) error {
		out, err := report.NewComparison(f.output.format, w, o,
			report.Comparison{Version: version(), At: c.at, Bundle: c.bundle, Against: c.against})
		if err != nil {
			return err
		}
		if err := c.write(ctx, out, saved); err != nil {
			return err
		}
		partial = saved.tail(ctx).Partial
		return out.End(partial)
	})
	switch {
	case err != nil:
		return err
	case partial != "":
		return hinted{fmt.Errorf("the report is partial: %s", partial), "what was read by then is in the report"}
	case f.conditions.hold(pkix.NewAudit(c.bundle, c.against, c.at, c.soon), c.changed):
		return errFindings
	}
	return nil
}

// write passes a saved run's results on to the report.
func (c *bothWays) write(ctx context.Context, out report.ComparisonWriter, saved *savedRun) error {
	if err := out.Begin(); err != nil {
		return err
	}
	for r := range saved.results(ctx) {
		d := c.domain(&r)
		c.changed = c.changed || d.Changed()
		if err := out.Add(r.Group, d); err != nil {
			return err
		}
	}
	return nil
}

// domain judges a result, which the bundle has judged, by the other one as well.
func (c *bothWays) domain(r *runfile.Saved) *report.DomainTrust {
	servers := r.Result.Facts.Servers
	d := &report.DomainTrust{Result: &r.Result, Servers: make([]report.ServerTrust, len(servers))}
	for i := range servers {
		d.Servers[i] = report.ServerTrust{Server: &servers[i], Now: servers[i].Chain}
	}
	then := r.Result
	c.then.Judge(&then)
	for i := range then.Facts.Servers {
		d.Servers[i].Then = then.Facts.Servers[i].Chain
	}
	return d
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mxtls/report"
	"mxtls/scanner/pkix"
	"mxtls/scanner/postfix"
)

// planFlags are the flags of plan: those of scan that say whom to look at and how, and whose Postfix to predict.
type planFlags struct {
	scanFlags

	mainCF   string
	postconf string
	postfix  string // its release
	openssl  string
	to       postfix.Level
	weights  string
	mapFile  string
	writeMap string
	mapType  string
	advice   bool
	failOn   string

	named *pkix.Bundle // the roots that --ca names, or that are taken where nothing names any
}

func newPlan(s streams) *cobra.Command {
	f := &planFlags{}
	cmd := &cobra.Command{
		Use:   "plan [flags] [DOMAIN...]",
		Short: "say what your Postfix would do with mail to domains at each security level",
		Long: `Look at the mail servers of each DOMAIN as scan does, and tell for each smtp_tls_security_level
whether a Postfix client would deliver mail there encrypted or in plain text, defer it or bounce it.

--main-cf or --postconf reads the configuration of the Postfix in question; without, it is one with
default settings at level may that trusts the roots of --ca-file and its kin. With it, those flags
say what smtp_tls_CAfile would be in its place.

--to considers one change of level: who would be worse off, and why. --write-map then writes the
entries for smtp_tls_policy_maps that keep mail to them flowing.

--weights counts messages too. What "mxtls traffic --weights" prints can be piped in as it is.`,
		Example: `  mxtls plan gmail.com yahoo.co.jp
  mxtls plan --main-cf /etc/postfix/main.cf -f domains.txt --to encrypt
  postconf -n | mxtls plan --postconf - -f domains.txt --to secure --write-map tls_policy
  mxtls traffic --weights /var/log/mail.log* | mxtls plan --to encrypt
  mxtls plan -f domains.txt --weights sent.csv --to verify -o csv --out plan.csv --fail-on deferred,bounced
  mxtls plan --main-cf /etc/postfix/main.cf --advice`,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case f.listPresets:
				return listPresets(s.out)
			case f.output.columns:
				return listColumns(s.out, report.PlanColumns())
			}
			if err := settled(cmd, args); err != nil {
				return err
			}
			return f.run(cmd.Context(), s, args)
		},
	}
	f.register(cmd)
	return cmd
}

func (f *planFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.SortFlags = false
	f.sources.register(cmd)
	fl.BoolVar(&f.listPresets, "list-presets", false, "print the presets and their domains, and stop")
	f.registerFile(cmd)

	fl.StringVar(&f.mainCF, "main-cf", "", "predict the Postfix that has this `FILE` as its main.cf; - is stdin")
	fl.StringVar(&f.postconf, "postconf", "", "or the one whose \"postconf -n\" is in this `FILE`; - is stdin")
	fl.StringVar(&f.postfix, "postfix-version", "", "its `RELEASE` (default: mail_version of --postconf, else 3.7)")
	fl.StringVar(&f.openssl, "openssl-version", "", "the `RELEASE` of its OpenSSL (default: 3.0)")
	f.registerChange(cmd)
	fl.StringVar(&f.weights, "weights", "",
		"messages to each domain, from this `FILE`: domain,count on each line; - is stdin.\n"+
			"Where nothing else names domains, these are the ones")
	fl.StringVar(&f.mapFile, "map", "", "check this source `FILE` of an existing policy table against the domains")
	fl.StringVar(&f.writeMap, "write-map", "",
		"write the entries for smtp_tls_policy_maps that keep mail flowing at the level\n"+
			"of --to (else of main.cf) to this `FILE`")
	fl.StringVar(&f.mapType, "map-type", "texthash", "the `TYPE` of that table: texthash, hash or lmdb")
	fl.BoolVar(&f.advice, "advice", false, "print what to put into main.cf, and stop: nobody is asked anything")
	fl.StringVar(&f.failOn, "fail-on", "",
		"exit with 1 if mail to a domain would be one of these (`LIST` with commas):\n"+
			"deferred, bounced, plaintext, unknown; at the level of --to, else as of today")

	f.output.registerFormat(cmd)
	f.output.registerLayout(cmd)
	fl.Lookup("verbose").Usage = "show what Postfix would log at each level; -vv each server's conversation too"
	fl.BoolVar(&f.output.columns, "list-columns", false, "print the columns of CSV with their meaning, and stop")
	f.registerLook(cmd)
}

// registerChange adds the flag for the change that is considered.
func (f *planFlags) registerChange(cmd *cobra.Command) {
	cmd.Flags().Var(wordFlag{levelValue{&f.to}, "LEVEL"}, "to",
		"consider this `LEVEL`: none, may, encrypt, dane, dane-only, fingerprint, verify or\n"+
			"secure, beside that of main.cf, else may")
}

// levelValue is a level as a flag: the unknown one is no word for it.
type levelValue struct{ level *postfix.Level }

func (v levelValue) String() string {
	if v.level == nil || *v.level == postfix.LevelUnknown {
		return "default"
	}
	return v.level.String()
}

func (v levelValue) UnmarshalText(text []byte) error {
	if err := v.level.UnmarshalText(text); err != nil || *v.level == postfix.LevelUnknown {
		return fmt.Errorf("%q is none of none, may, encrypt, dane, dane-only, fingerprint, verify, secure", text)
	}
	return nil
}

// run predicts what the flags and arguments name.
func (f *planFlags) run(ctx context.Context, s streams, args []string) error {
	if err := f.check(args); err != nil {
		return err
	}
	if err := f.openFrom(ctx, s.in); err != nil {
		return err
	}
	cfg, err := f.readConfig(s.in)
	if err != nil {
		return err
	}
	p := &planner{cfg: cfg, flags: f}
	p.bundle, p.dir = systemBundle()
	if f.advice {
		return f.advise(s, p)
	}
	if f.trust, err = f.anchors(cfg); err != nil {
		return err
	}
	f.client = cfg
	unlisted := len(args) == 0 && f.sources.none() && f.from == ""
	if unlisted && f.weights == "" && f.source() != onStdin && piped(s.in) {
		f.weights = "-"
	}
	if err := p.prepare(ctx, s.in); err != nil {
		return err
	}
	if unlisted {
		args = p.weights.domains()
	}
	j, err := f.job(ctx, s, args)
	if err != nil {
		return err
	}
	defer j.close()
	return p.run(ctx, j)
}

// advise prints what to put into main.cf. A CAfile that is not there is one more thing to advise on.
func (f *planFlags) advise(s streams, p *planner) error {
	if _, err := f.anchors(p.cfg); errors.Is(err, fs.ErrNotExist) {
		p.cfg.EngineOff = err.Error()
	} else if err != nil {
		return err
	}
	out, err := createOut("--out", f.output.path, s.out)
	if err != nil {
		return err
	}
	defer out.discard()
	if _, err := fmt.Fprintln(out, strings.Join(p.advice(), "\n")); err != nil {
		return err
	}
	return out.commit()
}

// check refuses flags that exclude each other or cannot be meant, before anything is read.
func (f *planFlags) check(args []string) error {
	list := slices.Contains(args, "-") || slices.Contains(f.sources.files, "-")
	for _, c := range []struct {
		bad  bool
		text string
	}{
		{nonEmpty(f.mainCF, f.postconf) > 1, "--main-cf and --postconf exclude each other"},
		{list && f.source() == onStdin, "a configuration on stdin and a list on stdin exclude each other"},
		{f.source() == onStdin && f.from == "-", "a configuration on stdin and --from - exclude each other"},
		{f.weights == "-" && (list || f.source() == onStdin || f.from == "-"),
			"--weights - and something else on stdin exclude each other"},
		{f.advice && f.output.format != report.FormatDefault && f.output.format != report.Table,
			"--advice prints lines for main.cf, in no other format"},
		{f.mapType != "texthash" && f.mapType != "hash" && f.mapType != "lmdb", "--map-type must be texthash, hash or lmdb"},
		{f.writeMap == "-" && (f.output.path == "" || f.output.path == "-"),
			"--write-map - and the report would both go to stdout: --out FILE takes the report elsewhere"},
	} {
		if c.bad {
			return errors.New(c.text)
		}
	}
	return nil
}

// parsePlanFailOn reads the comma list of --fail-on.
func parsePlanFailOn(text string) (map[postfix.Outcome]bool, error) {
	words := map[postfix.Outcome]bool{}
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		var o postfix.Outcome
		if err := o.UnmarshalText([]byte(word)); err != nil || o == postfix.Encrypted {
			return nil, hinted{fmt.Errorf("--fail-on %q is no outcome to fail on", word),
				"the outcomes are deferred, bounced, plaintext, unknown"}
		}
		words[o] = true
	}
	return words, nil
}

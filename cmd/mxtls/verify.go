package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mxtls/report"
	"mxtls/scanner"
	"mxtls/scanner/postfix"
)

// verifyFlags are the flags of verify: what to judge, what to hold it against, how to print the verdict.
type verifyFlags struct {
	output outputFlags
	rootFlags

	chain     string
	batch     string
	stsPolicy string
	stsRecord string
	tlsrpt    string

	names   []string
	nextHop string
	tlsa    []string
	level   postfix.Level
	mx      []string

	set map[string]bool // the flags that were given
}

func newVerify(s streams) *cobra.Command {
	f := &verifyFlags{}
	cmd := &cobra.Command{
		Use:   "verify (--chain FILE | --batch FILE | --sts-policy FILE | --sts-record TEXT | --tlsrpt-record TEXT)",
		Short: "judge a certificate chain, a policy or a record without the network",
		Long: `Judge what is at hand, and ask nobody: a certificate chain by names, roots, time and TLSA records,
as this program's scans, Postfix and the web do; or the text of an MTA-STS policy or record, or of
a TLSRPT record.

Exit status: 0 done; 1 mail would not go encrypted at --level, or the policy or record is invalid;
2 could not be judged.`,
		Example: `  mxtls verify --chain chain.pem --name mx.example.net --ca-file /etc/postfix/cacert.pem
  openssl s_client -starttls smtp -connect mx.example.net:25 -showcerts </dev/null |
    mxtls verify --chain - --name mx.example.net --next-hop example.net --level secure
  mxtls verify --chain chain.pem --name mx.example.net --tlsa '3 1 1 d6a1...' --level dane
  mxtls verify --sts-policy mta-sts.txt --mx mx.example.net
  mxtls verify --batch questions.jsonl >verdicts.jsonl`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return hinted{fmt.Errorf("verify takes no argument such as %q", args[0]), "--chain FILE names a chain"}
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.set = map[string]bool{}
			cmd.Flags().Visit(func(flag *pflag.Flag) { f.set[flag.Name] = true })
			return f.run(cmd.Context(), s)
		},
	}
	f.register(cmd)
	return cmd
}

func (f *verifyFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.chain, "chain", "", "judge the certificate chain in this `FILE`, PEM (leaf first) or DER; - is stdin")
	fl.StringArrayVar(&f.names, "name", nil, "the server's `NAME`; repeatable: any of them will do")
	fl.StringVar(&f.nextHop, "next-hop", "",
		"the mail `DOMAIN` that the server is for (default: it is asked for by its name)")
	f.registerRoots(cmd)
	f.registerTime(cmd)
	fl.StringArrayVar(&f.tlsa, "tlsa", nil,
		"a TLSA `RECORD` of the first name, such as '3 1 1 d6a1...'; repeatable;\nnone says that there are none")
	fl.Var(wordFlag{levelValue{&f.level}, "LEVEL"}, "level",
		"say what Postfix would do at this `LEVEL`: none, may, encrypt, dane, dane-only,\n"+
			"fingerprint, verify or secure; exit with 1 unless mail would go encrypted")
	fl.StringVar(&f.batch, "batch", "",
		"judge a chain for each line of this `FILE`, a JSON object (see the README); - is stdin")
	fl.StringVar(&f.stsPolicy, "sts-policy", "", "judge the MTA-STS policy in this `FILE`; - is stdin")
	fl.StringArrayVar(&f.mx, "mx", nil, "say whether the policy lists this `HOST`; repeatable")
	fl.StringVar(&f.stsRecord, "sts-record", "", "judge this `TEXT` of an MTA-STS record")
	fl.StringVar(&f.tlsrpt, "tlsrpt-record", "", "judge this `TEXT` of a TLSRPT record")
	fl.VarP(wordFlag{&f.output.format, "FORMAT"}, "output", "o",
		"`FORMAT` of the verdict: table, json or jsonl (default table)")
	fl.StringVar(&f.output.path, "out", "", "write to this `FILE` at once when all is done, instead of stdout")
	fl.BoolVar(&f.output.ascii, "ascii", false, "nothing but ASCII in what is for a person")
	fl.IntVar(&f.output.width, "width", 0,
		"`COLUMNS` of what is for a person (default: the terminal's; no limit elsewhere)")
}

// subjects are the flags that say what to judge, each with those that belong to it.
var subjects = []struct {
	flag string
	with []string
}{
	{"chain", []string{"name", "next-hop", "tlsa", "level", "ca-file", "ca-path", "ca", "at"}},
	{"batch", []string{"level", "ca-file", "ca-path", "ca", "at"}},
	{"sts-policy", []string{"mx"}},
	{"sts-record", nil},
	{"tlsrpt-record", []string{"next-hop"}},
}

// subject is the flag that says what to judge. What does not belong to it is refused: it would be passed over.
func (f *verifyFlags) subject() (string, error) {
	chosen := -1
	for i, s := range subjects {
		switch {
		case !f.set[s.flag]:
		case chosen >= 0:
			return "", fmt.Errorf("--%s and --%s exclude each other", subjects[chosen].flag, s.flag)
		default:
			chosen = i
		}
	}
	if chosen < 0 {
		return "", hinted{errors.New("nothing to judge"),
			"name --chain FILE, --batch FILE, --sts-policy FILE, --sts-record TEXT or --tlsrpt-record TEXT"}
	}
	for _, s := range subjects {
		for _, flag := range s.with {
			if f.set[flag] && !slices.Contains(subjects[chosen].with, flag) {
				return "", fmt.Errorf("--%s has no part in --%s", flag, subjects[chosen].flag)
			}
		}
	}
	return subjects[chosen].flag, nil
}

// check refuses what cannot be meant.
func (f *verifyFlags) check(subject string) error {
	switch {
	case f.output.width < 0:
		return errors.New("--width must not be negative")
	case f.output.format == report.CSV || f.output.format == report.Markdown:
		return fmt.Errorf("-o %s: a verdict comes as table, json or jsonl", f.output.format)
	case subject == "batch" && f.output.format == report.Table:
		return errors.New("-o table: verdicts on a batch come as jsonl")
	case f.level != postfix.LevelUnknown && subject == "chain" && len(f.names) == 0:
		return hinted{errors.New("--level needs the server's name"), "--name NAME gives it"}
	case len(f.tlsa) > 0 && len(f.names) == 0:
		return hinted{errors.New("--tlsa needs the name that has the record"), "--name NAME gives it"}
	}
	return nil
}

// run judges what the flags name.
func (f *verifyFlags) run(ctx context.Context, s streams) error {
	subject, err := f.subject()
	if err != nil {
		return err
	}
	if err := f.check(subject); err != nil {
		return err
	}
	switch subject {
	case "chain":
		return f.verifyChain(ctx, s)
	case "batch":
		return f.verifyBatch(ctx, s)
	}
	return f.verifyPublished(ctx, s, subject)
}

// verifyChain judges one chain.
func (f *verifyFlags) verifyChain(ctx context.Context, s streams) error {
	court, err := f.court()
	if err != nil {
		return err
	}
	q := question{names: f.names, nextHop: f.nextHop, tlsa: f.records(), level: f.level}
	c, err := q.parse("--")
	if err != nil {
		return err
	}
	data, err := readInput(ctx, "--chain", f.chain, s.in, maxChainFile)
	if err != nil {
		return err
	}
	if c.Chain, err = parseChain(data); err != nil {
		return fmt.Errorf("--chain %s: %w", shownInput(f.chain), err)
	}
	v := court.rule(c)
	if err := f.write(s.out, v.Write); err != nil {
		return err
	}
	if unsafe(&v) {
		return errFindings
	}
	return nil
}

// records are the texts of --tlsa; "none" alone is the empty list.
func (f *verifyFlags) records() []string {
	if len(f.tlsa) == 1 && f.tlsa[0] == "none" {
		return []string{}
	}
	return f.tlsa
}

// write writes a verdict where the flags say.
func (f *verifyFlags) write(stdout io.Writer, verdict func(io.Writer, report.Format, report.Options) error) error {
	out, err := createOut("--out", f.output.path, stdout)
	if err != nil {
		return err
	}
	defer out.discard()
	if err := verdict(out, f.output.format, f.output.options(out.Writer)); err != nil {
		return out.failed(err)
	}
	return out.commit()
}

// unsafe reports whether mail would not go encrypted, or it cannot be told, at the level that was asked for.
func unsafe(v *report.Verdict) bool {
	return v.Ruling.Prediction != nil && v.Ruling.Prediction.Outcome != postfix.Encrypted
}

// A court judges by one root bundle and as of one time.
type court struct {
	judge  *scanner.Judge
	config *postfix.Config
}

// court is the one that the flags call for.
func (f *verifyFlags) court() (*court, error) {
	at, err := parseTime(f.at)
	if err != nil {
		return nil, err
	}
	if at.IsZero() {
		at = time.Now()
	}
	bundle, err := f.load()
	if err != nil {
		return nil, err
	}
	return newCourt(bundle, at), nil
}

func (c *court) rule(k *scanner.Case) report.Verdict {
	k.Config = c.config
	ruling := c.judge.Rule(k)
	return report.Verdict{At: c.judge.At(), Case: k, Ruling: &ruling}
}

// Command judgebench runs Canarybot's judge and models of its peers in worlds of good and bad canaries, drawn by package
// report, and prints how soon each finds what is bad, whom it wrongs, and how many requests are harmed.
//
//	go run ./cmd/judgebench --seed 4242 --reps 200 --healthy 400
//
// judgebench serve is a Prometheus with traces of some faults, for a running canarybot.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"canarybot.io/rollout/judge/trial"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		switch err := serve(os.Args[2:], os.Stdin, os.Stdout); {
		case errors.Is(err, flag.ErrHelp):
		case err != nil:
			fmt.Fprintf(os.Stderr, "judgebench serve: %v\n", err)
			os.Exit(1)
		}
		return
	}
	debug.SetGCPercent(400) // worlds are short-lived
	switch err := bench(os.Args[1:], os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errBroken):
		fmt.Fprintf(os.Stderr, "judgebench: %v\n", err)
		os.Exit(1)
	case err != nil:
		fmt.Fprintf(os.Stderr, "judgebench: %v\n", err)
		os.Exit(2)
	}
}

// errBroken says that the tables show a target that was not reached.
var errBroken = errors.New("a target is not reached; see the last table")

// command is what the flags ask for.
type command struct {
	options
	format string
	docs   string // file whose measured part is replaced by what is printed
	list   bool
}

// parse reads the flags.
func parse(args []string, out io.Writer) (command, error) {
	flags := flag.NewFlagSet("judgebench", flag.ContinueOnError)
	flags.SetOutput(out)
	c := command{}
	flags.Uint64Var(&c.seed, "seed", 4242, "of the worlds; the tuning was made on others, of other shapes")
	flags.IntVar(&c.reps, "reps", 200, "rollouts of each family of faults, and of each row")
	flags.IntVar(&c.healthy, "healthy", 400, "rollouts of each healthy family")
	flags.StringVar(&c.world, "world", "", "only the families whose name contains this")
	flags.StringVar(&c.format, "format", "md", "md, or json: one line for each cell")
	flags.StringVar(&c.docs, "docs", "", "write the tables into this page, between its markers, instead of printing them")
	flags.StringVar(&c.commit, "commit", "", "what is measured, to be named beside the tables")
	flags.BoolVar(&c.rules, "rules", false, "instead of everything else: the drawn families without one rule of the judge at a time")
	flags.BoolVar(&c.list, "list", false, "list the families")
	off := flags.String("off", "", "rules of the judge to switch off, RULE[,RULE]")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	var err error
	if c.off, err = ruleSet(*off); err != nil {
		return c, err
	}
	switch {
	case flags.NArg() > 0:
		return c, fmt.Errorf("there are no arguments, %q is one", flags.Arg(0))
	case c.format != "md" && c.format != "json":
		return c, fmt.Errorf("--format is md or json, not %q", c.format)
	case c.docs != "" && c.format != "md":
		return c, errors.New("--docs takes --format md")
	case c.reps < 1 || c.healthy < 1:
		return c, errors.New("--reps and --healthy are at least 1")
	case len(c.families()) == 0:
		return c, fmt.Errorf("no family's name contains %q; --list names them", c.world)
	}
	return c, nil
}

// ruleSet reads names of the judge's rules.
func ruleSet(names string) (set trial.RuleSet, err error) {
	if names == "" {
		return set, nil
	}
	for name := range strings.SplitSeq(names, ",") {
		r, ok := trial.ParseRule(name)
		if !ok {
			return set, fmt.Errorf("there is no rule %q; the rules are %s", name, strings.Join(ruleNames(), ", "))
		}
		set[r] = true
	}
	return set, nil
}

func ruleNames() (names []string) {
	for r := trial.NoRule + 1; r < trial.Rules; r++ {
		names = append(names, r.String())
	}
	return names
}

// bench does what the arguments ask for.
func bench(args []string, out, progress io.Writer) error {
	c, err := parse(args, progress)
	if err != nil {
		return err
	}
	c.progress = progress
	if c.list {
		for _, f := range c.families() {
			fmt.Fprintf(out, "%-40s %s\n", f.Name, rateOf(f.RPS))
		}
		return nil
	}
	results := play(c.options)
	all := cells(results, c.contenders())
	if c.format == "json" {
		printJSON(out, all)
		return nil
	}
	var text strings.Builder
	part := measuredTables
	if c.rules {
		part = measuredRules
		printRules(&text, all, c.options)
	} else {
		printTables(&text, results, all, c.options)
	}
	if c.docs == "" {
		fmt.Fprint(out, text.String())
	} else if err := part.write(c.docs, text.String()); err != nil {
		return err
	}
	if !c.rules && slices.ContainsFunc(promises(results, all), func(p promise) bool { return !p.met }) {
		return errBroken
	}
	return nil
}

// Command judgebench runs Canarybot's judge and models of its peers on rollouts of good and bad canaries, all on the
// same traces, and prints how soon each finds what is bad, whom it wrongs, and how many requests are harmed.
//
//	go run ./cmd/judgebench --seed 4242 --reps 200 --healthy 2000
//
// judgebench serve is a Prometheus with the same traces, for a running canarybot.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
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
	seed := flag.Uint64("seed", 4242, "of the traces; the tuning was made on others")
	reps := flag.Int("reps", 200, "rollouts of each bad scenario")
	healthy := flag.Int("healthy", 2000, "rollouts of each healthy scenario")
	format := flag.String("format", "md", "md, or json: one line for each cell")
	flag.Parse()
	if *format != "md" && *format != "json" || *reps < 1 || *healthy < 1 || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "judgebench: --format is md or json, --reps and --healthy are at least 1, and there are no arguments")
		os.Exit(2)
	}
	cells := play(*seed, *reps, *healthy)
	if *format == "json" {
		printJSON(os.Stdout, cells)
		return
	}
	printTable(os.Stdout, cells)
	if slices.ContainsFunc(promises(cells), func(p promise) bool { return !p.met }) {
		fmt.Fprintln(os.Stderr, "judgebench: a promise is not kept; see the last table")
		os.Exit(1)
	}
}

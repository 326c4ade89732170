// Command canarybench plays rollouts of good and of bad canaries to Canarybot's judge and to models of its peers, all on
// the same traces, and prints how soon each finds what is bad, whom it wrongs, and how many requests are harmed.
//
//	go run ./cmd/canarybench --seed 4242 --reps 200 --healthy 2000
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	seed := flag.Uint64("seed", 4242, "of the traces; the tuning was made on others")
	reps := flag.Int("reps", 200, "rollouts of each bad scenario")
	healthy := flag.Int("healthy", 2000, "rollouts of each healthy scenario")
	format := flag.String("format", "md", "md, or json: one line for each cell")
	flag.Parse()
	if *format != "md" && *format != "json" || *reps < 1 || *healthy < 1 || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "canarybench: --format is md or json, --reps and --healthy are at least 1, and there are no arguments")
		os.Exit(2)
	}
	cells := play(*seed, *reps, *healthy)
	if *format == "json" {
		printJSON(os.Stdout, cells)
		return
	}
	printTable(os.Stdout, cells)
}

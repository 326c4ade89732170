// Command recap runs the scenarios, prints what they print, and says at the end again what failed and why:
// scenarios run beside each other, so that a failure is hard to find in what all of them print.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// event is a line of `go test -json`. See `go doc test2json`.
type event struct {
	Action, Package, Test, Output string
}

// holds reports whether another test is part of this one, or of this package.
func (e event) holds(other event) bool {
	if e.Test == "" {
		return other.Test != "" && other.Package == e.Package
	}
	return other.Package == e.Package && strings.HasPrefix(other.Test, e.Test+"/")
}

func main() {
	tests := exec.Command("go", append([]string{"test", "-json", "-v"}, os.Args[1:]...)...)
	tests.Stderr = os.Stderr
	out, err := tests.StdoutPipe()
	if err == nil {
		err = tests.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "recap:", err)
		os.Exit(1)
	}
	report(out, os.Stdout)
	if err := tests.Wait(); err != nil {
		fmt.Fprintln(os.Stderr, "recap:", err)
		os.Exit(1)
	}
}

// report copies what tests print, and then what the failed ones printed themselves.
func report(in io.Reader, out io.Writer) {
	printed := map[event][]string{}
	var failed []event
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Fprintln(out, lines.Text())
			continue
		}
		key := event{Package: e.Package, Test: e.Test}
		switch e.Action {
		case "output", "build-output":
			fmt.Fprint(out, e.Output)
			printed[key] = append(printed[key], e.Output)
		case "pass":
			delete(printed, key)
		case "fail":
			failed = append(failed, key)
		}
	}
	for _, f := range failed {
		if slices.ContainsFunc(failed, f.holds) {
			continue // it failed because of that one
		}
		fmt.Fprintf(out, "\nFAILED: %s %s\n%s", f.Package, f.Test, strings.Join(last(printed[f], 60), ""))
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(out, "recap: the output of the tests is not readable:", err)
	}
}

// last returns the last n lines, each cut to what a screen shows.
func last(lines []string, n int) []string {
	kept := slices.Clone(lines[max(0, len(lines)-n):])
	for i, line := range kept {
		if len(line) > 400 {
			kept[i] = line[:400] + " ...\n"
		}
	}
	return kept
}

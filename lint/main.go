// Package main is this repository's own vet: the analyzers beyond `go vet` and staticcheck that found something real
// here, or guard a rule that the design states. Run it with `make lint`, which hands it to `go vet -vettool`.
//
// It is a module of its own, so that no tool raises the version of a library in the product.
//
//	exhaustive  a new verb, action, phase or reason without a case in a switch; a default does not count as one
//	errorlint   an error compared without errors.Is or errors.As
//	nilerr      an error that is seen and then swallowed
//	bodyclose   an HTTP response whose body nobody closes
//	sloglint    a log message that is not constant, a key that is not snake_case, the global logger
//
// What was tried and left out: contextcheck, which follows calls into net/http, client-go and slog and complains about
// those.
package main

import (
	"log"
	"strings"

	"github.com/gostaticanalysis/nilerr"
	"github.com/nishanths/exhaustive/passes/exhaustive"
	"github.com/polyfloyd/go-errorlint/errorlint"
	"github.com/timakin/bodyclose/passes/bodyclose"
	"go-simpler.org/sloglint"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/unitchecker"
)

func main() {
	ours := exhaustive.Analyzer
	if err := ours.Flags.Set("typeonly", `^canarybot\.io/`); err != nil { // what others count may grow
		log.Fatal(err)
	}
	unitchecker.Main(
		ours,
		errorlint.NewAnalyzer(),
		nilerr.Analyzer,
		notInTests(bodyclose.Analyzer), // a test's helper closes the body and returns the response, which it cannot follow
		sloglint.New(&sloglint.Options{NoGlobalLogger: "all", NoMixedArguments: true, StaticMessage: true, KeyNamingCase: "snake"}),
	)
}

// notInTests returns the analyzer without what it says about test files.
func notInTests(a *analysis.Analyzer) *analysis.Analyzer {
	inner := a.Run
	quiet := *a
	quiet.Run = func(pass *analysis.Pass) (any, error) {
		report := pass.Report
		pass.Report = func(d analysis.Diagnostic) {
			if !strings.HasSuffix(pass.Fset.Position(d.Pos).Filename, "_test.go") {
				report(d)
			}
		}
		return inner(pass)
	}
	return &quiet
}

package main

import (
	"canarybot.io/cmd/judgebench/world"
	"canarybot.io/rollout/judge/trial"
)

// contender is an algorithm with its tuning.
type contender struct {
	name  string
	every int // it plays each so many-th world: the more a world costs it, the fewer
	// options are those of Canarybot's judge; nil: it is a peer.
	options *world.Options
	first   bool // nobody has seen an earlier rollout of the service
	// peer returns a peer for one rollout.
	peer func() world.Algorithm
	own  bool // it promotes when it likes, not when a step's time is over
}

// Names that are spoken of elsewhere.
const (
	canarybotName = "canarybot"
	earlyName     = "canarybot early"
	firstName     = "canarybot first rollout"
	naiveName     = "naive"
)

// contenders are all who play, Canarybot first.
func contenders(off trial.RuleSet) []contender {
	return []contender{
		{name: canarybotName, every: 1, options: &world.Options{Off: off}},
		{name: earlyName, every: 8, options: &world.Options{Off: off, Early: true}},
		{name: firstName, every: 4, options: &world.Options{Off: off}, first: true},
		{name: naiveName, every: 4, peer: func() world.Algorithm { return &naive{} }},
		{name: "flagger 1m/5", every: 4, peer: func() world.Algorithm { return &flagger{every: 60, threshold: 5} }, own: true},
		{name: "flagger 15s/2", every: 4, peer: func() world.Algorithm { return &flagger{every: 15, threshold: 2} }, own: true},
		{name: "argo 5m/3", every: 4, peer: func() world.Algorithm { return &argo{every: 300, window: 300, limit: 3} }},
		{name: "argo 30s/2", every: 4, peer: func() world.Algorithm { return &argo{every: 30, window: 60, limit: 2} }},
		{name: "kayenta 5m", every: 4, peer: func() world.Algorithm { return &kayenta{every: 300} }},
		{name: "peek-z 1 %", every: 4, peer: func() world.Algorithm { return &peek{} }},
		{name: "O'Brien-Fleming", every: 4, peer: func() world.Algorithm { return &sequential{} }},
	}
}

// peers are the names of the contenders that are not Canarybot.
func peers() (names []string) {
	for _, c := range contenders(trial.RuleSet{}) {
		if c.peer != nil {
			names = append(names, c.name)
		}
	}
	return names
}

// withoutRules are Canarybot as it is, and without one rule at a time.
func withoutRules(off trial.RuleSet) []contender {
	all := []contender{{name: canarybotName, every: 1, options: &world.Options{Off: off}}}
	for r := trial.NoRule + 1; r < trial.Rules; r++ {
		less := off
		less[r] = true
		all = append(all, contender{name: "without " + r.String(), every: 1, options: &world.Options{Off: less}})
	}
	return all
}

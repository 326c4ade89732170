package main

// decision is what an algorithm decides after a scrape.
type decision int

const (
	hold decision = iota
	promote
	rollback
)

// algorithm judges one rollout. Each rollout gets a new one.
type algorithm interface {
	// judge gets each scrape that Prometheus stored: what both sides did since the one before. InStep counts the scrapes of
	// the step, with this one.
	judge(s scrape, inStep int) decision
}

// contender is an algorithm with its tuning.
type contender struct {
	name string
	make func(x trace) algorithm
}

func contenders() []contender {
	return []contender{
		{"naive", func(trace) algorithm { return &naive{} }},
		{"flagger 1m/5", func(trace) algorithm { return &flagger{every: 4, threshold: 5} }},
		{"flagger 15s/2", func(trace) algorithm { return &flagger{every: 1, threshold: 2} }},
		{"argo 5m/3", func(trace) algorithm { return &argo{every: 20, window: 20, limit: 3} }},
		{"argo 30s/2", func(trace) algorithm { return &argo{every: 2, window: 4, limit: 2} }},
		{"kayenta 5m", func(trace) algorithm { return &kayenta{every: 20} }},
		{"peek-z 1 %", func(trace) algorithm { return &peek{} }},
		{"canarybot", func(x trace) algorithm { return newCanarybot(x, false, false) }},
		{"canarybot early", func(x trace) algorithm { return newCanarybot(x, false, true) }},
		{"canarybot first rollout", func(x trace) algorithm { return newCanarybot(x, true, false) }},
	}
}

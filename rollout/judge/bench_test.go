package judge_test

import (
	"testing"

	"canarybot.io/rollout/judge"
)

// BenchmarkScrape judges one more scrape of six pods in the middle of a step: what production does for each service
// every quarter of a minute.
func BenchmarkScrape(b *testing.B) {
	f := newFleet(1, before+after, before, only(well, 0))
	c := signalCase()
	_, c.State, c.Now = f.run(b, c, since.Add(20*interval))
	c.Raw = f.ask(judge.Judge{}.Want(c), c.Now)
	b.ReportAllocs()
	for b.Loop() {
		judge.Judge{}.Judge(c)
	}
}

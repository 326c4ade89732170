package judge_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge"
)

// stored is a state as an earlier version wrote it in the middle of a rollout, and the verdicts to which that version
// came when it went on from there, one a scrape.
type stored struct {
	State    json.RawMessage   `json:"state"`
	Verdicts []rollout.Verdict `json:"verdicts"`
}

const storedAfter, storedScrapes = 12, 14

// storedCases are the rollouts whose states are in testdata. Do not change them: the files are never written anew.
func storedCases() map[string]func() (*fleet, rollout.Case) {
	return map[string]func() (*fleet, rollout.Case){
		"one_pod_held": func() (*fleet, rollout.Case) { return onePod(8, 99), signalCase() },
		"step_and_limit": func() (*fleet, rollout.Case) {
			c := signalCase()
			two := 2.0
			c.Spec.Checks = append(c.Spec.Checks[:3:3], rollout.Check{
				Name: "own", Query: "up", Threshold: 1, Comparison: rollout.LessThan, Failures: 3, Interval: interval,
			})
			c.Spec.Judging.Young = time.Minute
			for s := range storedAfter + storedScrapes {
				c.Samples = append(c.Samples, rollout.Sample{Check: "own", At: since.Add(time.Duration(s)*interval + 3*time.Second), Canary: &two})
			}
			return newFleet(71, before+after, before, only(change(func(d *does) { d.errors = 0.006 }), 0)), c
		},
		"canary_gone": func() (*fleet, rollout.Case) {
			return newFleet(72, before+after, before, only(change(func(d *does) { d.gone = true }), 9)), signalCase()
		},
	}
}

// judgeScrape judges once a scrape was stored.
func judgeScrape(f *fleet, c rollout.Case, state rollout.JudgeState, scrape int) (rollout.Verdict, rollout.JudgeState) {
	return f.judge(c, state, since.Add(time.Duration(scrape)*interval+4*time.Second))
}

// A rollout that goes on from a state that an earlier version stored has its counts, and comes to the same end.
func TestStatesOfEarlierVersionsAreRead(t *testing.T) {
	t.Parallel()
	for name, make := range storedCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := os.ReadFile(filepath.Join("testdata", "stored_"+name+".golden"))
			if err != nil {
				t.Fatal(err)
			}
			var want stored
			if err := json.Unmarshal(b, &want); err != nil {
				t.Fatal(err)
			}
			f, c := make()
			state := rollout.StoredJudgeState(want.State)
			for at := range storedScrapes {
				var got rollout.Verdict
				got, state = judgeScrape(f, c, state, storedAfter+at)
				counts := func(v rollout.Verdict) (all [][2]rollout.Count) {
					for _, e := range v.Evidence {
						if e.Compared != nil {
							all = append(all, [2]rollout.Count{e.Compared.Canary, e.Compared.Stable})
						}
					}
					return all
				}
				if diff := cmp.Diff(counts(want.Verdicts[at]), counts(got), cmpopts.EquateApprox(1e-9, 0)); diff != "" {
					t.Fatalf("scrape %d (-then +now):\n%s", storedAfter+at, diff)
				}
				if last := at == storedScrapes-1; last && got.Result != want.Verdicts[at].Result {
					t.Errorf("in the end it is %s, as it was %s", got.Result, want.Verdicts[at].Result)
				}
			}
			if (judge.Judge{}).WarmStart(rollout.StoredJudgeState(want.State)).IsZero() {
				t.Error("a warm start takes nothing from it")
			}
		})
	}
}

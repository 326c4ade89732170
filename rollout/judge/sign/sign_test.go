package sign_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/sign"
)

var (
	higher = rollout.Margin{Worse: rollout.Higher, Ratio: 1.2}
	lower  = rollout.Margin{Worse: rollout.Lower, Ratio: 0.8}
)

// limit is the logarithm that a bet has to reach for a budget of 1 %.
var limit = math.Log(100)

// blocks is how many a simulated rollout has: an hour of them, or four times as many as a bake of 15 minutes.
const blocks = 60

// process is one side's disturbance: an autoregressive process with a deviation of 1, in steps of a quarter of a block.
type process struct {
	r   *rand.Rand
	rho float64
	at  float64
}

func newProcess(r *rand.Rand, rho float64) *process { return &process{r, rho, r.NormFloat64()} }

// block is the median of four steps, which a query's own window makes no longer than that.
func (p *process) block() float64 {
	all := make([]float64, 4)
	for i := range all {
		p.at = p.rho*p.at + math.Sqrt(1-p.rho*p.rho)*p.r.NormFloat64()
		all[i] = p.at
	}
	slices.Sort(all)
	return (all[1] + all[2]) / 2
}

// outcome is what became of a rollout: the block at which the bet was won, and at which the canary was rolled back; 0:
// never.
type outcome struct{ won, failed int }

// play judges a rollout as the judge does.
func play(o sign.Options, of func(block int) sign.Block) (out outcome) {
	var s sign.State
	for n := 1; n <= blocks; n++ {
		s.Add(&o, of(n))
		if s.LogOdds() < limit {
			continue
		}
		if out.won == 0 {
			out.won = n
		}
		if stands := s.Standing(&o); stands.Present && stands.Certain && (stands.Large || stands.Lasts) {
			out.failed = n
			return out
		}
	}
	return out
}

// A canary exactly at the margin, where a disturbance of its own that fades slowly makes blocks alike. Rho is from step
// to step, four to a block; the limits are those of the docs, and far from what no division of the bet would give
// (11 % at 0.8, 31 % at 0.9).
func TestFalseAlarmsAtTheMargin(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		rho  float64
		most float64 // percent of the rollouts
	}{
		"independent": {0, 1},
		"rho 0.5":     {0.5, 1},
		"rho 0.8":     {0.8, 1.5},
		"rho 0.9":     {0.9, 3},
		"rho 0.95":    {0.95, 7},
	}
	for name, tt := range tests {
		for _, m := range []rollout.Margin{higher, lower} {
			t.Run(name+" "+string(m.Worse), func(t *testing.T) {
				t.Parallel()
				const n = 500
				won, failed := 0, 0
				for seed := range uint64(n) {
					p := newProcess(rand.New(rand.NewPCG(seed, 11)), tt.rho)
					got := play(sign.Options{Margin: m, Planned: 20, Share: 0.05}, func(block int) sign.Block {
						season := math.Exp(math.Sin(float64(block) / 10))
						return sign.Block{Canary: season * m.Ratio * math.Exp(p.block()/2), Stable: season}
					})
					if got.won > 0 {
						won++
					}
					if got.failed > 0 {
						failed++
					}
				}
				t.Logf("%.1f %% won, %.1f %% rolled back", 100*float64(won)/n, 100*float64(failed)/n)
				if percent := 100 * float64(won) / n; percent > tt.most {
					t.Errorf("%.1f %% of %d bets were won, want at most %g %%", percent, n, tt.most)
				}
			})
		}
	}
}

// The same canary, alike to stable, with much noise and heavy tails.
func TestFalseAlarmsOfAlikeSides(t *testing.T) {
	t.Parallel()
	for _, m := range []rollout.Margin{higher, lower} {
		wrong := 0
		for seed := range uint64(1000) {
			r := rand.New(rand.NewPCG(seed, 12))
			p, q := newProcess(r, 0.8), newProcess(r, 0.8)
			got := play(sign.Options{Margin: m, Planned: 20, Share: 0.05}, func(int) sign.Block {
				c, s := math.Exp(p.block()/2), math.Exp(q.block()/2)
				if r.Float64() < 0.05 {
					c *= 50
				}
				return sign.Block{Canary: c, Stable: s}
			})
			if got.failed > 0 {
				wrong++
			}
		}
		if wrong > 3 {
			t.Errorf("%s: %d of 1000 were rolled back", m.Worse, wrong)
		}
	}
}

// How many blocks it takes to roll back a canary that is so many times worse, by noise from block to block.
func TestTimeToFind(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		times, noise float64
		from         int // the block from which it is worse
		median, most int // blocks, and what nine of ten need
	}{
		"1.5 times, noise of 5 %":              {1.5, 0.05, 0, 14, 19},
		"1.5 times, noise of 10 %":             {1.5, 0.1, 0, 16, 23},
		"1.5 times, noise of 20 %":             {1.5, 0.2, 0, 30, 55},
		"3 times, noise of 20 %":               {3, 0.2, 0, 14, 20},
		"1.5 times from block 10, noise of 5%": {1.5, 0.05, 10, 19, 27},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var took []int
			for seed := range uint64(300) {
				r := rand.New(rand.NewPCG(seed, 13))
				got := play(sign.Options{Margin: higher, Planned: 20, Share: 0.05}, func(block int) sign.Block {
					season, times := math.Exp(math.Sin(float64(block)/10)), 1.0
					if block > tt.from {
						times = tt.times
					}
					return sign.Block{Canary: season * times * math.Exp(tt.noise*r.NormFloat64()), Stable: season}
				})
				if got.failed == 0 {
					got.failed = 10 * blocks
				}
				took = append(took, got.failed-tt.from)
			}
			slices.Sort(took)
			t.Logf("median %d, nine of ten %d", took[150], took[270])
			if took[150] > tt.median || took[270] > tt.most {
				t.Errorf("the median took %d blocks and nine of ten %d, want %d and %d", took[150], took[270], tt.median, tt.most)
			}
		})
	}
}

// Events are rare and lower is worse: a fine canary has none in most blocks. Events are those of stable in a block; the
// canary has a nineteenth of them.
func TestFewEvents(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		events float64
		left   float64 // of the canary's
		least  int     // of 300 rolled back
		most   int
	}{
		"2 events":                 {2, 1, 0, 3},
		"4 events":                 {4, 1, 0, 3},
		"10 events":                {10, 1, 0, 3},
		"40 events":                {40, 1, 0, 1},
		"12 events, none are left": {12, 0, 285, 300},
		"40 events, none are left": {40, 0, 300, 300},
		"400 events, half":         {400, 0.5, 300, 300},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			failed := 0
			for seed := range uint64(300) {
				r := rand.New(rand.NewPCG(seed, 14))
				got := play(sign.Options{Margin: lower, Planned: 20, Share: 0.05}, func(int) sign.Block {
					return sign.Block{Canary: 19 * poisson(r, tt.left*tt.events/19), Stable: poisson(r, tt.events)}
				})
				if got.failed > 0 {
					failed++
				}
			}
			if failed < tt.least || failed > tt.most {
				t.Errorf("%d of 300 were rolled back, want %d to %d", failed, tt.least, tt.most)
			}
		})
	}
}

func poisson(r *rand.Rand, expected float64) (n float64) {
	for p := r.Float64(); p > math.Exp(-expected); p *= r.Float64() {
		n++
	}
	return n
}

// What is stored goes on as if it had never been stored, and stays small.
func TestAStateGoesOn(t *testing.T) {
	t.Parallel()
	o := sign.Options{Margin: higher, Planned: 20, Share: 0.05}
	r := rand.New(rand.NewPCG(1, 15))
	var straight, stored sign.State
	for n := range 100 {
		b := sign.Block{Canary: 1.1 * math.Exp(r.NormFloat64()), Stable: math.Exp(r.NormFloat64())}
		straight.Add(&o, b)
		bytes, err := json.Marshal(stored)
		if err != nil {
			t.Fatal(err)
		}
		stored = sign.State{}
		if err := json.Unmarshal(bytes, &stored); err != nil || !stored.Sound() || len(bytes) > 1024 {
			t.Fatalf("block %d: %d bytes, sound %t: %v", n, len(bytes), stored.Sound(), err)
		}
		stored.Add(&o, b)
	}
	if diff := cmp.Diff(straight, stored); diff != "" {
		t.Errorf("states (-straight +stored):\n%s", diff)
	}
}

// Blocks that cannot be compared are told, whatever they hold.
func TestComparable(t *testing.T) {
	t.Parallel()
	difference := rollout.Margin{Worse: rollout.Higher, Difference: 5}
	for _, tt := range []struct {
		margin rollout.Margin
		block  sign.Block
		want   bool
	}{
		{higher, sign.Block{Canary: 1, Stable: 1}, true},
		{higher, sign.Block{Canary: 1}, true},
		{higher, sign.Block{Canary: -1, Stable: 1}, true},
		{higher, sign.Block{Canary: 1, Stable: -1}, false},
		{difference, sign.Block{Canary: 1, Stable: -1}, true},
		{higher, sign.Block{Canary: math.NaN(), Stable: 1}, false},
		{higher, sign.Block{Canary: 1, Stable: math.Inf(1)}, false},
		{higher, sign.Block{Canary: 1e31, Stable: 1}, false},
	} {
		if o := (sign.Options{Margin: tt.margin}); o.Comparable(tt.block) != tt.want {
			t.Errorf("%+v of %+v: want %t", tt.margin, tt.block, tt.want)
		}
	}
}

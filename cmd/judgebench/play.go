package main

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"

	"canarybot.io/cmd/judgebench/report"
	"canarybot.io/cmd/judgebench/world"
	"canarybot.io/rollout/judge/trial"
)

// options are what is played.
type options struct {
	seed          uint64
	reps, healthy int    // rollouts of each fault and row, and of each healthy family
	world         string // only families whose name contains it
	off           trial.RuleSet
	rules         bool   // the drawn families alone, without one rule at a time
	commit        string // of what is measured; empty: not told
	progress      io.Writer
}

// families are those that are played.
func (o options) families() (all []report.Family) {
	for _, f := range report.All() {
		if drawn := f.Kind == report.Healthy || f.Kind == report.Faulty; strings.Contains(f.Name, o.world) && (drawn || !o.rules) {
			all = append(all, f)
		}
	}
	return all
}

// contenders are those that play.
func (o options) contenders() []contender {
	if o.rules {
		return withoutRules(o.off)
	}
	return contenders(o.off)
}

// runs is how many worlds of a family are played: fewer where others show nearly the same.
func (o options) runs(f report.Family) int {
	switch {
	case f.Kind == report.Healthy:
		return o.healthy
	case f.Control:
		return max(1, o.reps/2)
	}
	return o.reps
}

// run is one rollout under one contender.
type run struct {
	world.Outcome
	busy   bool // the service gets 20 requests a second or more
	severe bool // the fault is one that has to be found
}

// played are the rollouts of a family, by contender.
type played struct {
	family report.Family
	runs   [][]run
}

// play runs every contender on the worlds of every family. What it returns depends on the options alone, not on how many
// worlds are played at a time.
func play(o options) []played {
	families, all := o.families(), o.contenders()
	results := make([]played, len(families))
	type job struct{ family, n int }
	jobs := make(chan job)
	worlds := make([][][]run, len(families)) // by family, world and contender
	left := make([]int, len(families))
	var mu sync.Mutex
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for j := range jobs {
				one := playWorld(families[j.family].Draw(o.seed, j.n), j.n, all)
				mu.Lock()
				worlds[j.family][j.n] = one
				if left[j.family]--; left[j.family] == 0 && o.progress != nil {
					fmt.Fprintf(o.progress, "%d of %d: %s\n", j.family+1, len(families), families[j.family].Name)
				}
				mu.Unlock()
			}
		})
	}
	for i, f := range families {
		mu.Lock()
		worlds[i], left[i] = make([][]run, o.runs(f)), o.runs(f)
		mu.Unlock()
		for n := range o.runs(f) {
			jobs <- job{i, n}
		}
	}
	close(jobs)
	group.Wait()
	for i, f := range families {
		results[i] = played{f, make([][]run, len(all))}
		for _, one := range worlds[i] {
			for k, r := range one {
				if !math.IsNaN(r.After) {
					results[i].runs[k] = append(results[i].runs[k], r)
				}
			}
		}
	}
	return results
}

// playWorld plays the n-th world of a family under everybody whose turn it is. Whose it is not has no number after which
// it rolled back.
func playWorld(d report.Drawn, n int, all []contender) []run {
	runs := make([]run, len(all))
	for i := range runs {
		runs[i].After = math.NaN()
	}
	keep := func(i int, out world.Outcome) {
		runs[i] = run{out, d.World.Rate >= 20, d.Severe}
	}
	warm := d.Warm()
	var together []int // peers that promote at the same looks
	for i, c := range all {
		switch {
		case n%c.every != 0:
		case c.options != nil:
			o := *c.options
			if !c.first {
				o.State = warm
			}
			keep(i, world.Play(d.World, o))
		case c.own:
			keep(i, world.Follow(d.World, c.peer())[0])
		default:
			together = append(together, i)
		}
	}
	algorithms := make([]world.Algorithm, len(together))
	for k, i := range together {
		algorithms[k] = all[i].peer()
	}
	if len(together) > 0 {
		for k, out := range world.Follow(d.World, algorithms...) {
			keep(together[k], out)
		}
	}
	return runs
}

// pooled are the rollouts of all families of a kind together, by contender.
func pooled(results []played, kind report.Kind) (runs [][]run) {
	for _, p := range results {
		if p.family.Kind != kind {
			continue
		}
		if runs == nil {
			runs = make([][]run, len(p.runs))
		}
		for i := range p.runs {
			runs[i] = slices.Concat(runs[i], p.runs[i])
		}
	}
	return runs
}

package trial

import (
	"math/rand/v2"
	"testing"

	"canarybot.io/rollout/judge/bet"
)

// The rules are tested from within: each is a function of what was seen lately, and has its own table.

// scrapes are what the canary did of 100 requests in each, the newest last; stable has 1 in 1,000 of 2,000 errors.
func lookAt(bad ...float64) shape {
	var r recent
	for _, b := range bad {
		r.add(seen{Canary: Arm{Requests: 100, Errors: b, Pods: 1}, Stable: Arm{Requests: 2000, Errors: 2, Pods: 10}})
	}
	return shape{recent: &r, margin: bet.Margin{Ratio: 1.5, Slack: 0.001}, usual: 0.001, phi: 1}
}

// after returns the scrapes after so many fine ones.
func after(fine int, bad ...float64) []float64 { return append(make([]float64, fine), bad...) }

// thinly is lookAt where the canary has so many requests in a scrape.
func thinly(requests float64, bad ...float64) shape {
	s := lookAt(bad...)
	for i := range s.Scrapes {
		s.Scrapes[i].Canary.Requests = requests
	}
	return s
}

func TestPresent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		s    shape
		want bool
	}{
		"it goes on":                  {lookAt(5, 5, 5, 5), true},
		"it has just begun":           {lookAt(after(12, 20)...), true},
		"it is over":                  {lookAt(after(6, 20, 20, 0, 0)...), false},
		"it was over, and is back":    {lookAt(after(6, 20, 0, 0, 20)...), true},
		"a fifth of it is left":       {lookAt(20, 20, 20, 20, 20, 20, 20, 3), false},
		"half of it is left":          {lookAt(20, 20, 20, 20, 20, 20, 20, 10), true},
		"weak faults need scrapes":    {lookAt(1, 1, 0, 1, 1, 0, 1, 0), true},
		"nothing ever was":            {lookAt(after(16)...), false},
		"thin traffic, long ago":      {thinly(3, after(0, 2, 0, 0, 0, 0, 0, 0, 0)...), true},
		"thin traffic, and no errors": {thinly(3, after(10)...), false},
	} {
		if got := tt.s.present(); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestLasting(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		s    shape
		want bool
	}{
		"from the beginning":                      {lookAt(5, 5, 5), true},
		"one scrape":                              {lookAt(after(10, 8)...), false},
		"two scrapes":                             {lookAt(after(10, 8, 8)...), false},
		"three scrapes":                           {lookAt(after(10, 8, 8, 8)...), true},
		"a stray error long ago":                  {lookAt(after(0, 0, 1, 0, 0, 0, 0, 8, 8)...), false},
		"now and then":                            {lookAt(after(0, 0, 9, 0, 0, 0, 0, 0, 9)...), true},
		"a catastrophe of one scrape":             {lookAt(after(10, 30)...), false},
		"a catastrophe of two":                    {lookAt(after(10, 30, 30)...), true},
		"every request fails":                     {lookAt(after(10, 100)...), true},
		"half of few requests":                    {thinly(30, after(10, 9)...), false},
		"thin traffic: all of it counts together": {thinly(3, after(8, 1)...), true},
	} {
		if got := tt.s.lasting(true); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if s := lookAt(after(10, 100)...); s.lasting(false) {
		t.Error("every request of the canary fails in one scrape, and stable is not well: it may be both")
	}
}

func TestBeyondUsual(t *testing.T) {
	t.Parallel()
	var past Worst
	history := make([]bet.Counts, 60)
	for i := range history {
		history[i] = bet.Counts{N: 2000, Bad: 2}
	}
	history[30].Bad, history[31].Bad = 400, 400 // 20 % for two scrapes
	past.Remember(ErrorMeasure, history)
	for name, tt := range map[string]struct {
		s    shape
		want bool
	}{
		"as bad as stable was once":          {lookAt(after(8, 20, 20)...), false},
		"for longer than stable ever was":    {lookAt(after(2, 20, 20, 20, 20, 20, 20)...), true},
		"far worse":                          {lookAt(after(8, 60, 60)...), true},
		"a bit worse, which chance may be":   {lookAt(after(8, 26, 26)...), false},
		"weaker, but for much longer":        {lookAt(6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6), true},
		"weaker, and for a few scrapes only": {lookAt(after(8, 6, 6, 6)...), false},
	} {
		if tt.s.worst = past[ErrorMeasure]; tt.s.beyondUsual() != tt.want {
			t.Errorf("%s: %v", name, !tt.want)
		}
	}
}

func TestLastsUnpaired(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		s    shape
		want bool
	}{
		"all that is remembered":     {lookAt(5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5), true},
		"13 of 16":                   {lookAt(5, 5, 0, 5, 5, 5, 0, 5, 5, 5, 5, 5, 5, 5, 5, 0), true},
		"12 of 16":                   {lookAt(5, 0, 0, 5, 5, 5, 0, 5, 5, 5, 5, 5, 5, 5, 5, 0), false},
		"ten scrapes":                {lookAt(5, 5, 5, 5, 5, 5, 5, 5, 5, 5), false},
		"six scrapes, then it ended": {lookAt(after(4, 9, 9, 9, 9, 9, 9)...), false},
		"half of all for three":      {lookAt(50, 50, 50), true},
		"half of all for two":        {lookAt(0, 50, 50), false},
		"few errors, for long":       {thinly(20, 1, 0, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1, 1), true},
		"few errors, not for long":   {thinly(20, after(10, 1, 1, 0, 1, 0, 1)...), false},
	} {
		if got := tt.s.lastsUnpaired(); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestFromTheBeginning(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		s    shape
		want bool
	}{
		"from the first scrape":      {lookAt(9, 9, 9, 9), true},
		"later":                      {lookAt(0, 0, 9, 9, 9), false},
		"so long ago that we forgot": {lookAt(9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9), false},
	} {
		if got := tt.s.fromTheBeginning(); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestLastsWhole(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		s    shape
		want bool
	}{
		"all of it":                     {lookAt(9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9), true},
		"three minutes of four":         {lookAt(0, 1, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0, 1), false},
		"three minutes, in the middle":  {lookAt(after(4, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9)...), false},
		"all of a step that is younger": {lookAt(9, 9, 9, 9), false},
	} {
		if got := tt.s.lastsWhole(); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestSmall(t *testing.T) {
	t.Parallel()
	acted := bet.Margin{Ratio: 1.5, Slack: 0.004}
	for name, tt := range map[string]struct {
		s    shape
		want bool
	}{
		"less than what is acted on":     {lookAt(0, 1, 0, 0, 1, 0, 0, 1), true},
		"more":                           {lookAt(2, 3, 2, 2, 3, 2, 2, 2), false},
		"more, which may well be chance": {lookAt(0, 1, 0, 1, 2), true},
	} {
		if got := tt.s.small(acted); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestDistant(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	o := Defaults(40)
	o.MemoryLimit = 512 * mib
	for name, tt := range map[string]struct {
		lows [lowBlocks]float64 // MiB, the newest first
		want bool
	}{
		"it reaches its limit in minutes":        {[lowBlocks]float64{400, 380, 360, 340, 320, 300, 280}, false},
		"within the hour":                        {[lowBlocks]float64{260, 255, 250, 245, 240, 235, 230}, true},
		"fast, and ever more slowly":             {[lowBlocks]float64{400, 395, 385, 370, 350, 325, 290}, true},
		"near its limit":                         {[lowBlocks]float64{440, 440, 439, 438, 437, 436, 435}, false},
		"too young to tell":                      {[lowBlocks]float64{300, 200}, true},
		"as fast as ever, since a few blocks":    {[lowBlocks]float64{380, 350, 320}, false},
		"it fell: a collection of what was held": {[lowBlocks]float64{300, 330, 320, 310, 300, 290, 280}, true},
	} {
		var s State
		for i, low := range tt.lows {
			s.Block.Lows[i] = low * mib
		}
		s.Block.Took = blockScrapes
		if got := s.distant(&o); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Around a scrape in which stable is out of its usual, nothing counts against the canary: in the two before, and the
// three after it.
func TestUnusual(t *testing.T) {
	t.Parallel()
	var r recent
	for i := range 12 {
		r.add(seen{Unusual: i == 5}) // six scrapes came after it
	}
	for after, want := range map[int]bool{9: false, 8: true, 6: true, 3: true, 2: false, 0: false} {
		if got := r.unusual(after); got != want {
			t.Errorf("%d scrapes ago: %v", after, got)
		}
	}
}

// Shifting what hit both by up to two scrapes to either side rolls nobody back. A catastrophe is acted on after two
// scrapes, so one that stable shows only in the third would be: sides are scraped less than one apart.
func TestSharedBurstsWithLag(t *testing.T) {
	t.Parallel()
	draw := rand.New(rand.NewPCG(7, 7))
	for range 300 {
		lag := draw.IntN(5) - 2
		from, length, share := 6+draw.IntN(20), 1+draw.IntN(4), 0.02+0.28*draw.Float64()
		if lag == -2 {
			share = min(share, 0.05)
		}
		side := func(requests int, at int) Arm {
			p := 0.001
			if at >= from && at < from+length {
				p = share
			}
			a := Arm{Requests: float64(requests), Timed: float64(requests), Pods: 2}
			for range requests {
				if draw.Float64() < p {
					a.Errors++
				}
			}
			return a
		}
		o := Defaults(40)
		var s State
		var shares Shares
		shares[ErrorMeasure] = 0.001
		s.Begin(shares, 50_000, Worst{})
		for at := range 40 {
			v := s.Add(&o, Scrape{Canary: side(75, at-lag), Stable: side(1400, at), Age: 1000})
			if v.Rejected {
				t.Fatalf("a burst of %.0f %% for %d scrapes that the canary had %d scrapes later: %+v", 100*share, length, lag, v)
			}
		}
	}
}

func TestParseRule(t *testing.T) {
	t.Parallel()
	for r := Common; r < Rules; r++ {
		if got, ok := ParseRule(r.String()); !ok || got != r {
			t.Errorf("%s: %v, %v", r, got, ok)
		}
	}
	if _, ok := ParseRule("none"); ok {
		t.Error("no rule is one")
	}
}

// A doubt about one check hides no other one that suffices and is in none; and traffic that stays away, which alone is not
// acted on, carries none past its rules.
func TestDecisive(t *testing.T) {
	t.Parallel()
	fine := Arm{Requests: 2000, Errors: 2, Timed: 2000, Pods: 10}
	failing := Arm{Requests: 100, Errors: 5, Timed: 100, Pods: 2}
	for name, tt := range map[string]struct {
		seen  []seen
		odds  map[Check]float64
		worst Check
		want  Check
		rule  Rule
	}{
		"errors, and memory that may grow leads": {repeated(8, seen{Canary: failing, Stable: fine}), map[Check]float64{Errors: 9, Memory: 12}, Memory, Errors, NoRule},
		"memory that may grow":                   {repeated(8, seen{Canary: fine, Stable: fine}), map[Check]float64{Memory: 12}, Memory, Memory, Distant},
		"traffic that stays away":                {repeated(8, seen{Canary: fine, Stable: fine}), map[Check]float64{Share: 12}, Share, Share, NoRule},
		"and a burst that both have": {append(repeated(7, seen{Canary: failing, Stable: fine}), seen{Canary: failing, Stable: fine, Unusual: true}),
			map[Check]float64{Share: 12, Errors: 9}, Share, Errors, Common},
		"and errors":               {repeated(8, seen{Canary: failing, Stable: fine}), map[Check]float64{Share: 12, Errors: 9}, Share, Errors, NoRule},
		"and errors that are over": {repeated(8, seen{Canary: fine, Stable: fine}), map[Check]float64{Share: 12, Errors: 9}, Share, Share, NoRule},
	} {
		o := Defaults(40)
		o.MemoryLimit, o.MemoryNoise = 512<<20, 1<<20
		var s State
		s.Errors.Expected = runningShare{N: 5000, Bad: 5}
		for _, one := range tt.seen {
			s.Recent.add(one)
		}
		for c, log := range tt.odds {
			s.Odds[c] = log
		}
		if got, rule := s.decisive(&o, tt.worst, Scrape{Canary: failing, Stable: fine, Age: 1000}); got != tt.want || rule != tt.rule {
			t.Errorf("%s: %s, %s; want %s, %s", name, got, rule, tt.want, tt.rule)
		}
	}
}

func repeated(n int, one seen) (all []seen) {
	for range n {
		all = append(all, one)
	}
	return all
}

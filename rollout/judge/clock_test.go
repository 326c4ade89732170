package judge_test

import (
	"encoding/json"
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge"
)

// clocks are ours and that of the samples, as they differ from the true time.
type clocks struct{ ours, samples time.Duration }

// skewed judges once a scrape while clocks differ, and returns the verdict after each.
func (f *fleet) skewed(c rollout.Case, scrapes int, at func(scrape int) clocks) (all []rollout.Verdict, state rollout.JudgeState) {
	scraped := f.shifted(at)
	for i := range 3 { // what is asked once
		c.State, c.Now = state, since.Add(at(0).ours+time.Duration(i)*50*time.Millisecond)
		_, state = scraped.look(c, at(0).samples-at(0).ours)
	}
	for scrape := 1; scrape <= scrapes; scrape++ {
		c.State, c.Now = state, since.Add(time.Duration(scrape)*interval+4*time.Second+at(scrape).ours)
		var v rollout.Verdict
		v, state = scraped.look(c, at(scrape).samples-at(scrape).ours)
		all = append(all, v)
	}
	return all, state
}

// look asks as the adapter does: how far back is a length, and it ends now by the clock of the server.
func (f *fleet) look(c rollout.Case, ahead time.Duration) (rollout.Verdict, rollout.JudgeState) {
	w := judge.Judge{}.Want(c)
	server := c.Now.Add(ahead)
	if !w.Since.IsZero() {
		w.Since = server.Add(-c.Now.Sub(w.Since))
	}
	c.Raw = f.ask(w, server)
	return judge.Judge{}.Judge(c)
}

// shifted is the fleet as it is scraped by a clock that differs.
func (f *fleet) shifted(at func(scrape int) clocks) *fleet {
	other := *f
	other.pods = nil
	for _, p := range f.pods {
		one := *p
		one.series, one.seen = nil, nil
		by := func(k int) time.Duration { return at(int(p.seen[k].Sub(since) / interval)).samples }
		for k := range p.seen {
			one.seen = append(one.seen, p.seen[k].Add(by(k)))
		}
		for _, s := range p.series {
			points := make([]rollout.Point, len(s.Points))
			for k, point := range s.Points {
				points[k] = rollout.Point{At: point.At.Add(by(k)), Value: point.Value}
			}
			s.Points = points
			one.series = append(one.series, s)
		}
		other.pods = append(other.pods, &one)
	}
	return &other
}

// Clocks jump, ours or that of the samples, and stay wrong or are set right again. Two intervals later the canary is judged
// as if nothing had been: a fine one passes, a bad one fails, and what our clock alone does loses no request. (Where that
// of Prometheus goes back, it takes no samples until it is where it was: an outage.)
func TestAJumpOfAClockIsOverAfterTwoIntervals(t *testing.T) {
	t.Parallel()
	const jump, scrapes = 25, 40
	from := func(c clocks) func(int) clocks {
		return func(scrape int) clocks {
			if scrape < jump {
				return clocks{}
			}
			return c
		}
	}
	for name, tt := range map[string]struct {
		at   func(scrape int) clocks
		lost bool // what happened around the jump
	}{
		"none":                     {from(clocks{}), false},
		"ours, ahead":              {from(clocks{ours: 10 * time.Minute}), false},
		"ours, back":               {from(clocks{ours: -10 * time.Minute}), false},
		"ours, back by a minute":   {from(clocks{ours: -time.Minute}), false},
		"ours, ahead by a minute":  {from(clocks{ours: time.Minute}), false},
		"that of the samples":      {from(clocks{samples: 10 * time.Minute}), true},
		"ours, ahead by an hour":   {from(clocks{ours: time.Hour}), false},
		"ours, back by an hour":    {from(clocks{ours: -time.Hour}), false},
		"both, ahead":              {from(clocks{10 * time.Minute, 10 * time.Minute}), true},
		"ours, ahead for one look": {func(s int) clocks { return clocks{ours: time.Duration(b2i(s == jump)) * 10 * time.Minute} }, false},
		"ours, back for one look":  {func(s int) clocks { return clocks{ours: -time.Duration(b2i(s == jump)) * 10 * time.Minute} }, false},
		"ours, ahead for a while": {func(s int) clocks {
			return clocks{ours: time.Duration(b2i(s >= jump && s < jump+6)) * 10 * time.Minute}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFleet(81, before+after, before, only(well, 0))
			all, state := f.skewed(signalCase(), scrapes, tt.at)
			for i, v := range all {
				if settled := i+1 < jump || i+1 > jump+2 && i+1 < jump+6 || i+1 > jump+8; settled && i > 20 && v.Result != rollout.Pass {
					worst, _ := v.Worst()
					t.Errorf("scrape %d: %s, %+v", i+1, v.Result, worst)
				}
				if !v.Since.Equal(since) {
					t.Fatalf("scrape %d: the verdict is about the weight since %s", i+1, v.Since)
				}
			}
			_, want := f.skewed(signalCase(), int(through(t, state).Sub(since)/interval), from(clocks{}))
			got, truth := counts(t, state)[0]["requests"], counts(t, want)[0]["requests"]
			if (got != truth) != tt.lost {
				t.Errorf("%v requests of the canary were judged, without the jump it is %v", got, truth)
			}
			bad := newFleet(82, before+after, before, only(change(func(d *does) { d.errors = 0.3 }), jump+3))
			all, _ = bad.skewed(signalCase(), scrapes, tt.at)
			if v := all[scrapes-1]; v.Result != rollout.Fail {
				t.Errorf("a bad one: %s, %+v", v.Result, v.Evidence[0])
			}
		})
	}
}

// through is until when scrapes were judged.
func through(t *testing.T, state rollout.JudgeState) time.Time {
	t.Helper()
	var s struct {
		Signals struct {
			Through time.Time `json:"through"`
		} `json:"signals"`
	}
	if err := json.Unmarshal([]byte(plain(state)), &s); err != nil {
		t.Fatal(err)
	}
	return s.Signals.Through
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// An outage of Prometheus is no clock that differs: nothing passes on what is old, and when it comes back it is judged at
// once.
func TestAnOutageIsNoOtherClock(t *testing.T) {
	t.Parallel()
	const from, to = 20, 36
	f := newFleet(83, before+after, before, only(well, 0))
	f.outage = func(scrape int) bool { return scrape >= from && scrape < to }
	all, _ := f.skewed(signalCase(), 44, func(int) clocks { return clocks{} })
	for i, v := range all {
		scrape := i + 1
		switch stale, back := scrape > from+3 && scrape <= to, scrape > to+2; {
		case stale && v.Result == rollout.Pass:
			t.Errorf("scrape %d passes without samples", scrape)
		case back && v.Result != rollout.Pass:
			t.Errorf("scrape %d: %s, %+v", scrape, v.Result, v.Evidence[0])
		}
	}
}

// A check against its limit is judged with the first sample after a jump, also while the weight lies in the future.
func TestLimitsAfterAJumpOfOurClock(t *testing.T) {
	t.Parallel()
	checks := []rollout.Check{errorRate()}
	for _, jump := range []time.Duration{0, time.Minute, 10 * time.Minute, -time.Minute, -10 * time.Minute, -time.Hour} {
		var state []byte
		for scrape := 1; scrape <= 12; scrape++ {
			now := since.Add(time.Duration(scrape) * interval)
			if scrape > 6 {
				now = now.Add(jump)
			}
			share, requests := 0.001, 100.0
			if scrape > 9 {
				share = 0.05
			}
			sample := rollout.Sample{Check: "error_rate", At: now, Canary: &share, Requests: &requests}
			var v rollout.Verdict
			v, state = judge.Compare(checks, []rollout.Sample{sample}, state, since, now)
			want := rollout.Pass
			if scrape >= 12 {
				want = rollout.Fail
			}
			if v.Result != want && scrape != 10 && scrape != 11 {
				t.Errorf("by %s, scrape %d: %s, want %s: %+v", jump, scrape, v.Result, want, v.Evidence)
			}
		}
	}
}

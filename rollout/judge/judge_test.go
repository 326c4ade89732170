package judge_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge"
)

const before, after = 70, 45 // scrapes

var well = does{requests: 100, errors: 0.001, slow: 0.002, memory: 200 << 20}

// only returns what pods do of which the canary's do something else from a scrape on.
func only(canary does, from int) func(bool, int, int) does {
	return func(is bool, _, scrape int) does {
		if is && scrape >= from {
			return canary
		}
		return well
	}
}

func change(edit func(*does)) does {
	d := well
	edit(&d)
	return d
}

// The verdict on a canary that goes on like this, within how many scrapes, and by which check.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	const never = 99
	for name, tt := range map[string]struct {
		what   func(canary bool, pod, scrape int) does
		edit   func(*rollout.Case)
		result rollout.Result
		check  string
		why    rollout.Why
		within int
	}{
		"fine":              {only(well, 0), nil, rollout.Pass, "", "", never},
		"errors":            {only(change(func(d *does) { d.errors = 0.05 }), 0), nil, rollout.Fail, "error_rate", rollout.WhyWorse, 4},
		"errors, late":      {only(change(func(d *does) { d.errors = 0.05 }), 20), nil, rollout.Fail, "error_rate", rollout.WhyWorse, 25},
		"every request":     {only(change(func(d *does) { d.errors = 1 }), 0), nil, rollout.Fail, "error_rate", rollout.WhyWorse, 2},
		"a little worse":    {only(change(func(d *does) { d.errors = 0.009 }), 0), nil, rollout.Fail, "error_rate", rollout.WhyWorse, 40},
		"slower":            {only(change(func(d *does) { d.slow = 0.05 }), 0), nil, rollout.Fail, "latency_p99", rollout.WhyWorse, 5},
		"too large":         {only(change(func(d *does) { d.memory = 600 << 20 }), 0), nil, rollout.Fail, "memory_usage", rollout.WhyLimit, 4},
		"gone":              {only(change(func(d *does) { d.gone = true }), 10), nil, rollout.Fail, "error_rate", rollout.WhySilent, 16},
		"no traffic":        {only(change(func(d *does) { d.requests = 0 }), -before), nil, rollout.Fail, "error_rate", rollout.WhyNoShare, 5},
		"little traffic":    {func(bool, int, int) does { return change(func(d *does) { d.requests = 0.2 }) }, nil, rollout.Unknown, "error_rate", rollout.WhyTooFewRequests, never},
		"an incident":       {func(bool, int, int) does { return change(func(d *does) { d.errors = 0.05 }) }, nil, rollout.Unknown, "error_rate", rollout.WhyShared, never},
		"nobody to compare": {func(canary bool, _, _ int) does { return change(func(d *does) { d.gone = !canary }) }, nil, rollout.Unknown, "error_rate", rollout.WhyNoData, never},
		"nothing at all":    {only(change(func(d *does) { d.gone = true }), -before), func(c *rollout.Case) {}, rollout.Fail, "error_rate", rollout.WhySilent, 9},
		"errors only shown": {only(change(func(d *does) { d.errors = 0.05 }), 0), func(c *rollout.Case) { c.Spec.Checks[0].DryRun = true }, rollout.Pass, "", "", never},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := signalCase()
			if tt.edit != nil {
				tt.edit(&c)
			}
			f := newFleet(1, before+after, before, tt.what)
			v, _, at := f.run(t, c, since.Add(40*interval))
			scrapes := int(at.Sub(since) / interval)
			if v.Result != tt.result || scrapes > tt.within {
				t.Errorf("after %d scrapes %s, want %s within %d:\n%+v", scrapes, v.Result, tt.result, tt.within, v.Evidence)
			}
			if worst, ok := v.Worst(); ok != (tt.check != "") || worst.Check != tt.check || worst.Why != tt.why {
				t.Errorf("it is %s because of %q, want %s because of %q:\n%+v", worst.Check, worst.Why, tt.check, tt.why, v.Evidence)
			}
		})
	}
}

// What is shown of a bad canary is what people need: both shares, on how many requests, and how sure it is.
func TestNumbersForPeople(t *testing.T) {
	t.Parallel()
	f := newFleet(2, before+after, before, only(change(func(d *does) { d.errors = 0.05 }), 5))
	v, _, _ := f.run(t, signalCase(), since.Add(40*interval))
	e, _ := v.Worst()
	c := e.Compared
	switch {
	case c == nil || e.Canary == nil || e.Stable == nil:
		t.Fatalf("numbers are missing: %+v", e)
	case *e.Canary < 0.01 || *e.Stable > 0.004 || c.Canary.Requests < 500 || c.Stable.Requests < 1500:
		t.Errorf("canary %v of %+v, stable %v of %+v", *e.Canary, c.Canary, *e.Stable, c.Stable)
	case c.AtLeast < 2 || c.Odds < c.Limit || v.Odds < v.Limit:
		t.Errorf("at least %v times, odds %v of %v, together %v of %v", c.AtLeast, c.Odds, c.Limit, v.Odds, v.Limit)
	}
}

// Asked scrape by scrape or all at once after nobody judged for a while, by the process that began or by one that has
// only what was stored: the state is the same, to the last number.
func TestReplayComesToTheSameNumbers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := newFleet(rapid.Uint64().Draw(t, "seed"), before+after, before, only(change(func(d *does) { d.errors = 0.004 }), rapid.IntRange(0, 30).Draw(t, "from")))
		c := signalCase()
		var whole, parts rollout.JudgeState
		for i := range 3 { // what is asked once, before anything is judged
			now := since.Add(time.Duration(i) * 50 * time.Millisecond)
			_, whole = f.judge(c, whole, now)
		}
		parts = whole
		for scrape := 1; scrape <= 30; scrape++ {
			now := since.Add(time.Duration(scrape)*interval + 4*time.Second)
			_, whole = f.judge(c, whole, now)
			if scrape == 30 || rapid.IntRange(0, 3).Draw(t, fmt.Sprint("asked at ", scrape)) == 0 {
				_, parts = f.judge(c, rollout.StoredJudgeState(parts.Bytes()), now)
			}
		}
		if !whole.Equal(parts) {
			t.Fatalf("scrape by scrape\n%s\nwith gaps\n%s", plain(whole), plain(parts))
		}
		if n := len(whole.Bytes()); n > 4096 {
			t.Fatalf("%d bytes to store", n)
		}
	})
}

// Samples that come late, and scrapes that nobody made, lose no request: in the end as many were judged as there were.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*fleet){
		"in time": func(*fleet) {},
		"late": func(f *fleet) {
			f.late = func(pod, scrape int) time.Duration { return time.Duration((pod+scrape)%4) * 9 * time.Second }
		},
		"lost": func(f *fleet) {
			f.outage = func(scrape int) bool { return scrape == 12 || scrape == 17 || scrape == 18 }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFleet(3, before+after, before, only(well, 0))
			edit(f)
			v, _, _ := f.run(t, signalCase(), since.Add(42*interval))
			want := 0.0
			for _, p := range f.pods {
				for i, point := range p.series[0].Points {
					if p.canary && point.At.After(since) && !point.At.After(since.Add(38*interval)) {
						want += point.Value - p.series[0].Points[i-1].Value
					}
				}
			}
			if got := *v.Evidence[0].Requests; got < want || got > want*1.12 {
				t.Errorf("%v requests were judged, and there were %v", got, want)
			}
		})
	}
}

// While Prometheus cannot be asked nothing passes, and what was seen stays seen.
func TestNoAnswerIsNoPass(t *testing.T) {
	t.Parallel()
	for _, why := range []rollout.Why{rollout.WhyUnreachable, rollout.WhyTimeout, rollout.WhyQueryError, rollout.WhyTooLarge} {
		f := newFleet(4, before+after, before, only(well, 0))
		c := signalCase()
		_, state, now := f.run(t, c, since.Add(20*interval))
		c.State, c.Now = state, now.Add(interval)
		c.Raw.Stable.Requests = rollout.Reading{Why: why, Detail: "in its own words"}
		v, again := judge.Judge{}.Judge(c)
		if worst, _ := v.Worst(); v.Result != rollout.Unknown || worst.Why != why || worst.Detail != "in its own words" {
			t.Errorf("%s: %s, %+v", why, v.Result, worst)
		}
		if diff := cmp.Diff(plain(state), plain(again)); diff != "" {
			t.Errorf("%s changed what is remembered:\n%s", why, diff)
		}
	}
}

// Parts of an answer, and only some of the pods, do not suffice to go on.
func TestPartsDoNotPass(t *testing.T) {
	t.Parallel()
	f := newFleet(5, before+after, before, only(well, 0))
	c := signalCase()
	_, state, now := f.run(t, c, since.Add(20*interval))
	c.State, c.Now = state, now
	c.Raw = f.ask(judge.Judge{}.Want(c), now)
	c.Raw.Canary.Errors.Why, c.Raw.Canary.Errors.Detail = rollout.WhyWarnings, "one store did not answer"
	v, _ := judge.Judge{}.Judge(c)
	if worst, _ := v.Worst(); worst.Why != rollout.WhyWarnings || worst.Detail == "" {
		t.Errorf("with a warning: %s, %+v", v.Result, worst)
	}
	half := newFleet(5, before+after, before, func(canary bool, pod, scrape int) does {
		return change(func(d *does) { d.gone = canary && pod == 1 && scrape >= 38 })
	})
	v, _, _ = half.run(t, signalCase(), since.Add(41*interval))
	if worst, _ := v.Worst(); worst.Why != rollout.WhyPartial {
		t.Errorf("with half of the pods: %s, %+v", v.Result, worst)
	}
}

// A step of another weight is judged on what it showed itself, but what spoke against the canary before is carried on.
func TestWeightsShareOneBudget(t *testing.T) {
	t.Parallel()
	bad := change(func(d *does) { d.requests, d.errors = 30, 0.006 })
	f := newFleet(6, before+90, before, func(canary bool, _, _ int) does {
		if canary {
			return bad
		}
		return well
	})
	c := signalCase()
	v, state, now := f.run(t, c, since.Add(12*interval))
	if v.Result == rollout.Fail {
		t.Fatalf("found in the first step already: %+v", v)
	}
	carried := v.Odds
	c.Since = now
	v, _ = f.judge(c, state, now.Add(time.Second))
	if v.Odds != carried || v.Result != rollout.Unknown {
		t.Errorf("the second step begins with odds %v, the first ended with %v: %+v", v.Odds, carried, v.Evidence)
	}
	if e := v.Evidence[0]; e.Why != rollout.WhyWarmingUp {
		t.Errorf("the second step begins with %+v", e)
	}
}

func FuzzSignalState(f *testing.F) {
	fl := newFleet(7, before+after, before, only(well, 0))
	_, state, _ := fl.run(f, signalCase(), since.Add(5*interval))
	f.Add([]byte(plain(state)))
	f.Add(state.Bytes())
	f.Add([]byte(`{"signals":{"trial":{},"since":"2026-03-01T14:00:00Z"}}`))
	f.Add([]byte(`{"signals":{"trial":{},"since":"2026-03-01T14:00:00Z","answered":[[9999999,-1],[7,1e6]],"heard":true,
		"users":{"got":-1e300,"of":1e308,"asked":7,"short":-9,"blocks":-3,"sum":1e300,"squares":-1e308,"part":{"scrapes":-5}}}}`))
	f.Add([]byte(`{"signals":{"trial":{},"since":"2026-03-01T14:00:00Z","answered":[[1,1],[1]],"users":{"blocks":9,"sum":1e308,"squares":1e308,"targets":-4}}}`))
	f.Fuzz(func(t *testing.T, state []byte) {
		v, next := fl.judge(signalCase(), rollout.StoredJudgeState(state), since.Add(6*interval))
		if len(v.Evidence) != 3 || len(next.Bytes()) == 0 {
			t.Errorf("state %q: %+v, next %q", state, v, plain(next))
		}
	})
}

// The pods of the rollout before, of which Prometheus still has samples, are not this canary's: one that Prometheus does
// not know yet is given time.
func TestOtherRolloutsPodsAreNotThisCanary(t *testing.T) {
	t.Parallel()
	c := signalCase()
	c.Spec.Signals.Scrape = time.Second // so that learning of pods takes many scrapes
	gone := change(func(d *does) { d.gone = true })
	for name, what := range map[string]func(bool, int, int) does{
		"gone before": only(gone, 0),
		"scraped once more after the weight was set": func(canary bool, _, scrape int) does {
			switch {
			case canary && scrape == 0:
				return change(func(d *does) { d.requests = 0 })
			case canary && scrape > 0:
				return gone
			}
			return well
		},
	} {
		f := newFleet(11, before+after, before, what)
		f.hurry(interval / time.Second)
		var state rollout.JudgeState
		for at := range 15 {
			var v rollout.Verdict
			if v, state = f.judge(c, state, since.Add(time.Duration(at)*time.Second+time.Second/2)); v.Result == rollout.Fail {
				t.Errorf("%s: failed after %d s, before it could report: %+v", name, at, v.Evidence[0])
				break
			}
		}
	}
}

// A Prometheus that scrapes once a minute, though it is said to scrape four times as often, is noticed: nothing is taken
// for silence, and nothing is lost.
func TestRareScrapesAreNoticed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		errors float64
		want   rollout.Result
	}{"fine": {0.001, rollout.Pass}, "bad": {0.1, rollout.Fail}} {
		f := newFleet(14, before+90, before, only(change(func(d *does) { d.errors = tt.errors }), 0))
		f.outage = func(scrape int) bool { return scrape%4 != 0 }
		v, _, at := f.run(t, signalCase(), since.Add(80*interval))
		if v.Result != tt.want || tt.want == rollout.Fail && at.Sub(since) > 6*time.Minute {
			t.Errorf("%s: %s after %s: %+v", name, v.Result, at.Sub(since), v.Evidence[0])
		}
	}
}

// A canary that no request has reached yet may have no series of requests: that is not silence.
func TestNoSeriesBeforeTheFirstRequest(t *testing.T) {
	t.Parallel()
	few := change(func(d *does) { d.requests = 0.3 })
	f := newFleet(15, before+after, before, func(canary bool, _, _ int) does {
		d := few
		d.gone = canary
		return d
	})
	if v, _, _ := f.run(t, signalCase(), since.Add(20*interval)); v.Result != rollout.Unknown {
		t.Errorf("with hardly a request the canary is %s: %+v", v.Result, v.Evidence[0])
	}
}

// An answer that is too large because nobody judged for long does not keep the judge from going on.
func TestTooLargeAPastIsLeftOut(t *testing.T) {
	t.Parallel()
	f := newFleet(16, before+90, before, only(well, 0))
	c := signalCase()
	_, state, _ := f.run(t, c, since.Add(5*interval))
	now := since.Add(40 * interval)
	c.State, c.Now = state, now
	c.Raw.Canary.Requests = rollout.Reading{Why: rollout.WhyTooLarge}
	v, state := judge.Judge{}.Judge(c)
	if v.Result != rollout.Unknown {
		t.Errorf("with an answer that is too large: %s", v.Result)
	}
	for range 8 {
		now = now.Add(interval)
		v, state = f.judge(signalCase(), state, now)
	}
	if v.Result != rollout.Pass {
		t.Errorf("afterwards: %s, %+v", v.Result, v.Evidence)
	}
}

// Where Prometheus is away just when stable's past is asked for, it is asked for again, and until then nothing is
// compared with stable.
func TestThePastIsAskedForUntilItIsHad(t *testing.T) {
	t.Parallel()
	f := newFleet(17, before+90, before, only(change(func(d *does) { d.errors = 0.008 }), 0))
	c := signalCase()
	var state rollout.JudgeState
	now := since
	var v rollout.Verdict
	for i := range 60 {
		c.State, c.Now = state, now
		w := judge.Judge{}.Want(c)
		c.Raw = f.ask(w, now)
		if i < 12 {
			c.Raw.Buckets, c.Raw.History = rollout.Reading{Why: rollout.WhyTimeout}, rollout.Read{}
		}
		v, state = judge.Judge{}.Judge(c)
		if i < 12 && v.Result == rollout.Fail {
			t.Fatalf("compared before it was known how pods differ: %+v", v.Evidence[0])
		}
		if v.Result == rollout.Fail {
			return
		}
		now = now.Add(interval)
	}
	t.Errorf("never found: %+v", v.Evidence[0])
}

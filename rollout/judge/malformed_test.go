package judge_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge"
)

// malformations are the ways in which one series of an answer may be malformed.
var malformations = map[string]func(s *rollout.Series, now time.Time){
	"no samples":                    func(s *rollout.Series, _ time.Time) { s.Points = nil },
	"no samples, but a list":        func(s *rollout.Series, _ time.Time) { s.Points = []rollout.Point{} },
	"NaN":                           each(func(p *rollout.Point, _ int) { p.Value = math.NaN() }),
	"NaN at last":                   newest(func(p *rollout.Point) { p.Value = math.NaN() }),
	"endless":                       each(func(p *rollout.Point, _ int) { p.Value = math.Inf(1) }),
	"endless at last":               newest(func(p *rollout.Point) { p.Value = math.Inf(-1) }),
	"negative":                      each(func(p *rollout.Point, _ int) { p.Value = -p.Value - 1 }),
	"huge":                          newest(func(p *rollout.Point) { p.Value = 1e300 }),
	"times of zero":                 each(func(p *rollout.Point, _ int) { p.At = time.Time{} }),
	"one time of zero":              newest(func(p *rollout.Point) { p.At = time.Time{} }),
	"times of year 9999":            each(func(p *rollout.Point, _ int) { p.At = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC) }),
	"one sample of the future":      newest(func(p *rollout.Point) { p.At = p.At.Add(20 * time.Minute) }),
	"one sample of the far future":  newest(func(p *rollout.Point) { p.At = p.At.Add(2000 * time.Hour) }),
	"backwards":                     func(s *rollout.Series, _ time.Time) { slices.Reverse(s.Points) },
	"all at one time":               func(s *rollout.Series, now time.Time) { each(func(p *rollout.Point, _ int) { p.At = now })(s, now) },
	"twice, with other values":      func(s *rollout.Series, _ time.Time) { s.Points = append(s.Points, lower1(s.Points)...) },
	"a gauge":                       each(func(p *rollout.Point, i int) { p.Value *= float64(1 + i%2*3) }),
	"it fell to zero":               newest(func(p *rollout.Point) { p.Value = 0 }),
	"it counts a hundredfold":       newest(func(p *rollout.Point) { p.Value *= 100 }),
	"a bound that is no number":     func(s *rollout.Series, _ time.Time) { s.Bound = math.NaN() },
	"a bound of minus infinity":     func(s *rollout.Series, _ time.Time) { s.Bound = math.Inf(-1) },
	"a bound of nothing":            func(s *rollout.Series, _ time.Time) { s.Bound = 0 },
	"no target":                     func(s *rollout.Series, _ time.Time) { s.Target = "" },
	"a target of the other version": func(s *rollout.Series, _ time.Time) { s.Target = "pod-3" },
}

func each(change func(p *rollout.Point, i int)) func(*rollout.Series, time.Time) {
	return func(s *rollout.Series, _ time.Time) {
		s.Points = slices.Clone(s.Points)
		for i := range s.Points {
			change(&s.Points[i], i)
		}
	}
}

func newest(change func(p *rollout.Point)) func(*rollout.Series, time.Time) {
	return func(s *rollout.Series, _ time.Time) {
		if s.Points = slices.Clone(s.Points); len(s.Points) > 0 {
			change(&s.Points[len(s.Points)-1])
		}
	}
}

// lower1 are samples at the same times, one lower each.
func lower1(points []rollout.Point) []rollout.Point {
	points = slices.Clone(points)
	for i := range points {
		points[i].Value--
	}
	return points
}

// readings are those of an arm, by name.
func readings(r *rollout.Read) map[string]*rollout.Reading {
	return map[string]*rollout.Reading{"requests": &r.Requests, "errors": &r.Errors, "success": &r.Success, "latency": &r.Latency, "memory": &r.Memory}
}

// malform changes the series of a reading that are chosen.
func malform(r *rollout.Reading, now time.Time, with func(*rollout.Series, time.Time), chosen func(i int) bool) {
	r.Series = slices.Clone(r.Series)
	for i := range r.Series {
		if r.Series[i].Points = slices.Clone(r.Series[i].Points); chosen(i) {
			with(&r.Series[i], now)
		}
	}
}

// encodes fails the test unless a verdict has its evidence, and both it and the state can be stored.
func encodes(t *testing.T, v rollout.Verdict, state rollout.JudgeState, checks int) {
	t.Helper()
	if len(v.Evidence) != checks {
		t.Fatalf("%d pieces of evidence for %d checks: %+v", len(v.Evidence), checks, v)
	}
	if _, err := json.Marshal(v); err != nil {
		t.Fatalf("%v: %+v", err, v)
	}
	if len(state.Bytes()) == 0 {
		t.Fatalf("the state cannot be stored")
	}
}

// Whatever is wrong with an answer, once: a fine canary is not rolled back for it, and passes again two intervals after it
// came right. A bad one is found afterwards as ever.
func TestMalformedSamplesPass(t *testing.T) {
	t.Parallel()
	f := newFleet(91, before+after, before, only(change(func(d *does) { d.errors = 0.3 }), malformedAt+4))
	c := signalCase()
	var good rollout.JudgeState
	for scrape := range malformedAt {
		_, good = judgeScrape(f, c, good, scrape)
	}
	for name, with := range malformations {
		for _, arm := range []string{"canary", "stable", "both"} {
			for _, reading := range []string{"requests", "errors", "latency", "memory", "all"} {
				t.Run(fmt.Sprintf("%s/%s/%s", name, arm, reading), func(t *testing.T) {
					t.Parallel()
					for _, some := range []bool{true, false} {
						one := *f
						one.odd = func(raw *rollout.Raw, now time.Time) {
							if now.Sub(since)/interval != malformedAt {
								return
							}
							for side, r := range map[string]*rollout.Read{"canary": &raw.Canary, "stable": &raw.Stable} {
								for kind, reads := range readings(r) {
									if (arm == side || arm == "both") && (reading == kind || reading == "all") {
										malform(reads, now, with, func(i int) bool { return !some || i == 0 })
									}
								}
							}
						}
						maybe := name == "it counts a hundredfold" || name == "a gauge" // it may be true, and is not forgotten so soon
						one.watch(t, good, maybe)
					}
				})
			}
		}
	}
}

// malformedAt is the scrape whose answer is malformed. The canary fails from four scrapes later on.
const malformedAt = 24

// watch goes on from a state scrape by scrape, until a canary that fails must have been found.
func (f *fleet) watch(t *testing.T, state rollout.JudgeState, maybe bool) {
	t.Helper()
	var v rollout.Verdict
	for scrape := malformedAt; scrape <= malformedAt+8; scrape++ {
		v, state = judgeScrape(f, signalCase(), state, scrape)
		if scrape == malformedAt {
			encodes(t, v, state, 3)
		}
		worst, _ := v.Worst()
		switch {
		case v.Result == rollout.Fail && scrape <= malformedAt+4:
			t.Fatalf("scrape %d fails: %+v", scrape, worst)
		case scrape == malformedAt+3 && !maybe && v.Result != rollout.Pass:
			t.Errorf("scrape %d: %s, %+v", scrape, v.Result, worst)
		}
	}
	if !maybe && v.Result != rollout.Fail {
		t.Errorf("a canary that fails afterwards is %s: %+v", v.Result, v.Evidence[0])
	}
}

// Stored states in which some numbers are others, and then malformed answers: as FuzzAnswers, by seeds.
func TestDamagedStates(t *testing.T) {
	t.Parallel()
	fl := newFleet(92, before+after, before, only(well, 0))
	_, good, _ := fl.run(t, signalCase(), since.Add(12*interval))
	number := regexp.MustCompile(`-?\d+(\.\d+)?([eE][-+]?\d+)?`)
	others := []string{"0", "-1", "3", "7", "0.5", "99999", "1e100", "-1e50", "1e-300"}
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 3))
		damaged := number.ReplaceAllStringFunc(plain(good), func(s string) string {
			if rng.IntN(100) == 0 {
				return others[rng.IntN(len(others))]
			}
			return s
		})
		fl.survives(t, seed, []byte(damaged))
	}
}

// FuzzAnswers spoils whole answers and states by chance: nothing panics, there is evidence for each check, and what comes
// of it can be stored and gone on from.
func FuzzAnswers(f *testing.F) {
	fl := newFleet(92, before+after, before, only(well, 0))
	_, good, _ := fl.run(f, signalCase(), since.Add(12*interval))
	f.Add(uint64(1), good.Bytes())
	f.Add(uint64(2), []byte(plain(good)))
	f.Add(uint64(3), []byte(nil))
	f.Add(uint64(120), []byte("0")) // samples of the future before anything could be judged
	for i, s := range badStates {
		f.Add(uint64(10+i), []byte(s))
	}
	f.Fuzz(func(t *testing.T, seed uint64, stored []byte) { fl.survives(t, seed, stored) })
}

// survives goes on from what was stored with answers that are malformed by chance, and then with good ones: those are
// judged again.
func (f *fleet) survives(t *testing.T, seed uint64, stored []byte) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 2))
	c, state := signalCase(), rollout.StoredJudgeState(stored)
	const right, last = 16, 28 // the first scrape that is not malformed, and the last
	if rng.IntN(3) == 0 {
		c.Spec.Signals.Errors, c.Spec.Signals.Success = "", "s"
	}
	c.Spec.Signals.By = []string{"", "handler"}[rng.IntN(2)]
	for _, scrape := range []int{13, 14, 15, right, 19, 22, 25, last} { // few of the good ones: chance is in the others
		c.Now = since.Add(time.Duration(scrape)*interval + 4*time.Second)
		c.State = state
		c.Raw = f.ask(judge.Judge{}.Want(c), c.Now)
		if scrape < right {
			malformAll(rng, &c.Raw, c.Now)
		}
		var v rollout.Verdict
		v, state = judge.Judge{}.Judge(c)
		if scrape == right-1 || scrape == last {
			encodes(t, v, state, 3)
			judge.Judge{}.WarmStart(state)
			judge.Judge{}.DetectionPower(c)
		}
	}
	judged := through(t, state)
	if behind := c.Now.Sub(judged); behind > 3*interval || behind < 0 {
		t.Errorf("seed %d: scrapes are judged up to %s, %s ago", seed, judged, behind)
	}
}

// malformAll malformations some series of an answer, each in one way.
func malformAll(rng *rand.Rand, raw *rollout.Raw, now time.Time) {
	names := make([]string, 0, len(malformations))
	for name := range malformations {
		names = append(names, name)
	}
	slices.Sort(names)
	raw.Canary.Success, raw.Stable.Success = raw.Canary.Requests, raw.Stable.Requests
	raw.Groups = raw.Canary.Requests
	all := []*rollout.Reading{&raw.Buckets, &raw.Groups}
	for _, r := range []*rollout.Read{&raw.Canary, &raw.Stable, &raw.History} {
		r.InFlight, r.Restarts, r.ClientErrors = r.Memory, r.Errors, r.Errors
		all = append(all, &r.Requests, &r.Errors, &r.Success, &r.Latency, &r.Memory, &r.InFlight, &r.Restarts, &r.ClientErrors)
	}
	for _, one := range all {
		switch rng.IntN(12) {
		case 0:
			one.Series = nil
		case 1:
			one.Why = []rollout.Why{rollout.WhyTimeout, rollout.WhyTooLarge, rollout.WhyWarnings}[rng.IntN(3)]
		case 2:
			one.Series = append(slices.Clone(one.Series), one.Series...)
		}
		if rng.IntN(2) == 0 {
			malform(one, now, malformations[names[rng.IntN(len(names))]], func(int) bool { return rng.IntN(3) > 0 })
		}
	}
}

// badStates are stored states that cannot be: they are forgotten as a whole.
var badStates = []string{
	`{"signals":{"setup":{"slow":9}}}`,
	`{"signals":{"setup":{"slow":-1}}}`,
	`{"signals":{"setup":{"bounds":["1"],"seconds":[]}}}`,
	`{"signals":{"setup":{"bounds":["1","2"],"seconds":[1,2,3]}}}`,
	`{"signals":{"setup":{"bounds":["1","2","3","4","5","6","7"],"seconds":[1,2,3,4,5,6,7]}}}`,
	`{"signals":{"setup":{"bounds":["4","3","2","1"],"seconds":[4,3,2,1]}}}`,
	`{"signals":{"setup":{"gap":-5}}}`,
	`{"signals":{"setup":{"gap":9000000000000000000}}}`,
	`{"signals":{"setup":{"lag":-1}}}`,
	`{"signals":{"trial":{"seen":-3}}}`,
	`{"signals":{"trial":{"dwelt":-3}}}`,
	`{"signals":{"trial":{"recently":{"seen":-1}}}}`,
	`{"signals":{"trial":{"pendings":3}}}`,
	`{"signals":{"trial":{"worst_bound":4}}}`,
	`{"signals":{"trial":{"errors":{"bet":{"scrapes":-1}}}}}`,
	`{"signals":{"trial":{"errors":{"bet":{"staked":1e308}}}}}`,
	`{"signals":{"stands":{"worst":99}}}`,
	`{"signals":{"stands":{"worst":-1}}}`,
	`{"signals":{"stands":{"rule":99}}}`,
	`{"signals":{"stands":{"bound":4}}}`,
	`{"signals":{"filled":99}}`,
	`{"signals":{"filled":-99}}`,
	`{"signals":{"taken":[{"requests":-5},{}]}}`,
	`{"signals":{"answered":[[9999999,-1],[7,1]]}}`,
	`{"signals":{"anchor":"9999-01-01T00:00:00Z"}}`,
	`{"signals":{"silent":-1}}`,
	`{"signals":{"alone":{"each":{"a":{"requests":-1}}}}}`,
	`{"signals":{"users":{"blocks":-3}}}`,
	`{"signals":{"users":{"sum":1e308,"squares":1e308}}}`,
	`{"signals":{"past":[` + repeated(`{},`, 40) + `{}]}}`,
	`{"signals":{"met":[` + repeated(`"a",`, 2000) + `"a"]}}`,
	`{"limits":{"since":"2026-03-01T14:00:00Z","checks":"x","series":{"a":{"last":{"check":"b"}}}}}`,
	`{"limits":{"since":"2026-03-01T14:00:00Z","checks":"x","series":{"a":{"last":{"check":"a"},"failing":{"n":-1}}}}}`,
	`{"signals":[]}`, `{"signals":{"born":7}}`, `[]`, `7`, "\x02", "\x02\x00\x01", "\x03{}",
}

func repeated(s string, n int) (all string) {
	for range n {
		all += s
	}
	return all
}

func TestStatesThatCannotBeAreForgotten(t *testing.T) {
	t.Parallel()
	f := newFleet(93, before+after, before, only(well, 0))
	c := signalCase()
	c.Spec.Checks = append(c.Spec.Checks, rollout.Check{Name: "own", Query: "up", Threshold: 1, Interval: interval})
	now := since.Add(3*interval + 4*time.Second)
	fresh, want := f.judge(c, rollout.JudgeState{}, now)
	for _, s := range badStates {
		v, got := f.judge(c, rollout.StoredJudgeState([]byte(s)), now)
		if !got.Equal(want) || len(v.Evidence) != len(fresh.Evidence) {
			t.Errorf("%.90s: something of it is left:\n%s\nwant\n%s", s, plain(got), plain(want))
		}
	}
}

// A hundred thousand series, whether of as many targets or of one, neither stop the judge nor make its state large.
func TestAHundredThousandSeries(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]func(i int) string{
		"of as many targets": func(i int) string { return fmt.Sprint("pod-", i) },
		"of one":             func(int) string { return "pod" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFleet(94, before+after, before, only(well, 0))
			f.odd = func(raw *rollout.Raw, now time.Time) {
				var many []rollout.Series
				for i := range 100_000 {
					many = append(many, rollout.Series{Target: target(i), Labels: fmt.Sprint(i), Bound: float64(i), Points: []rollout.Point{{At: now, Value: 1}}})
				}
				for _, r := range []*rollout.Read{&raw.Canary, &raw.Stable, &raw.History} {
					r.Requests.Series, r.Latency.Series, r.Memory.Series = many, many, many
				}
				raw.Buckets.Series = many
			}
			c := signalCase()
			var state rollout.JudgeState
			var v rollout.Verdict
			for scrape := 1; scrape <= 4; scrape++ {
				v, state = judgeScrape(f, c, state, scrape)
			}
			encodes(t, v, state, 3)
			if n := len(state.Bytes()); n > 16<<10 {
				t.Errorf("%d bytes are stored", n)
			}
		})
	}
}

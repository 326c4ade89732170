package view_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// checkLines returns the lines of checks on the card of a verdict.
func checkLines(t *testing.T, v rollout.Verdict) []string {
	t.Helper()
	m := view.Card(with(func(r *rollout.Rollout) { r.Verdict = v }), view.CardOptions{})
	if err := refusal(m); err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(render(t, m)), "○ everyone\n")
	before, _, _ := strings.Cut(after, "Next: ")
	return strings.Split(strings.TrimSpace(before), "\n")
}

func of(all ...rollout.Evidence) rollout.Verdict {
	return rollout.Verdict{Result: rollout.Combine(all), Evidence: all, At: noon}
}

func TestLineOfACheck(t *testing.T) {
	errors, memory := passing().Evidence[0], passing().Evidence[2]
	worse, slow := compared(rollout.Fail, rollout.WhyWorse).Evidence[0], compared(rollout.Fail, rollout.WhyWorse).Evidence[1]
	changed := func(e rollout.Evidence, change func(e *rollout.Evidence)) rollout.Evidence { change(&e); return e }
	for name, c := range map[string]struct {
		e    rollout.Evidence
		want string
	}{
		"it passes":      {errors, "✅ errors 0.1 % · stable 0.1 % · limit 1 %"},
		"without stable": {memory, "✅ memory 180 MiB · limit 512 MiB"},
		"slow requests":  {slow, "✅ latency slower than 500 ms: 0.4 % · stable 0.3 % · limit 1 %"},
		"it fails":       {broken(), "❌ errors 5.1 % · stable 0.1 % · limit 1 %"},
		"worse":          {worse, "❌ errors 2.1 % · stable 0.1 % · limit 1 % · at least 10 times stable"},
		"the other way":  {ownChecks().Evidence[0], "✅ success 99.97 % · stable 99.98 % · must be above 99 %"},
		"it informs":     {ownChecks().Evidence[3], "❌ heap 3 GiB · stable 1 GiB · limit 2 GiB · for information only"},
		"no data":        {unknown(rollout.WhyNoData).Evidence[0], "❓ errors: no data"},
		"too little":     {unknown(rollout.WhyTooFewRequests).Evidence[0], "❓ errors: too few requests yet, 12 of the 50 needed"},
		"a number, and too little": {changed(errors, func(e *rollout.Evidence) {
			e.Result, e.Why, e.Requests, e.MinRequests = rollout.Unknown, rollout.WhyTooFewRequests, ptr(1200), 2500
		}), "❓ errors 0.1 % · stable 0.1 % · limit 1 % · too few requests yet, 1,200 of the 2,500 needed"},
		"no number, no reason": {rollout.Evidence{Check: "own", Result: rollout.Pass}, "✅ own: no number"},
		"just at the limit": {changed(broken(), func(e *rollout.Evidence) { e.Canary = ptr(0.010_004) }),
			"❌ errors 1.0004 % · stable 0.1 % · limit 1 %"},
		"not the check but the traffic": {changed(worse, func(e *rollout.Evidence) { e.Why = rollout.WhyNoShare }),
			"❌ traffic: the canary gets less than half of its share of the traffic"},
		"lower than stable": {business(rollout.Fail, rollout.WhyWorse).Evidence[0],
			"❌ orders per request 2.1 % · stable 4.3 % · less than 0.8 times stable"},
		"compared, and not clear yet": {business(rollout.Unknown, rollout.WhyUndecided).Evidence[0],
			"❓ orders per request 2.1 % · stable 4.3 % · at least 0.8 times stable · not clear yet"},
		"compared, with a limit": {business(rollout.Pass, rollout.WhyNone).Evidence[1],
			"✅ queue age 12 s · stable 11 s · no more than 5 s above stable · limit 60 s"},
		"compared by a difference": {business(rollout.Pass, rollout.WhyNone).Evidence[2],
			"✅ cache hit rate 91 % · stable 92 % · no more than 5 percentage points below stable"},
		"stable itself, of a check that is compared": {changed(business(rollout.Pass, rollout.WhyNone).Evidence[2], func(e *rollout.Evidence) {
			e.Stable, e.Margin, e.Compared = nil, nil, nil
		}), "✅ cache hit rate 91 %"},
		"compared, beyond the limit": {changed(business(rollout.Fail, rollout.WhyLimit).Evidence[1], func(e *rollout.Evidence) {
			e.Result, e.Why, e.Canary, e.Stable = rollout.Fail, rollout.WhyLimit, ptr(75), ptr(74)
		}), "❌ queue age 75 s · stable 74 s · no more than 5 s above stable · limit 60 s"},
		"on one endpoint":            {inPart("/checkout").Evidence[0], "❌ errors on `handler=/checkout` 30 % · stable 0.1 % · limit 1 % · worse than stable"},
		"on those that are the rest": {inPart("").Evidence[0], "❌ errors on every other `handler` 30 % · stable 0.1 % · limit 1 % · worse than stable"},
		"requests hang":              {besides(rollout.Fail)[0], "❌ requests under way 45, stable 6 · 30.7 % of those that begin do not end"},
		"containers restart":         {besides(rollout.Unknown)[1], "❓ container restarts 4, stable 0 · more often than stable's"},
		"requests are refused":       {besides(rollout.Unknown)[2], "❓ client errors 12 %, stable 3 % · more often than by stable"},
		"marks in the name": {changed(errors, func(e *rollout.Evidence) { e.Check = "*a* <b>" }),
			"✅ ∗a∗ <b> 0.1 % · stable 0.1 % · limit 1 %"},
	} {
		if diff := cmp.Diff([]string{c.want}, checkLines(t, of(c.e))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestChecksThatDoNotPassComeFirst(t *testing.T) {
	fine, missing, bad := passing().Evidence[0], unknown(rollout.WhyNoData).Evidence[0], broken()
	inform := bad
	inform.DryRun = true
	got := checkLines(t, of(fine, missing, inform, fine, bad, missing))
	want := []string{
		"❌ errors 5.1 % · stable 0.1 % · limit 1 %", "❌ errors 5.1 % · stable 0.1 % · limit 1 % · for information only",
		"❓ errors: no data", "❓ errors: no data",
		"✅ errors 0.1 % · stable 0.1 % · limit 1 %", "✅ errors 0.1 % · stable 0.1 % · limit 1 %",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestManyChecks(t *testing.T) {
	named := func(e rollout.Evidence, name string, n int) []rollout.Evidence {
		all := slices.Repeat([]rollout.Evidence{e}, n)
		for i := range all {
			all[i].Check = fmt.Sprintf("%s%d", name, i)
		}
		return all
	}
	fine, missing, bad := passing().Evidence[0], unknown(rollout.WhyNoData).Evidence[0], broken()
	for name, c := range map[string]struct {
		v    rollout.Verdict
		want []string
	}{
		"twenty that pass": {of(named(fine, "a", 20)...), []string{
			"✅ a0 0.1 % · a1 0.1 % · a2 0.1 % · a3 0.1 % · a4 0.1 % · a5 0.1 % · a6 0.1 % · a7 0.1 % · a8 0.1 % · a9 0.1 %",
			"✅ a10 0.1 % · a11 0.1 % · a12 0.1 % · a13 0.1 % · a14 0.1 % · a15 0.1 % · a16 0.1 % · a17 0.1 % · a18 0.1 % · a19 0.1 %",
		}},
		"one of seven fails": {of(slices.Concat(named(fine, "a", 6), named(bad, "b", 1))...),
			[]string{"❌ b0 5.1 % · stable 0.1 % · limit 1 %", "✅ a0 0.1 % · a1 0.1 % · a2 0.1 % · a3 0.1 % · a4 0.1 % · a5 0.1 %"}},
		"what says the same shares a line": {of(slices.Concat(named(fine, "a", 5), named(missing, "b", 3))...),
			[]string{"❓ b0, b1, b2: no data", "✅ a0 0.1 % · a1 0.1 % · a2 0.1 % · a3 0.1 % · a4 0.1 %"}},
		"all say the same": {of(named(missing, "a", 20)...), []string{"❓ all 20 checks: no data"}},
		"one passes":       {of(slices.Concat(named(fine, "a", 1), named(missing, "b", 6))...), []string{"❓ b0, b1, b2, b3, b4, b5: no data", "✅ a0 0.1 %"}},
		"six are not many": {of(named(missing, "a", 6)...), []string{
			"❓ a0: no data", "❓ a1: no data", "❓ a2: no data", "❓ a3: no data", "❓ a4: no data", "❓ a5: no data",
		}},
	} {
		if diff := cmp.Diff(c.want, checkLines(t, c.v)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestEveryFailingCheckIsShown has as many failing checks with as long names as anybody has, each with other numbers.
func TestEveryFailingCheckIsShown(t *testing.T) {
	var all []rollout.Evidence
	for i := range 25 {
		e := broken()
		e.Check, e.Canary = strings.Repeat("orders of a region ", 2)+fmt.Sprint(i), ptr(0.05+float64(i)/100)
		all = append(all, e)
	}
	if got := checkLines(t, of(all...)); len(got) != len(all) {
		t.Errorf("%d failing checks have %d lines", len(all), len(got))
	}
	for i := range 75 { // too many for a line each, and still all there
		e := broken()
		e.Check, e.Canary = strings.Repeat("goods of a shop ", 2)+fmt.Sprint(i), ptr(0.3+float64(i)/1000)
		all = append(all, e)
	}
	got := strings.Join(checkLines(t, of(all...)), "\n")
	for _, e := range all {
		if !strings.Contains(got+" ", e.Check+" ") {
			t.Errorf("of %d failing checks %q is not there:\n%s", len(all), e.Check, got)
		}
	}
	same := []rollout.Evidence{passing().Evidence[0]}
	for i := range 60 { // they say the same, and each is named
		e := unknown(rollout.WhyNoData).Evidence[0]
		e.Check = strings.Repeat("x", 36) + fmt.Sprint(100+i)
		same = append(same, e)
	}
	named := strings.Join(checkLines(t, of(same...)), "\n")
	for _, e := range same[1:] {
		if !strings.Contains(named, e.Check) {
			t.Errorf("of 60 checks without data %q is not named:\n%s", e.Check, named)
		}
	}
	const hundreds = 300
	for i := range hundreds {
		e := broken()
		e.Check, e.Canary, e.Why = strings.Repeat("&", 100), ptr(float64(i)), rollout.WhyShared
		all = append(all, e)
	}
	lines := checkLines(t, of(all...))
	if last := lines[len(lines)-1]; !regexp.MustCompile(`^… and \d+ more checks\.$`).MatchString(last) {
		t.Errorf("the last line of %d is %q", len(all), last)
	}
}

// TestEveryReasonIsInWords holds every reason that a check may have to words, on the card and within a sentence.
func TestEveryReasonIsInWords(t *testing.T) {
	for _, why := range []rollout.Why{
		rollout.WhyCeiling, rollout.WhySilent, rollout.WhyFailingOnce, rollout.WhyNoData, rollout.WhyNotANumber, rollout.WhyInfinite,
		rollout.WhySeveralSeries, rollout.WhyWarnings, rollout.WhyStale, rollout.WhyQueryError, rollout.WhyUnreachable, rollout.WhyTimeout,
		rollout.WhyTooLarge, rollout.WhyWarmingUp, rollout.WhyTooFewRequests, rollout.WhyNotAsked, rollout.WhyWorse, rollout.WhyBeyond,
		rollout.WhyGrows, rollout.WhyUndecided, rollout.WhyShared, rollout.WhyNoTraffic, rollout.WhyNoShare, rollout.WhyOnePod,
		rollout.WhyPartial, rollout.WhySameSeries, rollout.WhyCoarse, rollout.WhyLittleShare, rollout.WhyProbes, rollout.WhyIncomplete,
		rollout.WhyNegative, rollout.WhyUnscaled,
	} {
		for _, e := range []rollout.Evidence{
			{Check: rollout.ErrorRate, Result: rollout.Unknown, Why: why, Unit: rollout.Ratio},
			compared(rollout.Unknown, why).Evidence[0],
		} {
			line := checkLines(t, of(e))[0]
			said := regexp.MustCompile(`^❓ [a-z]+(: [A-Za-z]| [\d.]+ % · stable [\d.]+ % · limit [\d.]+ % · [A-Za-z])`)
			if !said.MatchString(line) || strings.Contains(line, "_") {
				t.Errorf("%s reads %q", why, line)
			}
		}
	}
}

// TestNamesOfChecksStayHarmless puts hostile names into every line.
func TestNamesOfChecksStayHarmless(t *testing.T) {
	v := poison(many(), hostile, false)
	v.Since, v.At = noon, noon.Add(time.Minute)
	m := view.Card(with(func(r *rollout.Rollout) { r.Verdict = v }), view.CardOptions{})
	harmless(t, hostile, map[string]view.Message{"card": m})
}

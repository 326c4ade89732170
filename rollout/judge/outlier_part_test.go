package judge

import (
	"testing"

	"canarybot.io/rollout/judge/trial"
)

func TestOutlierUpdate(t *testing.T) {
	t.Parallel()
	fine, bad := tally{Requests: 100, Errors: 0}, tally{Requests: 100, Errors: 50}
	for name, tt := range map[string]struct {
		before   outlier
		standing standing
		pods     []podTally
		want     string
		replaced bool
	}{
		"one of two is bad":          {outlier{}, standing{Rejected: true, Worst: trial.Errors}, []podTally{{"a", fine}, {"b", bad}}, "b", false},
		"both are bad":               {outlier{}, standing{Rejected: true, Worst: trial.Errors}, []podTally{{"a", bad}, {"b", bad}}, "", false},
		"there is only one":          {outlier{}, standing{Rejected: true, Worst: trial.Errors}, []podTally{{"b", bad}}, "", false},
		"the evidence is too little": {outlier{}, standing{Worst: trial.Errors}, []podTally{{"a", fine}, {"b", bad}}, "", false},
		"it is about memory":         {outlier{}, standing{Rejected: true, Worst: trial.Memory}, []podTally{{"a", fine}, {"b", bad}}, "", false},
		"the suspect was replaced":   {outlier{Suspect: "gone"}, standing{Rejected: true, Worst: trial.Errors}, []podTally{{"a", fine}, {"b", fine}}, "", true},
		"one was replaced before":    {outlier{Replaced: true}, standing{Rejected: true, Worst: trial.Errors}, []podTally{{"a", fine}, {"b", bad}}, "", false},
	} {
		w := testWindow(2, requests(counter("a", 0, 0, 1), counter("b", 0, 0, 1)), requests(counter("s", 0, 0, 1)))
		w.options = trial.Defaults(40)
		o := tt.before
		replaced := o.update(&scrape{window: w, span: span{after(0), after(1)}, pods: tt.pods}, tt.standing, tally{Requests: 1000, Errors: 1})
		if replaced != tt.replaced || o.Suspect != tt.want {
			t.Errorf("%s: suspect %q, replaced %t; want %q, %t", name, o.Suspect, replaced, tt.want, tt.replaced)
		}
		if pod, tolerated := o.held(); pod != tt.want || tolerated != (tt.want != "") {
			t.Errorf("%s: held for %q: %t", name, pod, tolerated)
		}
	}
}

// A person who answered for the only pod also does while others have hardly begun to serve.
func TestOutlierSingle(t *testing.T) {
	t.Parallel()
	old, fresh := tally{Requests: 500}, tally{Requests: minOtherRequests - 1}
	for name, tt := range map[string]struct {
		pods map[string]tally
		want bool
	}{
		"no pod":                {nil, true},
		"one":                   {map[string]tally{"a": old}, true},
		"another only started":  {map[string]tally{"a": old, "b": fresh}, true},
		"both serve for a time": {map[string]tally{"a": old, "b": old}, false},
	} {
		o := outlier{Recent: tt.pods}
		if got := o.single(); got != tt.want {
			t.Errorf("%s: %t, want %t", name, got, tt.want)
		}
	}
}

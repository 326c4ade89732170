package bolt_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// TestOldSentencesAreShownAsTheyWere reads what earlier releases stored as sentences and this one stores as data: people
// see the same text.
func TestOldSentencesAreShownAsTheyWere(t *testing.T) {
	t.Parallel()
	const (
		trouble = "The API server cannot be reached."
		first   = "the annotation canarybot.io/applied on what checkout-7 wrote"
		second  = "deployment/checkout-canary in shop"
	)
	old := []byte(`{"id": "checkout-7", "trouble": "` + trouble + `", "ending": {"outcome": "abandoned", "left": ["` + first + `", "` + second + `"]}}`)
	var r rollout.Rollout
	if err := json.Unmarshal(old, &r); err != nil {
		t.Fatal(err)
	}
	if got := view.Problem(r.Trouble); got != trouble {
		t.Errorf("got trouble %q, want %q", got, trouble)
	}
	if got := view.Problems(r.Ending.Left); !reflect.DeepEqual(got, []string{first, second}) {
		t.Errorf("got %q, want %q and %q", got, first, second)
	}
	now := []rollout.Problem{
		{Code: rollout.ProblemStampLeft, Rollout: "checkout-7"},
		{Code: rollout.ProblemObjectLeft, Object: rollout.ObjectRef{Kind: "Deployment", Namespace: "shop", Name: "checkout-canary"}},
	}
	if got := view.Problems(now); !reflect.DeepEqual(got, []string{first, second}) {
		t.Errorf("today's data says %q, want %q and %q", got, first, second)
	}
}

// TestProblemsComeBackAsTheyWereStored writes problems and reads them again.
func TestProblemsComeBackAsTheyWereStored(t *testing.T) {
	t.Parallel()
	for _, p := range []rollout.Problem{
		{}, rollout.Text("some words"),
		{Code: rollout.ProblemObjectLeft, Phase: rollout.Baking, Object: rollout.ObjectRef{Kind: "Service", Name: "checkout"}, Names: []string{"a"}, Count: 3},
	} {
		stored, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var got rollout.Problem
		if err := json.Unmarshal(stored, &got); err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("%s: got %+v (%v), want %+v", stored, got, err, p)
		}
	}
}

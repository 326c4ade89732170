package view_test

import (
	"strings"
	"testing"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

func TestParseValue(t *testing.T) {
	for text, want := range map[string]view.Value{
		"production/checkout-42/4/promote": {Environment: "production", Rollout: "checkout-42", Turn: 4, Action: rollout.Promote},
		"eu/west/a-b-1/0/set_ours":         {Environment: "eu/west", Rollout: "a-b-1", Action: rollout.Override},
		"production/checkout-42/4/back":    {Environment: "production", Rollout: "checkout-42", Turn: 4, Action: view.GoBack},
	} {
		got, err := view.ParseValue(text)
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
		if got.Encode() != text {
			t.Errorf("%s encodes as %s", text, got.Encode())
		}
	}
}

func TestParseValueRefusesWhatNoButtonCarries(t *testing.T) {
	for _, text := range []string{
		"", "/", "///", "production/checkout/4/promote", "production/checkout-42/-1/promote", "production/checkout-42/04/promote",
		"production/checkout-42/+4/promote", "production/checkout-42/4/deploy", "production/checkout-42/4/", "checkout-42/4/promote",
		"production/checkout-042/4/promote", "production/checkout-42/99999999999999999999/promote", strings.Repeat("x", 3000) + "/checkout-42/4/pause",
	} {
		_, err := view.ParseValue(text)
		if rollout.CodeOf(err) != rollout.Invalid || view.Sentence(err) == "" {
			t.Errorf("%.60q: got %v", text, err)
		}
	}
}

func FuzzParseValue(f *testing.F) {
	f.Add("production/checkout-42/4/promote")
	f.Add("///")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := view.ParseValue(text)
		if err != nil {
			if v != (view.Value{}) {
				t.Fatalf("%q is wrong and still says %+v", text, v)
			}
			return
		}
		if v.Encode() != text {
			t.Fatalf("%q encodes as %q", text, v.Encode())
		}
	})
}

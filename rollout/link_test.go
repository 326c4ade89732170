package rollout_test

import (
	"testing"
	"time"

	"canarybot.io/rollout"
)

func TestLinksLeadToTheRollout(t *testing.T) {
	asked := time.Date(2026, 11, 23, 14, 2, 0, 0, time.UTC)
	live := rollout.Rollout{
		ID: "checkout-42", Service: "checkout", Image: "registry.example.com/shop/checkout:v1.2.4", Request: rollout.Request{At: asked},
		Spec:     rollout.Spec{Environment: "eu 1/&?#{to}", Objects: rollout.Objects{Namespace: "shop", Stable: "checkout", Canary: "checkout-canary"}},
		Original: rollout.Original{Stable: rollout.OriginalWorkload{Image: "registry.example.com/shop/checkout:v1.2.3"}},
	}
	ended := live
	ended.Phase, ended.Ending = rollout.Ended, rollout.Ending{Outcome: rollout.Succeeded, At: asked.Add(time.Minute)}
	untagged := live
	untagged.Image = "registry.example.com/shop/checkout@sha256:0c0d"
	for name, test := range map[string]struct {
		template string
		r        rollout.Rollout
		want     string
	}{
		"nothing changes in it":               {"https://wiki.example.com/canary", live, "https://wiki.example.com/canary"},
		"names of objects":                    {"https://g.example/{namespace}/{stable}/{canary}/{service}/{rollout}", live, "https://g.example/shop/checkout/checkout-canary/checkout/checkout-42"},
		"what is compared":                    {"https://git.example/compare/{from}...{to}", live, "https://git.example/compare/v1.2.3...v1.2.4"},
		"a live rollout's times":              {"https://g.example/?from={since}&to={until}", live, "https://g.example/?from=1795442520000&to=now"},
		"an ended rollout's times":            {"https://g.example/?from={since}&to={until}", ended, "https://g.example/?from=1795442520000&to=1795442580000"},
		"a value cannot leave its place":      {"https://g.example/?env={environment}&x=1", live, "https://g.example/?env=eu%201%2F%26%3F%23%7Bto%7D&x=1"},
		"no tag to compare":                   {"https://git.example/compare/{from}...{to}", untagged, ""},
		"nothing is known of what ran before": {"https://git.example/compare/{from}...{to}", rollout.Rollout{Image: live.Image}, ""},
		"nobody knows when it began":          {"https://g.example/?from={since}", rollout.Rollout{}, ""},
	} {
		got, ok := rollout.Link{Template: test.template}.Address(test.r)
		if got != test.want || ok != (test.want != "") {
			t.Errorf("%s: got %q, %v, want %q", name, got, ok, test.want)
		}
	}
}

package view_test

import (
	"strings"
	"testing"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// apiProblems has each problem of the packages api and who, as it is found.
func apiProblems() []rollout.Problem {
	const before, after = "registry.example.com/shop/checkout:v1.2.3", "canarybot"
	all := []rollout.Problem{
		{Code: "busy", Service: "checkout", Rollout: "checkout-42"},
		{Code: "same_version", Service: "checkout", Value: before},
		{Code: "rolled_back_before", Rollout: "checkout-42", Value: before},
		{Code: "pipeline_may_not", Key: "ci", Service: "checkout", Value: "promote"},
		{Code: "pipeline_may_not_auto", Key: "ci", Service: "checkout"},
		{Code: "pipeline_not_for", Key: "ci", Service: "payments"},
		{Code: "key_reused", Rollout: "checkout-42"},
		{Code: "key_form", Limit: 200},
		{Code: "body", Words: "has something behind the object"},
		{Code: "fields", Count: 2, Words: "version is missing"},
		{Code: "body_too_large", Limit: 64},
		{Code: "content_type", Value: "text/plain"},
		{Code: "parameter", Key: "wait", Value: "2h", Want: "a duration up to 55s"},
		{Code: "no_such_path"},
		{Code: "no_such_method", Value: "DELETE", Names: []string{"GET", "POST"}},
		{Code: "requests_limited", Key: "ci", Limit: 100},
		{Code: "tokens_limited"},
	}
	return append(all,
		rollout.Problem{Code: "token_missing"},
		rollout.Problem{Code: "token_unknown"},
		rollout.Problem{Code: "token_malformed"},
		rollout.Problem{Code: "token_issuer", Value: "https://gitlab.com"},
		rollout.Problem{Code: "token_algorithm", Value: "none"},
		rollout.Problem{Code: "token_signature", Want: "https://gitlab.com"},
		rollout.Problem{Code: "token_audience", Value: "sts.amazonaws.com", Want: after},
		rollout.Problem{Code: "token_expired"},
		rollout.Problem{Code: "token_early"},
		rollout.Problem{Code: "token_claims", Key: "ref", Value: "refs/heads/dev"},
		rollout.Problem{Code: "token_refused"},
		rollout.Problem{Code: "token_unchecked", Words: "https://gitlab.com does not answer"},
	)
}

// Whoever prints a check beside its result has a sign for it already.
func TestTellHasNoSigns(t *testing.T) {
	r := baking()
	r.Verdict = failing()
	for _, says := range view.Tell(r).Checks {
		if strings.ContainsAny(says, "✅❌❓") {
			t.Errorf("%q has a sign", says)
		}
	}
}

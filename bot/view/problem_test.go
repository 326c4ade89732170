package view_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// declared reads the codes that a file declares, so that none is forgotten here.
func declared(t *testing.T, path string) (codes []rollout.ProblemCode) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !isCode(spec.Type) {
			return true
		}
		if value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value); err != nil {
			t.Fatal(err)
		} else if value != "" {
			codes = append(codes, rollout.ProblemCode(value))
		}
		return true
	})
	return codes
}

// isCode reports whether the type is rollout.ProblemCode, in whichever package.
func isCode(kind ast.Expr) bool {
	switch kind := kind.(type) {
	case *ast.Ident:
		return kind.Name == "ProblemCode"
	case *ast.SelectorExpr:
		return kind.Sel.Name == "ProblemCode"
	}
	return false
}

// everywhere reads the codes that the whole program declares.
func everywhere(t *testing.T) (codes []rollout.ProblemCode) {
	t.Helper()
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "e2e" || path != "../.." && strings.HasPrefix(d.Name(), ".")):
			return filepath.SkipDir
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			codes = append(codes, declared(t, path)...)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return codes
}

// Each problem that is not the cluster's in its sentence.
func TestSentences(t *testing.T) {
	var text strings.Builder
	for _, p := range slices.Concat(problems(), gitProblems(), apiProblems(), ownerProblems(), calendarProblems()) {
		fmt.Fprintf(&text, "%s\n    %s\n", p.Code, view.Problem(p))
	}
	golden(t, "problems.golden", []byte(text.String()))
}

// Each code that any package declares has a sentence and a sample whose fields fill it, and no sentence is left over.
func TestSentencesAreFilled(t *testing.T) {
	codes, all := everywhere(t), view.Sentences()
	own := slices.Concat(problems(), gitProblems(), apiProblems(), ownerProblems(), calendarProblems())
	samples := append(slices.Clone(own), clusterProblems()...)
	for _, code := range codes {
		if all[code] == "" {
			t.Errorf("%s has no sentence", code)
		}
		if !slices.ContainsFunc(samples, func(p rollout.Problem) bool { return p.Code == code }) {
			t.Errorf("%s has no sample", code)
		}
	}
	for code := range all {
		if !slices.Contains(codes, code) {
			t.Errorf("nothing declares %s", code)
		}
	}
	for _, p := range own {
		for _, name := range regexp.MustCompile(`\{[a-z]+\}`).FindAllString(all[p.Code], -1) {
			if got := view.Fill(p, name); got == name || got == "" && !slices.Contains([]string{"{until}", "{opens}", "{why}"}, name) {
				t.Errorf("%s: %s is filled with %q by %+v", p.Code, name, got, p)
			}
		}
	}
}

// problems has each problem that is not the cluster's, as it is found.
func problems() []rollout.Problem {
	ref := rollout.ObjectRef{Kind: "Deployment", Namespace: "shop", Name: "checkout"}
	of := func(code rollout.ProblemCode, phase rollout.Phase) rollout.Problem {
		return rollout.Problem{Code: code, Rollout: "checkout-42", Service: "checkout", Phase: phase}
	}
	check := func(code rollout.ProblemCode) rollout.Problem {
		return rollout.Problem{Code: code, Rollout: "checkout-42", Key: "errors", Value: "no_data", Count: 12, Limit: 50}
	}
	store := func(code rollout.ProblemCode) rollout.Problem {
		return rollout.Problem{Code: code, Key: "/data/canarybot.db", Count: 2, Limit: 1, Value: "nfs", Words: "it is empty"}
	}
	audit := func(code rollout.ProblemCode) rollout.Problem {
		return rollout.Problem{Code: code, Key: "/data/canarybot.db", Count: 1204, Limit: 1203}
	}
	secret := func(code rollout.ProblemCode) rollout.Problem {
		return rollout.Problem{Code: code, Key: "SLACK_BOT_TOKEN"}
	}
	image := func(code rollout.ProblemCode) rollout.Problem {
		return rollout.Problem{
			Code: code, Service: "checkout", Key: "registry.example.com", Value: "registry.example.com/shop/checkout:v1.2.4", Count: 2, Words: "connection refused",
		}
	}
	const before, after = "registry.example.com/shop/checkout:v1.2.3", "registry.example.com/shop/checkout:v1.2.4"
	return []rollout.Problem{
		{Code: rollout.ProblemText, Words: "what an earlier Canarybot stored."},
		{Code: rollout.ProblemInternal},
		{Code: rollout.ProblemStampLeft, Rollout: "checkout-42"},
		{Code: rollout.ProblemObjectLeft, Object: ref},
		{Code: rollout.ProblemWeightLeft, Object: rollout.ObjectRef{Kind: "HTTPRoute", Namespace: "shop", Name: "checkout"}},
		{Code: rollout.ProblemImageLeft, Object: ref},
		{Code: rollout.ProblemCommitLeft, Value: "https://github.com/acme/deploy/pull/7"},
		{Code: rollout.ProblemMinLeft, Object: rollout.ObjectRef{Kind: "HorizontalPodAutoscaler", Namespace: "shop", Name: "checkout"}, Count: 20},
		{Code: rollout.ProblemNotAcknowledged},
		{Code: rollout.ProblemStableShort, Count: 2, Limit: 20, Index: 85},
		{Code: rollout.ProblemStableStrained, Count: 2, Limit: 20},
		{Code: rollout.ProblemStableUnready, Object: ref},
		{Code: rollout.ProblemSettling, Object: rollout.ObjectRef{Kind: "HTTPRoute", Namespace: "shop", Name: "checkout"}, Span: rollout.Settling},
		{Code: rollout.ProblemNotAMember},
		{Code: rollout.ProblemNotAllowed, Key: "U024BE7LH", Value: "promote"},
		{Code: rollout.ProblemForeignImage, Value: "example.com/other:v1", Want: "registry.example.com/shop/checkout"},
		{Code: rollout.ProblemNotAVersion, Value: "v 1"},
		{Code: rollout.ProblemUnreleased, Service: "checkout", Value: before, Want: after},
		{Code: rollout.ProblemDecidedAlready},
		of(rollout.ProblemEnded, rollout.Ended), of(rollout.ProblemMovedOn, rollout.Baking), of(rollout.ProblemNotPaused, rollout.Baking),
		of(rollout.ProblemPausedAlready, rollout.Baking), of(rollout.ProblemCannotPause, rollout.Promoting),
		{Code: rollout.ProblemNotADecision, Value: "deploy"},
		of(rollout.ProblemPromotingAlready, rollout.Promoting),
		{Code: rollout.ProblemBaking, Rollout: "checkout-42", Count: 5, Span: 9*time.Minute + 30*time.Second},
		{Code: view.ProblemGroupsUnknown}, {Code: view.ProblemNoGroups},
		of(rollout.ProblemNothingBakes, rollout.Promoting),
		{Code: rollout.ProblemBakeForSeveral, Rollout: "checkout-42", Count: 2}, of(rollout.ProblemBakeTogether, rollout.Baking),
		of(rollout.ProblemNothingToReview, rollout.Baking), of(rollout.ProblemReviewedAlready, rollout.Ended), of(rollout.ProblemOwnEmergency, rollout.Ended),
		{Code: rollout.ProblemIncidentAhead, Until: noon}, {Code: rollout.ProblemIncidentBefore, Rollout: "checkout-42", Until: noon},
		{Code: "emergency_needs_reason", Service: "checkout"},
		of(rollout.ProblemOwnRollout, rollout.Awaiting), of(rollout.ProblemApprovedAlready, rollout.Awaiting), of(rollout.ProblemNotAPerson, rollout.Awaiting),
		{Code: rollout.ProblemWaitsForSiblings, Rollout: "checkout-42", Names: []string{"web-4", "cart-2"}},
		of(rollout.ProblemSiblingNotThere, rollout.Baking), of(rollout.ProblemSiblingLost, rollout.RollingBack),
		{Code: rollout.ProblemAutoNeedsApproval, Count: 2},
		of(rollout.ProblemNotAtAGate, rollout.Shifting), of(rollout.ProblemUnseen, rollout.Awaiting), of(rollout.ProblemResumeFirst, rollout.Awaiting),
		of(rollout.ProblemAnswerDriftFirst, rollout.Awaiting), of(rollout.ProblemAnswerStuckFirst, rollout.Awaiting),
		of(rollout.ProblemAnswerDoubtFirst, rollout.Awaiting), of(rollout.ProblemNoDoubt, rollout.Baking),
		check(rollout.ProblemNoVerdict), check(rollout.ProblemCheckFails), check(rollout.ProblemCheckUnknown),
		check(rollout.ProblemTooFewRequests),
		of(rollout.ProblemRollingBackAlready, rollout.RollingBack), of(rollout.ProblemOutcomeFixed, rollout.Cleaning),
		of(rollout.ProblemNoDrift, rollout.Baking), of(rollout.ProblemWrittenByOthers, rollout.Baking), {Code: rollout.ProblemDriftChanged, Rollout: "checkout-42", Value: "40"},
		of(rollout.ProblemNothingToRetry, rollout.Cleaning), of(rollout.ProblemNotStuck, rollout.Cleaning),
		of(rollout.ProblemReasonMissing, rollout.Cleaning),
		{Code: rollout.ProblemTagMoved, Service: "checkout", Key: "v1.2.4", Value: "sha256:ab12ab12ab12", Want: "sha256:cd34cd34cd34"},
		{Code: "metrics_timeout"}, {Code: "metrics_unavailable", Words: "connection refused"}, {Code: "stable_is_new"},
		{Code: "git_differs", Object: ref, Value: "v1.2.3", Want: "v1.2.2"},
		{Code: "no_such_service", Value: "chekout"},
		{Code: "no_such_plan", Service: "checkout", Value: "fats", Names: []string{"standard", "fast"}},
		{Code: "nothing_before", Service: "checkout"},
		{Code: "rolled_back_already", Service: "checkout", Rollout: "checkout-42", Value: after},
		{Code: "no_such_rollout", Value: "checkout-99"},
		of("changed_meanwhile", rollout.Baking), of("number_taken", rollout.Queued),
		store("store_not_a_file"), store("store_not_opened"), store("store_not_permitted"), store("store_newer"),
		store("store_foreign"), store("store_damaged"), store("store_unreadable"), store("store_no_directory"),
		store("store_bad_directory"), store("store_not_a_directory"), store("store_network"), store("store_not_made"),
		store("store_not_locked"), store("store_in_use"), {Code: "store_in_use_by", Key: "/data/canarybot.db", Value: "7"},
		{Code: "degraded", Words: "write store.db: no space left on device"}, {Code: "uncertain", Words: "no answer within 10 s"},
		{Code: "rollback_unsaved", Rollout: "checkout-42", Words: "write store.db: no space left on device"},
		store("store_not_closed"), store("store_closed"),
		{Code: "store_failed", Key: "/data/canarybot.db", Words: "input/output error"},
		{Code: "store_low", Key: "/data/canarybot.db", Value: "7.5 MiB", Want: "32.0 MiB"},
		store("store_full"), store("store_read_only"), store("store_hangs"), store("store_gone"), store("store_replaced"),
		store("store_missing"), store("backup_there"), store("backup_not_made"),
		audit("audit_edited"), audit("audit_put_in"), audit("audit_broken"), audit("audit_no_policy"), audit("audit_short"),
		audit("audit_cut"), audit("audit_no_export"), {Code: "audit_not_whole", Key: "the standard output"}, audit("audit_many"), audit("audit_busy"), audit("audit_not_stored"),
		{Code: "audit_missing", Key: "/data/canarybot.db", Words: "entries 1203 to 1210 are", Count: 1203},
		{Code: "audit_other", Key: "/data/canarybot.db", Count: 1204, Value: strings.Repeat("a", 64), Want: "9f2c41d07ab35e68"},
		{Code: "audit_not_a_hash", Value: "latest"},
		{Code: "record_unexpected", Key: "rollouts", Value: "checkout/0000000042"},
		{Code: "configuration_unreadable"},
		secret("secret_set_twice"), secret("secret_missing"), secret("secret_unreadable"), secret("secret_malformed"),
		{Code: "slack_address", Key: "SLACK_API_URL"}, {Code: "slack_clear_text", Key: "SLACK_API_URL", Value: "slack.example"},
		{Code: "insecure_word", Key: "SLACK_API_INSECURE", Value: "true"},

		{Code: "metrics_no_raw", Service: "checkout", Words: "range selectors are not supported"}, {Code: "metrics_resampled", Service: "checkout"},
		{Code: "metrics_reported_twice", Service: "checkout", Value: "cluster", Count: 2},
		{Code: "metrics_replicas", Service: "checkout", Value: "prometheus_replica", Count: 2},
		{Code: "metrics_many_groups", Service: "checkout", Value: "handler", Count: 10000, Limit: 20},
		{Code: "metrics_no_groups", Service: "checkout", Key: "errors", Value: "handler"},
		{Code: "metrics_pods_not_counted", Service: "checkout", Count: 5, Names: []string{"checkout-28473920-x2k4p", "checkout-agent-x2k4p", "checkout-db-0"}},
		{Code: "metrics_pods_doubtful", Service: "checkout", Count: 1, Names: []string{"checkout-db-x2k4p"}},
		{Code: "prometheus_settings", Words: "unsupported protocol scheme"},
		{Code: "kubernetes_client"}, {Code: "kubernetes_unreachable"},
		{Code: "bot_not_in_channel", Value: "#deploys", Want: "canarybot-staging"}, {Code: "channel_not_found", Value: "#deplyos"},
		{Code: "channel_archived", Value: "#old"}, {Code: "channel_shared", Value: "#partners"}, {Code: "channel_unknown", Value: "#deploys"},
		{Code: "slack_may_not_post", Value: "#deploys", Want: "restricted_action"},
		{Code: "slack_refuses_bot", Value: "#deploys", Want: "token_revoked"}, {Code: "slack_refuses_message", Value: "#deploys", Want: "invalid_arguments"},
		{Code: "malformed_button"},
		image("registry_unauthorised"), image("registry_rate_limited"), image("registry_unreachable"), image("registry_tag_unknown"),
		image("registry_no_such_version"), image("image_unsigned"), image("signed_otherwise"), image("signature_hidden"), image("signature_unread"),
		{Code: "signature_key", Service: "checkout", Key: "/etc/cosign.pub", Words: "open /etc/cosign.pub: no such file or directory"},
		{Code: "signature_refused", Service: "checkout", Key: "cosign", Value: after, Words: "error: no signatures found"},
		{Code: "signature_command", Service: "checkout", Key: "cosign", Value: after, Words: "executable file not found in $PATH"},
		{Code: "signature_too_late", Service: "checkout", Key: "cosign", Value: after, Span: 10 * time.Second},
	}
}

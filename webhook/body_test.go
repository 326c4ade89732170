package webhook_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/webhook"
)

var update = flag.Bool("update", false, "write the golden file anew")

// A body keeps its keys: receivers read them. The documentation quotes it.
func TestBody(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 14, 13, 0, 0, time.UTC)
	r := rollout.Rollout{
		ID: "checkout-42", Service: "checkout", Store: "5f1c", Image: "registry.example.com/shop/checkout:v1.2.4",
		Request: rollout.Request{Version: "v1.2.4"},
		Spec:    rollout.Spec{Environment: "production", Plan: rollout.Plan{Name: "standard", Steps: []rollout.Step{{Weight: 5}, {Weight: 50}}}},
	}
	r.Original.Stable.Image = "registry.example.com/shop/checkout:v1.2.3"
	e := rollout.Entry{
		Rollout: r.ID, Seq: 9, At: at, Kind: rollout.EntryDecided, Step: 1,
		Data: rollout.Data{Action: rollout.Rollback, From: rollout.Baking, To: rollout.RollingBack},
	}
	kind, _ := webhook.KindOf(e)
	got, err := json.MarshalIndent(webhook.BodyOf(webhook.Event{
		ID: webhook.EventID(r, e.Seq, "ci"), Kind: kind, Environment: "production", Rollout: r, Entry: e,
		Text: `checkout v1.2.4 (production): rollback by U0G9QF9C6: "customers complain". Everyone returns to v1.2.3.`,
		Link: "https://example.slack.com/archives/C024BE91L/p1763907180000100", By: rollout.Actor{Kind: rollout.Person, ID: "U0G9QF9C6"},
	}), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	const file = "testdata/body.json"
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(read(t, file)), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
	if !bytes.Contains(got, []byte(`"rollout.decided"`)) {
		t.Errorf("a decision to roll back is %s", got)
	}
}

// Every kind of entry is of a kind that is told, or is left out on purpose; every kind that is told comes of one.
func TestKinds(t *testing.T) {
	t.Parallel()
	silent := map[rollout.EntryKind]bool{
		rollout.EntryVerdict: true, rollout.EntryReminded: true, rollout.EntryOverwrote: true, rollout.EntryAway: true,
		rollout.EntryUnseen: true, rollout.EntryFrozen: true, rollout.EntryPhase: true, // by itself
	}
	came := map[webhook.Kind]bool{}
	for _, kind := range []rollout.EntryKind{
		rollout.EntryRequested, rollout.EntryStarted, rollout.EntryPhase, rollout.EntryDecided, rollout.EntryStep, rollout.EntryVerdict,
		rollout.EntryAsked, rollout.EntryReminded, rollout.EntryDrift, rollout.EntrySettled, rollout.EntryOverwrote, rollout.EntryStuck,
		rollout.EntryAway, rollout.EntryUnseen, rollout.EntryFrozen, rollout.EntryGit, rollout.EntryEnded,
	} {
		e := rollout.Entry{Kind: kind}
		if kind == rollout.EntryEnded {
			e.Data.Ending = &rollout.Ending{}
		}
		k, ok := webhook.KindOf(e)
		if ok == silent[kind] {
			t.Errorf("%s is told: %v", kind, ok)
		}
		came[k] = true
	}
	for _, p := range rollout.Phases() {
		k, _ := webhook.KindOf(rollout.Entry{Kind: rollout.EntryPhase, Data: rollout.Data{To: p}})
		came[k] = true
	}
	for _, k := range webhook.Kinds() {
		if !came[k] {
			t.Errorf("nothing is %s", k)
		}
	}
}

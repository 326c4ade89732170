package e2e_test

import (
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"canarybot.io/e2e/cable"
	"canarybot.io/e2e/install"
	"canarybot.io/e2e/issuer"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
	"canarybot.io/rollout"
)

// fixed is a good version after a bad one.
const fixed = "v1.2.5"

// stageCI sets a scene in which the runs of acme/shop on the branch main may deploy and roll back.
func stageCI(t *testing.T, w *world.World, name string) (*scene, *issuer.Issuer) {
	t.Helper()
	app := shop.Checkout(name)
	w.Install(t, app)
	i := issuer.Start(t, issuer.RSA, time.Hour)
	return setOn(t, w, app, install.Options{Pipelines: []any{shopPipeline(i, app)}}), i
}

// shopPipeline is a pipeline as docs/ci.md has it.
func shopPipeline(i *issuer.Issuer, app shop.App) map[string]any {
	return map[string]any{
		"name": "ci", "issuer": i.URL, "ca_file": i.CAFile, "audience": issuer.Audience,
		"claims":   map[string]any{"repository": "acme/shop", "ref": "refs/heads/main"},
		"services": []any{app.Name}, "may": []any{"deploy", "rollback"}, "links": []any{"https://github.com/acme/shop/actions/runs/"},
	}
}

// promote has a person promote a card's rollout to everyone.
func promote(card install.Card, version string) {
	card.Shows(time.Minute, "Waiting for a person", "5 % of traffic")
	card.Press(install.OnCall, "Promote to 50 %")
	card.Shows(time.Minute, "Waiting for a person", "50 % of traffic")
	card.Press(install.OnCall, "Promote to everyone")
	card.Shows(time.Minute, "Succeeded", "100 % on "+version)
}

// testPipelinePromoted has a pipeline start a rollout and wait while people decide in Slack. In between it may not promote by itself.
func testPipelinePromoted(t *testing.T, w *world.World) {
	s, i := stageCI(t, w, "ci-promoted")
	step := install.GitHub(t, i, nil)
	run := s.bot.Pipeline(step, "deploy", s.app.Name, next, "--wait", "--reason", "faster tax lookup")
	card := s.bot.CardOf(s.app.Name + "-1")
	card.Shows(time.Minute, "Waiting for a person", "5 % of traffic")
	card.ThreadShows(time.Minute, "repo:acme/shop", "pipeline ci", "faster tax lookup")
	if text, err := json.Marshal(card.Message().Blocks); err != nil || !strings.Contains(string(text), "https://github.com/acme/shop/actions/runs/9007199254740993") {
		t.Errorf("the card has no link to the run (%v): %s", err, text)
	}

	own := s.bot.Pipeline(step, "promote", s.app.Name)
	own.Ends(20*time.Second, 2)
	promote(card, next)
	at := time.Now()
	run.Ends(5*time.Second, 0)
	t.Logf("the pipeline ended %s after the card said so", time.Since(at).Round(10*time.Millisecond))
	step.Summarises(t, "checkout", "succeeded", "error", "acme")
	outputs := step.Outputs(t)
	if outputs["outcome"] != "succeeded" || outputs["rollout"] != card.Rollout || outputs["version"] != next || outputs["image"] != s.app.Image(next) {
		t.Errorf("the outputs are %v", outputs)
	}
	s.before.restored(t, w, s.app, next)
	s.noRepeats(card)
	s.unharmed()
	t.Logf("the pipeline said:\n%s%s", run.Said(), run.Log())
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}

// testPipelineBad has a pipeline deploy a version that errs: it ends with 1, and the summary says why.
func testPipelineBad(t *testing.T, w *world.World) {
	s, i := stageCI(t, w, "ci-bad")
	step := install.GitHub(t, i, nil)
	run := s.bot.Pipeline(step, "deploy", s.app.Name, bad, "--wait")
	run.Ends(2*time.Minute, 1)
	step.Summarises(t, "rolled back", "errors", "fail")
	if outputs := step.Outputs(t); outputs["outcome"] != "rolled back" {
		t.Errorf("the outputs are %v", outputs)
	}
	run.Says(time.Second, "Rolled back", "errors")
	card := s.bot.CardOf(s.app.Name + "-1")
	card.Shows(time.Minute, "Rolled back", "errors")
	s.before.restored(t, w, s.app, current)
	s.noRepeats(card)
}

// testPipelineStopped cancels a pipeline, which takes its rollout back, and kills another, whose rollout goes on.
func testPipelineStopped(t *testing.T, w *world.World) {
	s, i := stageCI(t, w, "ci-stopped")
	step := install.GitHub(t, i, nil)
	cancelled := s.bot.Pipeline(step, "deploy", s.app.Name, next, "--wait", "--on-interrupt", "rollback", "--key", "first")
	card := s.bot.CardOf(s.app.Name + "-1")
	card.Shows(time.Minute, "baking", "5 % of traffic")
	asked := time.Now()
	cancelled.Process.Signal(os.Interrupt) // as GitHub does it
	off := s.weights.becomes(t, asked, 0)
	cancelled.Ends(7500*time.Millisecond, 3) // then GitHub asks less nicely
	t.Logf("cancelled, and weight 0 accepted %s later", off.Sub(asked).Round(10*time.Millisecond))
	card.Shows(time.Minute, "Rolled back")
	card.ThreadShows(time.Minute, "the pipeline was cancelled")
	s.before.restored(t, w, s.app, current)

	again := s.bot.Pipeline(step, "deploy", s.app.Name, next, "--wait", "--key", "again")
	again.Ends(20*time.Second, 2)
	again.Says(time.Second, "was rolled back before")

	killed := s.bot.Pipeline(step, "deploy", s.app.Name, fixed, "--wait", "--on-interrupt", "rollback", "--key", "second")
	card = s.bot.CardOf(s.app.Name + "-2")
	card.Shows(time.Minute, "baking", "5 % of traffic")
	killed.Process.Signal(syscall.SIGKILL)
	promote(card, fixed)
	s.before.restored(t, w, s.app, fixed)
	s.noRepeats(card)
	s.unharmed()
}

// testPipelineOutlived kills the bot under a waiting pipeline, which waits that out.
func testPipelineOutlived(t *testing.T, w *world.World) {
	s, i := stageCI(t, w, "ci-outlived")
	step := install.GitHub(t, i, nil)
	run := s.bot.Pipeline(step, "deploy", s.app.Name, next, "--wait")
	card := s.bot.CardOf(s.app.Name + "-1")
	card.Shows(time.Minute, "Waiting for a person", "5 % of traffic")
	s.bot.Kill()
	run.Says(30*time.Second, "No answer from Canarybot, trying again")
	s.bot.Run()
	promote(card, next)
	run.Ends(10*time.Second, 0)
	s.before.restored(t, w, s.app, next)
	s.noRepeats(card)
	s.unharmed()
	t.Logf("the pipeline said:\n%s%s", run.Said(), run.Log())
	s.recorded(card, rollout.Succeeded)
}

// testPipelineCutOff cuts the network between a waiting pipeline and the bot for half a minute, in which the rollout ends.
func testPipelineCutOff(t *testing.T, w *world.World) {
	s, i := stageCI(t, w, "ci-cut-off")
	line := cable.Lay(t, s.bot.API)
	step := install.GitHub(t, i, nil)
	step.Env = append(step.Env, "CANARYBOT_SERVER=http://"+line.Address)
	run := s.bot.Pipeline(step, "deploy", s.app.Name, next, "--wait")
	card := s.bot.CardOf(s.app.Name + "-1")
	card.Shows(time.Minute, "Waiting for a person", "5 % of traffic")
	line.Set(cable.Silent)
	s.unjudged(15 * time.Second)
	line.Set(cable.Refused)
	s.unjudged(15 * time.Second)
	line.Set(cable.Whole)
	promote(card, next)
	run.Ends(10*time.Second, 0)
	s.before.restored(t, w, s.app, next)
	s.noRepeats(card)
	s.unharmed()
	t.Logf("the pipeline said:\n%s%s", run.Said(), run.Log())
}

// testPipelinesRace has two pipelines start the same thing at once: with one key it is one rollout, and with two keys the second is
// refused, by the sentence that people get.
func testPipelinesRace(t *testing.T, w *world.World) {
	s, i := stageCI(t, w, "ci-race")
	step, other := install.GitHub(t, i, nil), install.GitHub(t, i, nil)
	first := s.bot.Pipeline(step, "deploy", s.app.Name, next, "--wait") // the key is the run's, which is the same
	second := s.bot.Pipeline(other, "deploy", s.app.Name, next, "--wait")
	card := s.bot.CardOf(s.app.Name + "-1")
	card.Shows(time.Minute, "baking", "5 % of traffic")
	third := s.bot.Pipeline(install.GitHub(t, i, nil), "deploy", s.app.Name, "v1.2.5", "--wait", "--key", "another")
	third.Ends(20*time.Second, 2)
	third.Says(time.Second, "is busy", next)
	promote(card, next)
	first.Ends(10*time.Second, 0)
	second.Ends(10*time.Second, 0)
	if step.Outputs(t)["rollout"] != card.Rollout || other.Outputs(t)["rollout"] != card.Rollout {
		t.Errorf("one key gave %v and %v", step.Outputs(t), other.Outputs(t))
	}
	if cards := s.bot.Cards(); len(cards) != 1 {
		t.Errorf("there are %d cards, want one", len(cards))
	}
	s.before.restored(t, w, s.app, next)
	s.noRepeats(card)
	s.unharmed()
}

package e2e_test

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/bot/slacksim"
	"canarybot.io/e2e/install"
	"canarybot.io/e2e/load"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// testRefused asks for a rollout where everything is wrong at once: a right is missing, stable's Service would reach
// the canary, and nobody measured anything. The refusal must list all of it, and fixing it must help.
func testRefused(t *testing.T, w *world.World) {
	app := shop.Checkout("refused")
	w.Install(t, app)
	selectTrack(t, w, app, nil)
	before := look(t, w, app)
	bot := install.Start(t, w, install.Options{Apps: []shop.App{app}, ReadOnly: true})
	wrong := []string{"may not create, delete deployments.apps", "canary_labels: Service checkout-stable", "checks.error_rate"}

	bot.Slash(install.Dev, "deploy checkout v1.2.4 --dry-run")
	bot.Answers(install.Dev, append(wrong, "Dry run", "Nothing was changed")...)
	card := bot.Deploy(app.Name, next)
	card.Shows(time.Minute, append(wrong, "Cancelled", "nothing was changed")...)
	card.ThreadShows(time.Minute, wrong...)
	before.restored(t, w, app, current)
	said, ok := bot.Validate()
	t.Logf("canarybot validate --live:\n%s", said)
	if ok {
		t.Error("validate --live found nothing wrong")
	}
	contains(t, said, wrong)

	scopeless := install.New(t, w, install.Options{Apps: []shop.App{app}, Slack: slacksim.Options{Scopes: []string{
		"commands", "app_mentions:read", "channels:read", "groups:read", "channels:history", "groups:history", "users:read",
	}}})
	selectTrack(t, w, app, "stable")
	w.Load(t, app, load.Plan{})
	measured(t, w, app)
	said, ok = scopeless.Validate()
	t.Logf("canarybot validate --live:\n%s", said)
	if ok {
		t.Error("validate --live did not miss a scope")
	}
	contains(t, said, []string{"lacks the scope chat:write", "checkout may start a rollout from v1.2.3", "error_rate is"})

	// The rights came with scopeless, which is the same release of the chart.
	said, ok = bot.Validate()
	if !ok {
		t.Errorf("validate --live, with everything mended:\n%s", said)
	}
	contains(t, said, []string{"Everything is ready"})
	card = bot.Deploy(app.Name, next)
	card.Shows(time.Minute, "baking", "5 % of traffic")
	card.Press(install.Dev, "Roll back")
	card.Shows(time.Minute, "Rolled back")
	t.Logf("what people saw:\n%s", bot.Slack.Transcript(install.Channel))
}

// selectTrack sets the label that keeps stable's Service from the canary; nil takes it out of the selector.
func selectTrack(t *testing.T, w *world.World, app shop.App, track any) {
	t.Helper()
	patch := `{"spec": {"selector": {"track": null}}}`
	if track != nil {
		patch = `{"spec": {"selector": {"track": "stable"}}}`
	}
	_, err := w.Cluster.Kube.CoreV1().Services(app.Namespace).Patch(t.Context(), app.Stable(),
		types.StrategicMergePatchType, []byte(patch), meta.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func contains(t *testing.T, text string, words []string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%q is not in:\n%s", word, text)
		}
	}
}

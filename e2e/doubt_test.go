package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/e2e/install"
	"canarybot.io/e2e/load"
	"canarybot.io/e2e/node"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// seenOn waits until Prometheus has seen so many errors on each of the Deployments in the last seconds.
func (s *scene) seenOn(errors int, deployments ...string) {
	s.t.Helper()
	for _, name := range deployments {
		query := fmt.Sprintf(`sum(increase(http_5xx_total{namespace=%q, pod=~"%s-.*"}[5s])) > %d`, s.app.Namespace, name, errors)
		world.Eventually(s.t, time.Minute, func() error {
			series, err := s.w.Prometheus.Query(s.t.Context(), query)
			if err == nil && len(series) == 0 {
				err = fmt.Errorf("not enough errors of %s yet", name)
			}
			return err
		})
	}
}

// testOnePod has one of the canary's three pods be slow, as on a bad node: it is held, the pod is replaced by hand, and
// the rollout goes on by itself.
func testOnePod(t *testing.T, w *world.World) {
	app := shop.Checkout("one-pod")
	app.Repository, app.Replicas = app.Repository+"-one-pod", 6
	s := stage(t, w, app, false, plan(6*time.Second, 50))
	card := s.bot.Deploy(s.app.Name, next)
	card.Shows(time.Minute, "Waiting for a person", "50 % of traffic", "all checks pass")
	pods, err := w.Cluster.Kube.CoreV1().Pods(app.Namespace).List(t.Context(), meta.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var canary []string
	for _, pod := range pods.Items {
		if strings.HasPrefix(pod.Name, app.Canary()+"-") {
			canary = append(canary, pod.Name)
		}
	}
	if len(canary) != 3 {
		t.Fatalf("the canary's pods are %v, want three", canary)
	}
	w.Images.Spoil(canary[0], node.Behaviour{Latency: 700 * time.Millisecond})
	card.Shows(time.Minute, "in one pod alone")
	if err := w.Cluster.Kube.CoreV1().Pods(app.Namespace).Delete(t.Context(), canary[0], meta.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	card.Shows(2*time.Minute, "Waiting for a person", "all checks pass")
	card.Press(install.OnCall, "Promote to everyone")
	card.Shows(time.Minute, "Succeeded", "100 % on "+next)
	s.before.restored(t, w, s.app, next)
	s.unharmed()
	s.noRepeats(card)
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}

// testHang has a canary that was fine stop to answer: requests that never end are in no counter, and all the same it is
// found.
func testHang(t *testing.T, w *world.World) {
	s := judged(t, w, "hang")
	card := s.bot.Deploy(s.app.Name, next)
	card.Shows(time.Minute, "Waiting for a person", "5 % of traffic", "all checks pass")
	hangs := time.Now()
	if err := w.Images.Behave(s.app.Image(next), node.Behaviour{Hangs: 0.4}); err != nil {
		t.Fatal(err)
	}
	off := s.weights.becomes(t, hangs, 0)
	t.Logf("two of five requests hang: weight 0 accepted after %s", off.Sub(hangs).Round(10*time.Millisecond))
	card.Shows(time.Minute, "Rolled back", "do not end", "100 % on "+current)
	s.before.restored(t, w, s.app, current)
	s.noRepeats(card)
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}

// testRestarts has a canary that was fine end each few seconds and start again, too quickly for its pod to be seen as
// failing.
func testRestarts(t *testing.T, w *world.World) {
	s := judged(t, w, "restarts")
	card := s.bot.Deploy(s.app.Name, next)
	card.Shows(time.Minute, "Waiting for a person", "5 % of traffic", "all checks pass")
	began := time.Now()
	if err := w.Images.Behave(s.app.Image(next), node.Behaviour{Fate: node.Restarts, Life: 4 * time.Second}); err != nil {
		t.Fatal(err)
	}
	off := s.weights.becomes(t, began, 0)
	t.Logf("a restart each 4 s: weight 0 accepted after %s", off.Sub(began).Round(10*time.Millisecond))
	card.Shows(time.Minute, "Rolled back", "restart", "100 % on "+current)
	s.before.restored(t, w, s.app, current)
	s.noRepeats(card)
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}

// testPassing deploys a version that is slow at first, and has it err for a moment where stable has hardly any traffic to
// compare it with: both pass, and nobody is rolled back for them.
func testPassing(t *testing.T, w *world.World) {
	s := judged(t, w, "passing", plan(6*time.Second, 5, 98), func(c map[string]any) {
		c["defaults"].(map[string]any)["judge"].(map[string]any)["young"] = "30s"
	})
	const cold = "v1.2.4-cold"
	card := s.bot.Deploy(s.app.Name, cold)
	card.Shows(time.Minute, "5 % of traffic", "❓", "slower than 500 ms")
	card.Shows(2*time.Minute, "Waiting for a person", "5 % of traffic", "all checks pass")
	card.Press(install.OnCall, "Promote to 98 %")
	card.Shows(2*time.Minute, "Waiting for a person", "98 % of traffic", "all checks pass")
	s.unharmed()

	s.traffic = w.Load(t, s.app, load.Plan{For: 5 * time.Minute})
	if err := w.Images.Behave(s.app.Image(cold), node.Behaviour{Errors: 0.3}); err != nil {
		t.Fatal(err)
	}
	s.seenOn(30, s.app.Canary())
	if err := w.Images.Behave(s.app.Image(cold), node.Behaviour{}); err != nil {
		t.Fatal(err)
	}
	card.Shows(time.Minute, "98 % of traffic", "❓ errors")
	card.Shows(2*time.Minute, "Waiting for a person", "98 % of traffic", "all checks pass")
	card.Press(install.OnCall, "Promote to everyone")
	card.Shows(time.Minute, "Succeeded", "100 % on "+cold)
	s.before.restored(t, w, s.app, cold)
	s.noRepeats(card)
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}

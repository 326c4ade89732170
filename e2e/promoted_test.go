package e2e_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/e2e/install"
	"canarybot.io/e2e/load"
	"canarybot.io/e2e/prom"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// testPromoted is the main job: 5 %, 50 %, everybody, each by a person's click. Then back, which is one more.
func testPromoted(t *testing.T, w *world.World, app shop.App, made bool) {
	s := stage(t, w, app, made)
	card := s.bot.Deploy(app.Name, next, "faster tax lookup")
	card.Shows(time.Minute, "Waiting for a person", "5 % of traffic")
	shares(t, s.traffic, next, 0.05, 0.02)
	card.Press(install.OnCall, "Promote to 50 %")
	card.Shows(time.Minute, "Waiting for a person", "50 % of traffic")
	shares(t, s.traffic, next, 0.5, 0.05)
	card.Press(install.OnCall, "Promote to everyone")
	card.Shows(time.Minute, "Succeeded", "100 % on "+next)
	shares(t, s.traffic, next, 1, 0)
	s.before.restored(t, w, app, next)
	s.noRepeats(card)

	s.bot.Slash(install.Dev, "rollback "+app.Name)
	back := s.bot.PressAnswer(install.Dev, "Roll back to "+current)
	back.Shows(time.Minute, "Succeeded", "100 % on "+current)
	shares(t, s.traffic, current, 1, 0)
	s.before.restored(t, w, app, current)
	s.noRepeats(back)
	s.unharmed()
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}

// measured waits until Prometheus can judge the stable version by every pod that it has now: a preflight asks it, and
// the pods that were there before are soon forgotten.
func measured(t *testing.T, w *world.World, app shop.App) {
	t.Helper()
	requests := fmt.Sprintf(`http_requests_total{namespace=%q,pod=~"%s-.+"}`, app.Namespace, app.Stable())
	query := "sum by (pod) (rate(" + requests + "[5s]) and " + requests + ")"
	world.Eventually(t, 30*time.Second, func() error {
		pods, err := w.Cluster.Kube.CoreV1().Pods(app.Namespace).List(t.Context(), meta.ListOptions{})
		if err != nil {
			return err
		}
		series, err := w.Prometheus.Query(t.Context(), query)
		if err != nil {
			return err
		}
		served := 0.0
		for _, pod := range pods.Items {
			if !strings.HasPrefix(pod.Name, app.Stable()+"-") || pod.DeletionTimestamp != nil {
				continue
			}
			i := slices.IndexFunc(series, func(s prom.Series) bool { return s.Labels["pod"] == pod.Name })
			if i < 0 {
				return fmt.Errorf("no rate of %s, which is there", pod.Name)
			}
			served += series[i].Value
		}
		if !(served > 5) {
			return fmt.Errorf("%s is %v", query, series)
		}
		return nil
	})
}

// shares looks at who answers from now on, until there are answers enough to tell.
func shares(t *testing.T, traffic *load.Generator, version string, want, tolerance float64) {
	t.Helper()
	from := time.Now()
	var answered load.Tally
	world.Eventually(t, 20*time.Second, func() error {
		if answered = traffic.Since(from); answered.Total() < 400 {
			return fmt.Errorf("%d answers", answered.Total())
		}
		return nil
	})
	share := answered.Share(version)
	if math.Abs(share-want) > tolerance {
		t.Errorf("%s answered %.1f %%, want %.0f: %v", version, 100*share, 100*want, answered)
	}
	t.Logf("%s answered %.1f %% of %d requests, its weight is %.0f", version, 100*share, answered.Total(), 100*want)
}

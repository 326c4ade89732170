package e2e_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/e2e/install"
	"canarybot.io/e2e/load"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// testAutoscaled has an autoscaler size stable by what its pods serve, between 2 and 40. While a canary serves in its
// place, stable keeps its size, so that whoever comes back finds room: from 50 %, from 100 %, and after a promotion.
func testAutoscaled(t *testing.T, w *world.World) {
	app := shop.Checkout("autoscaled")
	app.Replicas = 10 // what the autoscaler would choose
	// Bakes are longer than the autoscaler needs to see and act, and so is the time between everybody's return and the end,
	// when its minimum is put back: it sizes by what pods served in the last seconds.
	s := stage(t, w, app, false, plan(10*time.Second, 5, 50, 100), drain(20*time.Second))
	s.traffic.Stop()
	s.traffic = w.Load(t, app, load.Plan{For: 9 * time.Minute})
	measured(t, w, app)
	w.Autoscale(t, app.Namespace, app.Stable())
	s.settled()
	found := s.autoscaler()
	sizes := s.sizes()
	for i, from := range []string{"50 %", "100 %"} {
		sizes.begin()
		card := s.bot.Deploy(app.Name, fmt.Sprintf("v1.2.%d", 5+i))
		card.Press(install.OnCall, "Promote to 50 %")
		if from == "100 %" {
			card.Press(install.OnCall, "Promote to everyone")
		}
		card.Shows(time.Minute, "Waiting for a person", from+" of traffic")
		clicked := card.Press(install.Dev, "Roll back")
		s.weights.becomes(t, clicked, 0)
		sizes.held("when everybody came back from " + from)
		sizes.served()
		card.Shows(time.Minute, "Rolled back", "100 % on "+current)
		s.unsteered(found)
		s.noRepeats(card)
		s.settled()
	}
	sizes.begin()
	card := s.bot.Command(install.OnCall, "deploy "+app.Name+" "+next+" --auto")
	card.Shows(3*time.Minute, "Succeeded", "100 % on "+next)
	sizes.held("until everybody was on " + next)
	s.unsteered(found)
	s.noRepeats(card)
	s.unharmed()
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}

// settled waits until stable has the size for all its users, and every pod of it is there.
func (s *scene) settled() {
	s.t.Helper()
	world.Eventually(s.t, time.Minute, func() error {
		d := deployment(s.t, s.w, s.app, s.app.Stable())
		if *d.Spec.Replicas < 8 || d.Status.AvailableReplicas < *d.Spec.Replicas {
			return fmt.Errorf("stable has %d pods of %d", d.Status.AvailableReplicas, *d.Spec.Replicas)
		}
		return nil
	})
}

// autoscaler returns stable's.
func (s *scene) autoscaler() *autoscaling.HorizontalPodAutoscaler {
	s.t.Helper()
	a, err := s.w.Cluster.Kube.AutoscalingV2().HorizontalPodAutoscalers(s.app.Namespace).Get(s.t.Context(), s.app.Stable(), meta.GetOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// unsteered waits until the autoscaler is as it was found, and unmarked.
func (s *scene) unsteered(found *autoscaling.HorizontalPodAutoscaler) {
	s.t.Helper()
	world.Eventually(s.t, 20*time.Second, func() error {
		now := s.autoscaler()
		if diff := cmp.Diff(found.Spec, now.Spec); diff != "" {
			return fmt.Errorf("the autoscaler, found before left:\n%s", diff)
		}
		for key := range now.Annotations {
			if strings.Contains(key, "canarybot.io/") {
				return fmt.Errorf("the autoscaler is annotated with %s", key)
			}
		}
		return unmarked(s.t, s.w, s.app)
	})
}

// sizes are what stable's size and its pods that are ready were.
type sizes struct {
	t *testing.T

	mu          sync.Mutex
	now, begun  int32 // pods wanted now, and when the rollout began
	least, room int32 // the smallest since, wanted and ready
}

// sizes notes stable's sizes until the test ends.
func (s *scene) sizes() *sizes {
	s.t.Helper()
	events, err := s.w.Cluster.Kube.AppsV1().Deployments(s.app.Namespace).Watch(s.t.Context(), meta.ListOptions{
		FieldSelector: "metadata.name=" + s.app.Stable(),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(events.Stop)
	all := &sizes{t: s.t}
	all.see(deployment(s.t, s.w, s.app, s.app.Stable()))
	go func() {
		for event := range events.ResultChan() {
			if d, ok := event.Object.(*apps.Deployment); ok {
				all.see(d)
			}
		}
	}()
	return all
}

func (z *sizes) see(d *apps.Deployment) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.now = *d.Spec.Replicas
	z.least = min(z.least, z.now)
	z.room = min(z.room, d.Status.AvailableReplicas)
}

// begin starts to compare with what stable has now.
func (z *sizes) begin() {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.begun, z.least, z.room = z.now, z.now, z.now
}

// held checks that stable was never made smaller than when the rollout began.
func (z *sizes) held(when string) {
	z.t.Helper()
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.least < z.begun {
		z.t.Errorf("%s stable had gone from %d pods to %d", when, z.begun, z.least)
	}
	z.t.Logf("%s stable had kept %d of %d pods", when, z.least, z.begun)
}

// served checks that as many pods were there and ready all the time.
func (z *sizes) served() {
	z.t.Helper()
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.room < z.begun {
		z.t.Errorf("of stable's %d pods only %d were available", z.begun, z.room)
	}
}

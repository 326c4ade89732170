package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"canarybot.io/e2e/install"
	"canarybot.io/e2e/load"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
	"canarybot.io/rollout"
)

// bad is a version that answers 30 % of its requests with an error.
const bad = "v1.2.4-errors30"

// scene is where a scenario begins: an application with users, and the bot installed beside it.
type scene struct {
	t       *testing.T
	w       *world.World
	app     shop.App
	before  found
	bot     *install.Bot
	traffic *load.Generator
	weights *weights
}

// stage sets a scene. If made is true, the route does not exist and the bot creates it.
func stage(t *testing.T, w *world.World, app shop.App, made bool, changes ...func(map[string]any)) *scene {
	t.Helper()
	w.Install(t, app)
	if made {
		deleteRoute(t, w, app)
	}
	return set(t, w, app, made, false, changes...)
}

// set sets a scene around an application as it is. With readOnly the bot may create and delete nothing.
func set(t *testing.T, w *world.World, app shop.App, made, readOnly bool, changes ...func(map[string]any)) *scene {
	t.Helper()
	return setOn(t, w, app, install.Options{ReadOnly: readOnly, Change: func(c map[string]any) {
		if made {
			service(c, app)["route"].(map[string]any)["create"] = true
		}
		for _, change := range changes {
			change(c)
		}
	}})
}

// setOn sets a scene with an installation of its own kind.
func setOn(t *testing.T, w *world.World, app shop.App, o install.Options) *scene {
	t.Helper()
	s := &scene{t: t, w: w, app: app, before: look(t, w, app), weights: watch(t, w, app)}
	o.Apps = []shop.App{app}
	s.bot = install.Start(t, w, o)
	s.traffic = w.Load(t, app, load.Plan{For: 5 * time.Minute})
	measured(t, w, app)
	return s
}

// service returns an application's entry in a configuration.
func service(c map[string]any, app shop.App) map[string]any {
	return c["services"].(map[string]any)[app.Name].(map[string]any)
}

// drain returns a change of the configuration: how long traffic has to leave the canary.
func drain(d time.Duration) func(map[string]any) {
	return func(c map[string]any) { c["defaults"].(map[string]any)["drain"] = d.String() }
}

// unharmed ends the traffic and checks that no request failed.
func (s *scene) unharmed() {
	s.t.Helper()
	if total := s.traffic.Stop(); total.Failed() > 0 || total.Total() == 0 {
		s.t.Errorf("requests failed: %v", total)
	}
}

// noRepeats checks that the rollout has one card, and that its thread has no message twice.
func (s *scene) noRepeats(card install.Card) {
	s.t.Helper()
	cards := 0
	for _, c := range s.bot.Cards() {
		if c.Rollout == card.Rollout {
			cards++
		}
	}
	if cards != 1 {
		s.t.Errorf("%s has %d cards, want one", card.Rollout, cards)
	}
	seen := map[string]bool{}
	for _, m := range s.bot.Slack.Thread(install.Channel, card.TS) {
		if m.Metadata == nil {
			continue
		}
		key := fmt.Sprint(m.Metadata.EventPayload)
		if seen[key] {
			s.t.Errorf("the thread has %s twice:\n%s", key, strings.Join(card.Thread(), "\n"))
		}
		seen[key] = true
	}
}

// recorded stops the bot and checks the timeline: numbered without gaps, each move between phases once, each from
// where the one before led.
func (s *scene) recorded(card install.Card, outcome rollout.Outcome) {
	s.t.Helper()
	r, entries := s.bot.Timeline(card.Rollout)
	if r.Ending.Outcome != outcome {
		s.t.Errorf("%s ended as %s, want %s", r.ID, r.Ending.Outcome, outcome)
	}
	var line []string
	at := rollout.Queued
	for i, e := range entries {
		if e.Seq != i+1 {
			s.t.Errorf("entry %d has number %d", i+1, e.Seq)
		}
		line = append(line, string(e.Kind))
		if e.Kind != rollout.EntryPhase {
			continue
		}
		line[len(line)-1] = e.Data.To.String()
		if e.Data.From != at {
			s.t.Errorf("entry %d leads from %s, and the one before to %s", e.Seq, e.Data.From, at)
		}
		at = e.Data.To
	}
	s.t.Logf("the timeline of %s: %s", r.ID, strings.Join(line, ", "))
}

// weights are the canary's weights as the API server accepted them.
type weights struct {
	mu   sync.Mutex
	seen []weighed
}

type weighed struct {
	at     time.Time
	weight int64
}

// watch notes the route's weights until the test ends or the API server does.
func watch(t *testing.T, w *world.World, app shop.App) *weights {
	t.Helper()
	all := &weights{}
	follow(t, w, app, func(s weighed) {
		all.mu.Lock()
		defer all.mu.Unlock()
		all.seen = append(all.seen, s)
	})
	return all
}

// follow calls seen with the canary's weight now and after each write to the route.
func follow(t *testing.T, w *world.World, app shop.App, seen func(weighed)) {
	t.Helper()
	events, err := w.Cluster.Dynamic.Resource(routeResource(app)).Namespace(app.Namespace).Watch(t.Context(), meta.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(events.Stop)
	go func() {
		for event := range events.ResultChan() {
			object, ok := event.Object.(*unstructured.Unstructured)
			if !ok || object.GetName() != app.Name {
				continue
			}
			seen(weighed{time.Now(), weight(app, object)})
		}
	}()
}

// after returns when the weight was first seen after a moment.
func (all *weights) after(moment time.Time, weight int64) (time.Time, error) {
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, s := range all.seen {
		if s.weight == weight && s.at.After(moment) {
			return s.at, nil
		}
	}
	return time.Time{}, fmt.Errorf("the weight was not %d after %s", weight, moment.Format(time.TimeOnly))
}

// becomes waits until the weight is seen after a moment, and returns when.
func (all *weights) becomes(t *testing.T, moment time.Time, weight int64) time.Time {
	t.Helper()
	var at time.Time
	world.Eventually(t, time.Minute, func() (err error) {
		at, err = all.after(moment, weight)
		return err
	})
	return at
}

// highest returns the largest weight that was ever seen.
func (all *weights) highest() int64 {
	all.mu.Lock()
	defer all.mu.Unlock()
	highest := int64(-1)
	for _, s := range all.seen {
		highest = max(highest, s.weight)
	}
	return highest
}

// edit changes an object of the application as somebody else.
func edit(t *testing.T, w *world.World, app shop.App, who string, patch any) {
	t.Helper()
	encoded, err := json.Marshal(patch)
	if err == nil {
		_, err = w.Cluster.Dynamic.Resource(routeResource(app)).Namespace(app.Namespace).
			Patch(t.Context(), app.Name, types.MergePatchType, encoded, meta.PatchOptions{FieldManager: who})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// setImage changes stable's image as kubectl set image does.
func setImage(t *testing.T, w *world.World, app shop.App, version string) {
	t.Helper()
	patchStable(t, w, app, map[string]any{"template": map[string]any{"spec": map[string]any{
		"containers": []any{map[string]any{"name": app.Name, "image": app.Image(version)}},
	}}})
}

func patchStable(t *testing.T, w *world.World, app shop.App, spec map[string]any) {
	t.Helper()
	patch, err := json.Marshal(map[string]any{"spec": spec})
	if err == nil {
		_, err = w.Cluster.Kube.AppsV1().Deployments(app.Namespace).Patch(t.Context(), app.Stable(),
			types.StrategicMergePatchType, patch, meta.PatchOptions{FieldManager: "kubectl-set"})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func deleteRoute(t *testing.T, w *world.World, app shop.App) {
	t.Helper()
	err := w.Cluster.Dynamic.Resource(routeResource(app)).Namespace(app.Namespace).
		Delete(context.WithoutCancel(t.Context()), app.Name, meta.DeleteOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func deleteCanary(t *testing.T, w *world.World, app shop.App) {
	t.Helper()
	err := w.Cluster.Kube.AppsV1().Deployments(app.Namespace).Delete(t.Context(), app.Canary(), meta.DeleteOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func without(all []string, one string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == one })
}

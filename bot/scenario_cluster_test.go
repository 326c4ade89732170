package bot_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

// clusterCommands are what the canary does, and what people do to the cluster behind the bot's back.
func clusterCommands() []command {
	return []command{
		{"errors", "PERCENT", "is the canary's error rate from now on", quiet(func(w *world, s words) {
			w.metrics.set(w.number(strings.TrimSuffix(string(s), "%")) / 100)
		})},
		{"doubt", "WHY STATE", "is what the judge doubts from now on: doubt both ask, doubt small waiting, doubt nothing", quiet((*world).doubts)},
		{"version", "TAG FATE", "is what new pods of a version do: run, crash, stay unready, start-after 20s, crash-after 5m", quiet(func(w *world, s words) {
			tag, fate := s.cut()
			w.cluster.SetBehaviour(tag, w.fate(fate))
		})},
		{"push", "TAG", "makes the tag name another image; versions are pinned from then on", quiet(func(w *world, s words) { w.tags.push(string(s)) })},
		{"registry", "STATE", "is away or back", quiet(func(w *world, s words) {
			w.oneOf(string(s), map[string]func(){"away": func() { w.tags.leave(true) }, "back": func() { w.tags.leave(false) }})
		})},
		{"edit", "WHAT VALUE", "is somebody with kubectl: edit weight 20, edit stable TAG, edit canary TAG", quiet(func(w *world, s words) {
			what, value := s.cut()
			if what == "weight" {
				w.cluster.checkout().EditWeight(rollout.Weight(w.number(string(value))), "kubectl-edit")
				return
			}
			w.cluster.checkout().SetImage(w.object(what), repository+":"+string(value), "kubectl-set")
		})},
		{"scale", "WHAT REPLICAS", "is somebody with kubectl, too: stable or canary", quiet(func(w *world, s words) {
			what, replicas := s.cut()
			w.cluster.checkout().Scale(w.object(what), int(w.number(string(replicas))), "kubectl-scale")
		})},
		{"delete", "OBJECT", "deletes the stable, canary, service (the canary's) or route", quiet(func(w *world, s words) {
			w.cluster.checkout().Delete(w.object(string(s)))
		})},
		{"annotate", "OBJECT", "sets canarybot.io/rollback=now on it", quiet(func(w *world, s words) {
			w.cluster.checkout().AskRollback(w.object(string(s)))
		})},
		{"unstamp", "OBJECT", "removes the bot's stamp from it", quiet(func(w *world, s words) {
			w.cluster.checkout().StripStamp(w.object(string(s)))
		})},
		{"cluster", "", "prints what stands in the cluster", func(w *world, _ words) string { return w.stands() }},
	}
}

// stands tells what is in the cluster.
func (w *world) stands() string {
	o := w.cluster.now(service())
	all := []string{fmt.Sprintf("stable %s ×%d", rollout.ShortVersion(o.Stable.Image), o.Stable.Replicas), "no canary"}
	if o.Canary.Exists {
		all[1] = fmt.Sprintf("canary %s ×%d", rollout.ShortVersion(o.Canary.Image), o.Canary.Replicas)
	}
	if o.Service.Exists {
		all = append(all, "its Service")
	}
	switch {
	case !o.Route.Exists:
		all = append(all, "no route")
	case !o.Route.HasCanary:
		all = append(all, "the route has no canary")
	default:
		all = append(all, fmt.Sprintf("%d %% of traffic to the canary", o.Route.Weight))
	}
	if !o.Stable.RolledOut() {
		all = append(all, "stable is not rolled out")
	}
	if o.Stable.Stamp != nil {
		all = append(all, "a stamp on stable")
	}
	if o.Route.Stamp != nil {
		all = append(all, "a stamp on the route")
	}
	return "    " + strings.Join(all, ", ") + "\n"
}

// fate is what becomes of new pods.
func (w *world) fate(s words) (b sim.Behaviour) {
	name, after := s.cut()
	w.oneOf(name, map[string]func(){
		"run":         func() {},
		"crash":       func() { b.CrashLoop = true },
		"stay":        func() { b.Unready = true },
		"start-after": func() { b.Start = w.duration(string(after)) },
		"crash-after": func() { b.CrashAfter = w.duration(string(after)) },
	})
	return b
}

// object is one of the four by the name that scenarios have for it.
func (w *world) object(name string) (o rollout.Object) {
	w.t.Helper()
	w.oneOf(name, map[string]func(){
		"stable":  func() { o = rollout.StableDeployment },
		"canary":  func() { o = rollout.CanaryDeployment },
		"service": func() { o = rollout.CanaryService },
		"route":   func() { o = rollout.RouteObject },
	})
	return o
}

func (w *world) number(s string) float64 {
	w.t.Helper()
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) duration(s string) time.Duration {
	w.t.Helper()
	d, err := time.ParseDuration(s)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

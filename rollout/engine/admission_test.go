package engine_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

// sum is what the registry has behind a tag.
func sum(image string) string {
	if strings.Contains(image, "@") {
		return image
	}
	return image + "@sha256:" + strings.Repeat(image[len(image)-1:], 64)
}

func withoutTag(image string) string {
	name, digest, _ := strings.Cut(sum(image), "@")
	if i := strings.LastIndex(name, ":"); i > 0 {
		name = name[:i]
	}
	return name + "@" + digest
}

func mirror(image string) string { return "mirror.local/" + strings.TrimPrefix(image, "mirror.local/") }

// admissions are what webhooks do to images.
var admissions = map[string]func(string) string{
	"a digest beside the tag":       sum,
	"a digest in place of the tag":  withoutTag,
	"a mirror":                      mirror,
	"a mirror and a digest":         func(image string) string { return mirror(sum(image)) },
	"a mirror and a digest, no tag": func(image string) string { return mirror(withoutTag(image)) },
}

// release plays a rollout to its end.
func (w *world) release(version string, edit func(*rollout.DeployRequest)) rollout.Rollout {
	w.t.Helper()
	r, err := w.launch(version, edit)
	if err != nil {
		w.t.Fatalf("%s: %v", version, err)
	}
	r = w.until(r.ID, "its end", ended)
	for _, e := range w.entries(r.ID) {
		if e.Kind == rollout.EntryDrift || e.Kind == rollout.EntryStuck {
			w.t.Errorf("%s: %s %+v", version, e.Kind, e.Data)
		}
	}
	return r
}

func (w *world) entries(id rollout.ID) []rollout.Entry {
	all, err := w.store.Timeline(w.t.Context(), id, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

func (w *world) stable(want string, r rollout.Rollout) {
	w.t.Helper()
	o := w.cluster.Observe(w.t.Context(), rollout.Rollout{Spec: r.Spec})
	if o.Stable.Image != want || o.Stable.Stamp != nil || o.Canary.Exists {
		w.t.Errorf("%s: stable runs %s, stamped %t, the canary is there %t; want %s alone", r.ID, o.Stable.Image, o.Stable.Stamp != nil, o.Canary.Exists, want)
	}
}

// A service under a webhook is released, released again, rolled back in the middle and after the end, and every version
// is called by its tag.
func TestALifeUnderAdmission(t *testing.T) {
	for name, admit := range admissions {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, sim.Setup{}, quick, func(o *sim.Options) { o.Admit = admit })
				time.Sleep(2 * time.Minute)
				w.start(0, false)
				defer func() { w.stop() }()

				first := w.release("v1.2.4", nil)
				w.stable(admit("r/shop/checkout:v1.2.4"), first)
				if first.Ending.Outcome != rollout.Succeeded || first.Admitted != admit("r/shop/checkout:v1.2.4") {
					t.Fatalf("ended %+v, admitted as %q", first.Ending, first.Admitted)
				}
				var same *rollout.SameVersionError
				if _, err := w.launch("v1.2.4", func(l *rollout.DeployRequest) { l.ID = "again" }); !errors.As(err, &same) {
					t.Errorf("the same version again: %v, want it refused", err)
				}
				time.Sleep(2 * time.Minute)

				second := w.release("v1.2.6", nil)
				w.stable(admit("r/shop/checkout:v1.2.6"), second)
				if v := rollout.ShortVersion(second.From()); second.Ending.Outcome != rollout.Succeeded || v != "v1.2.4" {
					t.Fatalf("the second started from %q and ended %+v, want v1.2.4", v, second.Ending)
				}
				time.Sleep(2 * time.Minute)

				third, err := w.launch("v1.2.7", nil)
				if err != nil {
					t.Fatal(err)
				}
				w.until(third.ID, "promoting", func(r rollout.Rollout) bool { return r.Phase == rollout.Promoting })
				w.stop() // what admission made of the writes is in the objects: the next process knows it
				w.start(0, false)
				w.decide(rollout.Decision{ID: "back-3", Action: rollout.Rollback, Actor: person(dev)})
				third = w.until(third.ID, "its end", ended)
				w.stable(admit("r/shop/checkout:v1.2.6"), third)
				time.Sleep(2 * time.Minute)

				fourth := w.release("", func(l *rollout.DeployRequest) { l.ID, l.Back = "way-back", true })
				w.stable(admit("r/shop/checkout:v1.2.4"), fourth)
				if to, from := rollout.ShortVersion(fourth.Image), rollout.ShortVersion(fourth.From()); fourth.Ending.Outcome != rollout.Succeeded || to != "v1.2.4" || from != "v1.2.6" {
					t.Errorf("the way back goes from %q to %q and ended %+v", from, to, fourth.Ending)
				}
			})
		})
	}
}

// A webhook that comes between two rollouts, or in the middle of one, costs nobody a rollback.
func TestAdmissionThatComesLater(t *testing.T) {
	for name, admit := range admissions {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				on := false
				w := newWorld(t, sim.Setup{}, quick, func(o *sim.Options) {
					o.Admit = func(image string) string {
						if on {
							return admit(image)
						}
						return image
					}
				})
				time.Sleep(2 * time.Minute)
				w.start(0, false)
				defer w.stop()
				r, _ := w.launch("v1.2.4", nil)
				w.until(r.ID, "a bake", baking)
				on = true
				if r = w.until(r.ID, "its end", ended); r.Ending.Outcome != rollout.Succeeded {
					t.Fatalf("ended %+v", r.Ending)
				}
				w.stable(admit("r/shop/checkout:v1.2.4"), r)
				time.Sleep(2 * time.Minute)
				back := w.release("", func(l *rollout.DeployRequest) { l.ID, l.Back = "way-back", true })
				w.stable(admit("r/shop/checkout:v1.2.3"), back)
			})
		})
	}
}

// A webhook that undoes the new image is asked about once, and not written against every two seconds.
func TestAdmissionThatUndoesTheImageIsNotFought(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		on := false
		w := newWorld(t, sim.Setup{}, quick, func(o *sim.Options) {
			o.Admit = func(image string) string {
				if on && strings.HasSuffix(image, "v1.2.4") {
					return "r/shop/checkout:v1.2.3"
				}
				return image
			}
		})
		time.Sleep(2 * time.Minute)
		writes := 0
		w.cluster.SetFault(func(c sim.Call) error {
			if c.Op == sim.Do && !c.After && c.Write.Object == rollout.CanaryDeployment {
				writes++
			}
			return nil
		})
		w.start(0, false)
		defer w.stop()
		on = true
		r, _ := w.launch("v1.2.4", nil)
		r = w.until(r.ID, "asking", func(r rollout.Rollout) bool { return r.Drift != nil })
		if r.Drift.Field != rollout.FieldCanaryImage || r.Drift.By != rollout.ByAdmission {
			t.Errorf("asks about %+v, want the canary's image by admission", r.Drift)
		}
		before := writes
		time.Sleep(time.Minute)
		if writes != before {
			t.Errorf("%d writes in a minute against the webhook", writes-before)
		}
	})
}

// Two architectures, on which one image has two ids: known, it is released; not known, people are asked.
func TestImagesOnTwoPlatforms(t *testing.T) {
	for _, anywhere := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, sim.Setup{}, quick, func(o *sim.Options) { o.Platforms, o.Anywhere = []string{"amd64", "arm64"}, anywhere })
			time.Sleep(2 * time.Minute)
			w.start(0, false)
			defer w.stop()
			r, _ := w.launch("v1.2.4", nil)
			asked := 0
			for r = w.until(r.ID, "asking, or its end", askedOrEnded); !r.Terminal(); r = w.until(r.ID, "asking, or its end", askedOrEnded) {
				asked++
				if asked > 10 {
					t.Fatalf("asked %d times", asked)
				}
				w.decide(rollout.Decision{ID: rollout.DecisionID(r.Drift.Value), Action: rollout.Override, Actor: person(lead), Turn: r.Turn, Value: r.Drift.Value})
			}
			if r.Ending.Outcome != rollout.Succeeded || (asked > 0) != anywhere {
				t.Errorf("anywhere %t: ended %+v, asked %d times", anywhere, r.Ending, asked)
			}
		})
	}
}

func askedOrEnded(r rollout.Rollout) bool {
	return r.Terminal() || r.Drift != nil && r.Drift.Field == rollout.FieldImageID
}

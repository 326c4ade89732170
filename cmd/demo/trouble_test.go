package main

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"canarybot.io/rollout"
)

// Whatever passes for both, or at once, holds a canary and rolls nothing back.
func TestTroublesThatPass(t *testing.T) {
	for name, words := range map[string]string{"burst": "stable has the same trouble", "blip": "❓ errors"} {
		t.Run(name, func(t *testing.T) {
			visit(t, browsing(), func(ctx context.Context, p *player) {
				c := bakes(t, ctx, p, "v1.2.4")
				if code := push(p, "break?fault="+name); code != http.StatusNoContent {
					t.Fatalf("the answer is %d", code)
				}
				says(t, ctx, p, c, words)
				if code := push(p, "restart"); code != http.StatusConflict {
					t.Errorf("no pod is in trouble alone, and to restart one answers %d", code)
				}
				promotes(t, ctx, p, c)
			})
		})
	}
}

// One pod that is slow is asked about; a person says that it is fine, and nobody is asked again where there are more.
func TestASlowPodIsFine(t *testing.T) {
	visit(t, browsing(), func(ctx context.Context, p *player) {
		if code := push(p, "break?fault=neighbour"); code != http.StatusConflict {
			t.Errorf("without a canary the answer is %d", code)
		}
		c := bakes(t, ctx, p, "v1.2.4")
		push(p, "break?fault=neighbour")
		if err := p.press(ctx, c, onCall, "Go on"); err != nil {
			t.Fatalf("%v; the card says:\n%s", err, p.text(c))
		}
		promotes(t, ctx, p, c)
	})
}

// One slow pod of two is restarted while it is held, and the rollout goes on by itself.
func TestASlowPodIsRestarted(t *testing.T) {
	visit(t, browsing(), func(ctx context.Context, p *player) {
		c := bakes(t, ctx, p, "v1.2.4")
		if err := p.press(ctx, c, onCall, "Promote to 50 %"); err != nil {
			t.Fatal(err)
		}
		says(t, ctx, p, c, "50 % of traffic · step 2 of 2 · baking")
		push(p, "break?fault=neighbour")
		says(t, ctx, p, c, "in one pod alone")
		if code := push(p, "restart"); code != http.StatusNoContent {
			t.Errorf("to restart the pod answers %d", code)
		}
		if err := p.ended(ctx, c, rollout.Succeeded, "v1.2.4"); err != nil {
			t.Error(err)
		}
	})
}

// promotes presses the button of the gate and waits for the end.
func promotes(t *testing.T, ctx context.Context, p *player, c card) {
	t.Helper()
	err := p.press(ctx, c, onCall, "Promote to 50 %")
	if err == nil {
		err = p.ended(ctx, c, rollout.Succeeded, "v1.2.4")
	}
	if err != nil {
		t.Errorf("%v; the card says:\n%s", err, p.text(c))
	}
}

func TestThePageOffersAllWithASentence(t *testing.T) {
	page, err := panelFiles.ReadFile("panel/index.html")
	if err != nil {
		t.Fatal(err)
	}
	names := 0
	offers := func(name string) {
		names++
		if !strings.Contains(string(page), `<option value="`+name+`" data-says="`) {
			t.Errorf("the page does not offer %s with a sentence", name)
		}
	}
	for name := range faults() {
		offers(name)
	}
	for name := range troubles() {
		offers(name)
	}
	if n := strings.Count(string(page), "data-says="); n != names {
		t.Errorf("the page offers %d, and there are %d", n, names)
	}
}

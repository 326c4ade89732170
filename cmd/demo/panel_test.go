package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"canarybot.io/bot/slacksim"
)

// push presses a button of the panel and returns the status.
func push(p *player, button string) int {
	response := httptest.NewRecorder()
	p.world.handler().ServeHTTP(response, httptest.NewRequest(http.MethodPost, "/panel/press/"+button, nil))
	return response.Code
}

// bakes deploys a version and waits until it bakes, passing.
func bakes(t *testing.T, ctx context.Context, p *player, version string) card {
	t.Helper()
	c, err := p.deploy(ctx, dev, "checkout", version)
	if err != nil {
		t.Fatal(err)
	}
	says(t, ctx, p, c, "all checks pass")
	return c
}

func says(t *testing.T, ctx context.Context, p *player, c card, words string) {
	t.Helper()
	if err := p.await(ctx, words, func() bool { return strings.Contains(p.text(c), words) }); err != nil {
		t.Fatalf("%v; the card says:\n%s", err, p.text(c))
	}
}

func TestPanelShowsTheCluster(t *testing.T) {
	visit(t, browsing(), func(ctx context.Context, p *player) {
		bakes(t, ctx, p, "v1.2.4")
		time.Sleep(10 * time.Second)
		s := p.world.panelState(time.Now())
		if !s.Prometheus || !s.Slack || s.Back != 0 || len(s.Services) != 2 {
			t.Fatalf("the panel shows %+v", s)
		}
		one := s.Services[0]
		if one.Share != 5 || one.Canary.Version != "v1.2.4" || len(one.Stable.Pods) != 4 || len(one.Canary.Pods) != 1 {
			t.Errorf("checkout is shown as %+v", one)
		}
		last := len(one.Stable.Requests) - 1
		if share := one.Canary.Requests[last] / (one.Canary.Requests[last] + one.Stable.Requests[last]); share < 0.049 || share > 0.051 {
			t.Errorf("the canary gets %v of the requests", share)
		}
	})
}

// A dry run sends the demo's Prometheus every query that a real one gets, the last hour's too, and starts nothing.
func TestADryRunAsksAboutTheLastHour(t *testing.T) {
	visit(t, browsing(), func(ctx context.Context, p *player) {
		if err := p.await(ctx, "numbers", p.measured); err != nil {
			t.Fatal(err)
		}
		if err := p.slash(dev, "deploy checkout v1.2.4 --dry-run"); err != nil {
			t.Fatal(err)
		}
		said := ""
		err := p.await(ctx, "the answer", func() bool {
			for _, e := range p.world.slack.Ephemerals(dev) {
				said = p.world.slack.Plain(slacksim.Message{Channel: e.Channel, TS: e.TS, Text: e.Text, Blocks: e.Blocks})
			}
			return strings.Contains(said, "it would start")
		})
		if err != nil || strings.Count(said, "of 241 times in the last hour") != 3 || len(p.cards()) != 0 {
			t.Errorf("%v, %d cards, after:\n%s", err, len(p.cards()), said)
		}
	})
}

func TestPanelIsServed(t *testing.T) {
	visit(t, browsing(), func(ctx context.Context, p *player) {
		for path, want := range map[string]string{
			"/panel/": "<template", "/panel/panel.js": "EventSource", "/panel/panel.css": ".split",
			"/": "simulated Slack", "/prometheus/api/v1/query?query=1": `"resultType":"scalar"`,
			"/prometheus/api/v1/query_range?query=1&start=60&end=120&step=15": `"values":[[60,"1"],[75,"1"]`,
		} {
			response := httptest.NewRecorder()
			p.world.handler().ServeHTTP(response, httptest.NewRequest(http.MethodGet, path, nil))
			if response.Code != http.StatusOK || !strings.Contains(response.Body.String(), want) {
				t.Errorf("%s: %d, without %q", path, response.Code, want)
			}
		}
		ctx, cancel := context.WithCancel(ctx)
		time.AfterFunc(2*time.Second, cancel)
		response := httptest.NewRecorder()
		p.world.handler().ServeHTTP(response, httptest.NewRequestWithContext(ctx, http.MethodGet, "/panel/events", nil))
		if n := strings.Count(response.Body.String(), "data: {"); n < 4 {
			t.Errorf("the panel was pushed %d times in two seconds", n)
		}
	})
}

func TestBreakIt(t *testing.T) {
	visit(t, browsing(), func(ctx context.Context, p *player) {
		if code := push(p, "break"); code != http.StatusConflict {
			t.Errorf("without a canary the answer is %d", code)
		}
		c := bakes(t, ctx, p, "v1.2.4")
		if code := push(p, "break"); code != http.StatusNoContent {
			t.Errorf("the answer is %d", code)
		}
		says(t, ctx, p, c, "Rolled back")
	})
}

func TestUnplugPrometheus(t *testing.T) {
	visit(t, browsing(), func(ctx context.Context, p *player) {
		c := bakes(t, ctx, p, "v1.2.4")
		push(p, "prometheus")
		says(t, ctx, p, c, "❓")
		says(t, ctx, p, c, "Held")
		push(p, "prometheus")
		says(t, ctx, p, c, "Promote to 50 %")
	})
}

func TestUnplugSlack(t *testing.T) {
	visit(t, browsing(), func(ctx context.Context, p *player) {
		c := bakes(t, ctx, p, "v1.2.4")
		push(p, "slack")
		push(p, "break")
		if err := p.await(ctx, "the canary to leave traffic", func() bool { return p.app("checkout").View(0).Share == 0 }); err != nil {
			t.Fatal(err)
		}
		push(p, "slack")
		says(t, ctx, p, c, "Rolled back")
	})
}

func TestKilledWhileItRollsBack(t *testing.T) {
	visit(t, browsing(), func(ctx context.Context, p *player) {
		c, err := p.deploy(ctx, dev, "checkout", "v1.2.5")
		if err != nil {
			t.Fatal(err)
		}
		says(t, ctx, p, c, "Rolling back")
		push(p, "kill")
		if back := p.world.panelState(time.Now()).Back; back <= 0 {
			t.Errorf("the dead bot is back in %v s", back)
		}
		if err := p.ended(ctx, c, "rolled_back", running); err != nil {
			t.Error(err)
		}
	})
}

func TestUnknownButton(t *testing.T) {
	visit(t, browsing(), func(_ context.Context, p *player) {
		if code := push(p, "self-destruct"); code != http.StatusNotFound {
			t.Errorf("the answer is %d", code)
		}
	})
}

// Every fault that a visitor may choose ends as it should, and the evidence grows until it suffices.
func TestFaultsOfThePanel(t *testing.T) {
	for fault := range faults() {
		t.Run(fault, func(t *testing.T) {
			visit(t, browsing(), func(ctx context.Context, p *player) {
				c := bakes(t, ctx, p, "v1.2.4")
				e := p.world.panelState(time.Now()).Services[0].Evidence
				if e == nil || e.Share > 0.5 || len(e.Checks) != 3 {
					t.Errorf("of a fine canary the panel shows %+v", e)
				}
				if code := push(p, "break?fault="+fault); code != http.StatusNoContent {
					t.Fatalf("breaking it answers %d", code)
				}
				most := 0.0
				if err := p.await(ctx, "the end", func() bool {
					if e := p.world.panelState(time.Now()).Services[0].Evidence; e != nil {
						most = max(most, e.Share)
					}
					return strings.Contains(p.text(c), "Rolled back")
				}); err != nil {
					t.Fatalf("%v; the card says:\n%s", err, p.text(c))
				}
				if fault != "silent" && most < 1 && !strings.Contains(p.text(c), "limit 512") {
					t.Errorf("it was rolled back, and the panel never showed more than %v of the evidence", most)
				}
			})
		})
	}
}

func TestTrafficOfThePanel(t *testing.T) {
	visit(t, browsing(), func(ctx context.Context, p *player) {
		for rate, want := range map[string]int{"60": 204, "0": 400, "many": 400, "1e9": 400, "": 400} {
			if code := push(p, "traffic?rate="+rate); code != want {
				t.Errorf("a rate of %q answers %d, want %d", rate, code, want)
			}
		}
		time.Sleep(5 * time.Second)
		rates := p.world.panelState(time.Now()).Services[0].Stable.Requests
		if last := rates[len(rates)-1]; last < 50 || last > 70 {
			t.Errorf("%v requests a second, want about 60", last)
		}
		if code := push(p, "break?fault=earthquake"); code != http.StatusNotFound {
			t.Errorf("a fault that is none answers %d", code)
		}
	})
}

package webhook_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/webhook"
)

// At Grafana a rollout is marks along the way, and a region at its end. What it shows as HTML is text.
func TestAnnotations(t *testing.T) {
	in(t, func(t *testing.T) {
		v := &receiver{}
		s := webhook.Settings{
			Name: "grafana", URL: "https://grafana.example.com/g/", TokenFile: written(t, "token", "glsa_secret"), Transport: v,
			Tags: []string{"team:shop"}, Dashboard: "abc", Panel: 4, Events: webhook.KindsOf(webhook.GrafanaType),
		}
		b := newBed(t, s.Recipient(webhook.NewGrafana(s, nil)))
		b.start()
		began := time.Now()
		r := b.begin("checkout", 1)
		pass(time.Minute)
		r = b.step(r, 0)
		pass(time.Minute)
		b.end(r, rollout.RolledBack)
		synctest.Wait()
		note := func(at, end time.Time, kind rollout.EntryKind, event string, more ...any) map[string]any {
			m := map[string]any{
				"dashboardUID": "abc", "panelId": 4.0, "time": float64(at.UnixMilli()),
				"tags": append([]any{"canarybot", "environment:eu 1.prod", "service:checkout", "event:" + event, "team:shop"}, more...),
				"text": fmt.Sprintf("checkout-1 %s hidden=false &lt;b&gt;&amp;", kind),
			}
			if !end.IsZero() {
				m["timeEnd"] = float64(end.UnixMilli())
			}
			return m
		}
		want := []map[string]any{
			note(began, time.Time{}, rollout.EntryStarted, "started"),
			note(began.Add(time.Minute), time.Time{}, rollout.EntryPhase, "step"),
			note(began, began.Add(2*time.Minute), rollout.EntryEnded, "ended", "outcome:rolled_back"),
		}
		var got []map[string]any
		for i, raw := range v.bodies {
			var one map[string]any
			if err := json.Unmarshal(raw, &one); err != nil {
				t.Fatal(err)
			}
			got = append(got, one)
			if v.urls[i] != "POST https://grafana.example.com/g/api/annotations" || v.heads[i].Get("Authorization") != "Bearer glsa_secret" {
				t.Errorf("%s with %v", v.urls[i], v.heads[i])
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("annotations (-want +got):\n%s", diff)
		}
	})
}

// Without a token nothing is asked.
func TestNoTokenNoRequest(t *testing.T) {
	in(t, func(t *testing.T) {
		v := &receiver{answer: with(http.StatusOK)}
		s := webhook.Settings{Name: "grafana", URL: "https://grafana.example.com", TokenFile: t.TempDir() + "/none", Transport: v}
		b := newBed(t, s.Recipient(webhook.NewGrafana(s, nil)))
		b.start()
		b.begin("checkout", 1)
		pass(time.Hour)
		if len(v.tries()) != 0 || b.count("canary_webhook_waiting_events", "grafana") != 2 {
			t.Errorf("%d requests", len(v.tries()))
		}
	})
}

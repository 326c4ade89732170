package view_test

import (
	"testing"
	"time"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// pages are links of every kind: one that always leads somewhere, and one that compares.
func pages() []rollout.Link {
	return []rollout.Link{
		{Name: "dashboard", Template: "https://grafana.example.com/d/canary?var-service={service}&from={since}&to={until}"},
		{Name: "logs", Template: "https://logs.example.com/{namespace}/{canary}"},
		{Name: "what changed", Template: "https://git.example.com/shop/checkout/compare/{from}...{to}"},
	}
}

// timeline is that of a rollout which a person promoted and a check ended.
func timeline() []rollout.Entry {
	asked := entries()["asked"]
	v := passing()
	return []rollout.Entry{
		{Seq: 1, At: noon, Kind: rollout.EntryRequested, Actor: person("U024BE7LH")},
		{Seq: 2, At: noon.Add(time.Second), Kind: rollout.EntryStarted, Actor: person("U024BE7LH")},
		{Seq: 3, At: noon.Add(time.Minute), Kind: rollout.EntryPhase, Data: rollout.Data{To: rollout.Baking}},
		{Seq: 4, At: noon.Add(2 * time.Minute), Kind: rollout.EntryVerdict, Data: rollout.Data{Verdict: &v}},
		{Seq: 5, At: noon.Add(11 * time.Minute), Kind: rollout.EntryAsked, Data: asked.Data},
		{Seq: 6, At: noon.Add(12 * time.Minute), Kind: rollout.EntryDecided, Actor: person("U0G9QF9C6"), Data: rollout.Data{Action: rollout.Promote, Text: "looks fine"}},
	}
}

// shows are the answers that show rollouts whole.
func shows() map[string]view.Message {
	a := view.Answers{}
	succeeded, back := ending(rollout.Succeeded, nil), ending(rollout.RolledBack, nil)
	long := timeline()
	for range 20 {
		long = append(long, timeline()...)
	}
	differs := baking()
	differs.Original.TemplateDiffers = []string{"resources"}
	elsewhere := view.RunningOf("cart", []rollout.Rollout{ending(rollout.Succeeded, func(e *rollout.Ending) { e.StableImage = "r/cart:v9" })})
	return map[string]view.Message{
		"stalled":        view.Stalled(special()["stuck"], 61*time.Minute, permalink),
		"stalled_paused": view.Stalled(with(func(r *rollout.Rollout) { r.Paused = true }), 5*time.Hour, ""),
		"end_told":       view.Ended(back, permalink),
		"list":           a.List([]view.Running{view.RunningOf("checkout", []rollout.Rollout{baking(), back, succeeded}), elsewhere, view.RunningOf("search", nil)}),
		"list_none":      a.List(nil),
		"show":           a.Show(view.Shown{Rollout: baking(), Timeline: timeline(), Approvers: []string{"U0G9QF9C6"}, Links: pages(), Card: permalink}),
		"show_long":      a.Show(view.Shown{Rollout: back, Timeline: long}),
		"show_queued":    a.Show(view.Shown{Rollout: in(rollout.Queued)}),
		"diff":           a.Diff(differs, pages(), nil),
		"diff_no_pages":  a.Diff(in(rollout.Queued), nil, nil),
		"diff_untagged":  a.Diff(with(func(r *rollout.Rollout) { r.Image = "registry.example.com/shop/checkout@sha256:0c0d" }), pages(), nil),
	}
}

func TestWhatAServiceRuns(t *testing.T) {
	succeeded, back := ending(rollout.Succeeded, nil), ending(rollout.RolledBack, nil)
	foreign := ending(rollout.Succeeded, func(e *rollout.Ending) { e.StableImage = "r/checkout:v9" })
	for name, test := range map[string]struct {
		newest     []rollout.Rollout
		image      string
		since      bool
		live, last bool
	}{
		"nothing ever rolled out":             {nil, "", false, false, false},
		"the last success":                    {[]rollout.Rollout{succeeded}, succeeded.Image, true, false, true},
		"a rollback after it changes nothing": {[]rollout.Rollout{back, succeeded}, succeeded.Image, true, false, true},
		"a canary beside it":                  {[]rollout.Rollout{baking(), back, succeeded}, succeeded.Image, true, true, true},
		"what a first canary found":           {[]rollout.Rollout{baking()}, baking().From(), false, true, false},
		"what a first rollback returned to":   {[]rollout.Rollout{back}, back.From(), false, false, true},
		"what somebody else set at the end":   {[]rollout.Rollout{foreign}, "r/checkout:v9", true, false, true},
		"a queued one does not hide the live": {[]rollout.Rollout{baking(), in(rollout.Queued)}, baking().From(), false, true, false},
	} {
		got := view.RunningOf("checkout", test.newest)
		if got.Image != test.image || !got.Since.IsZero() != test.since || (got.Live.ID != "") != test.live || (got.Last.ID != "") != test.last {
			t.Errorf("%s: got %q since %v, live %q, last %q", name, got.Image, got.Since, got.Live.ID, got.Last.ID)
		}
		if test.live && got.Live.Phase == rollout.Queued {
			t.Errorf("%s: the queued one is shown as live", name)
		}
	}
}

package judges

import (
	"strings"
	"testing"
)

// A Bolt app does what bots do, and breaks no rule by it.
func TestBolt(t *testing.T) {
	w := start(t)
	w.post("/control/group", map[string]any{"id": "S0000000SRE", "handle": "sre", "members": []string{"U00ONCALL1"}})
	w.run("app.mjs")
	w.wait("the app's connection", "/control/sockets", func(a map[string]any) bool { return a["sockets"] == 1.0 })
	for _, step := range []struct {
		name string
		do   func(workspace)
	}{
		{"a command", command},
		{"buttons", buttons},
		{"a mention", mention},
		{"what people write", writing},
		{"a picture", picture},
		{"a group that changes", group},
		{"a modal", modal},
		{"modals that are closed", closed},
		{"the home tab", home},
		{"shortcuts", shortcuts},
		{"a limit", limit},
		{"an event that gets lost", lost},
		{"an answer that is too large", oversize},
		{"a refresh", refresh},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.do(workspace{t: t, url: w.url}) }) {
			break
		}
	}
	if got := w.get("/control/violations")["violations"].([]any); len(got) != 0 {
		t.Errorf("the app broke rules: %v", got)
	}
}

func command(w workspace) {
	if got := w.act("slash", map[string]any{"text": "/echo <b> & more"}); got != "at once: <b> & more" {
		w.t.Errorf("the ack showed %q", got)
	}
	w.private("dev", "later: <b> & more")
	card := w.message("card: ")
	if m, _ := card["metadata"].(map[string]any); m["event_type"] != "card" {
		w.t.Errorf("metadata = %v", card["metadata"])
	}
}

func buttons(w workspace) {
	ts := w.message("card: ")["ts"]
	w.act("press", map[string]any{"as": "oncall", "ts": ts, "button": "ask"})
	question := w.private("oncall", "sure?")
	if question["thread_ts"] != ts {
		w.t.Errorf("the question is in %v", question["thread_ts"])
	}
	w.act("press", map[string]any{"as": "oncall", "ts": question["ts"], "button": "sure"})
	w.private("oncall", "it is sure")
	w.act("press", map[string]any{"ts": ts, "button": "go"})
	if m := w.message("gone by U00000DEV1"); m["blocks"] != nil || m["ts"] != ts {
		w.t.Errorf("the card is %v", m)
	}
	if m := w.message("it went"); m["subtype"] != "thread_broadcast" || m["thread_ts"] != ts {
		w.t.Errorf("the reply is %v", m)
	}
}

func mention(w workspace) {
	w.act("say", map[string]any{"text": "@judge good morning"})
	if m := w.message("<@U00000DEV1> said https://northwind.slack.com/archives/C0DEPLOYS1/p"); m["thread_ts"] == nil {
		w.t.Errorf("the answer is in no thread: %v", m)
	}
}

func writing(w workspace) {
	w.act("say", map[string]any{"text": "remember the milk"})
	ts := w.emoji("remember the milk")
	w.act("react", map[string]any{"ts": ts, "text": "tada"})
	w.message("<@U00000DEV1> gave :tada:")
	w.act("edit", map[string]any{"ts": ts, "text": "forget the milk"})
	w.message(`it was "remember the milk"`)
	w.act("delete", map[string]any{"ts": ts})
	got := w.post("/sim/say", map[string]any{"as": "dev", "channel": "@judge", "text": "hello"})
	if got["delivery"] != "acked" {
		w.t.Errorf("a direct message: %v", got)
	}
	w.wait("the answer in private", "/control/messages?channel=dm-dev", func(a map[string]any) bool {
		return newest(a["messages"], `you said "hello"`) != nil
	})
}

// emoji waits until the app gave the message an emoji, and returns its ts.
func (w workspace) emoji(words string) (ts any) {
	w.t.Helper()
	w.wait("the app's emoji", "/control/messages?channel=C0DEPLOYS1", func(a map[string]any) bool {
		m := newest(a["messages"], words)
		return m != nil && m["reactions"] != nil
	})
	return w.message(words)["ts"]
}

func picture(w workspace) {
	w.act("slash", map[string]any{"text": "/chart"})
	m := w.message("the chart")
	files, _ := m["files"].([]any)
	if len(files) != 1 || files[0].(map[string]any)["mimetype"] != "image/png" {
		w.t.Errorf("files = %v", files)
	}
	w.wait("the picture in the card", "/control/messages?channel=C0DEPLOYS1", func(a map[string]any) bool {
		for _, card := range a["messages"].([]any) {
			if card := card.(map[string]any); card["ts"] == m["thread_ts"] && card["blocks"] != nil {
				return true
			}
		}
		return false
	})
}

func group(w workspace) {
	w.post("/control/group", map[string]any{"id": "S0000000SRE", "handle": "sre", "members": []string{"U00000DEV1"}})
	w.message("@sre has U00000DEV1")
	w.message("U00000DEV1 joined, U00ONCALL1 left")
}

// Slack's client waits as long as Retry-After says, and asks again.
func limit(w workspace) {
	w.post("/control/fault", map[string]any{"method": "usergroups.users.list", "http_status": 429, "retry_after": "1", "times": 2})
	w.act("slash", map[string]any{"text": "/busy"})
	w.private("dev", "members: U00000DEV1")
}

// What the app did not acknowledge comes again.
func lost(w workspace) {
	w.post("/control/next", map[string]any{"lose": 1})
	got := w.post("/sim/say", map[string]any{"as": "oncall", "channel": "C0DEPLOYS1", "text": "remember the eggs"})
	if got["delivery"] != "timed out" {
		w.t.Errorf("the first attempt: %v", got)
	}
	w.emoji("remember the eggs")
}

// Slack drops an acknowledgement of 20 KiB without a word, and the person sees that nobody answered. Bolt sends it.
func oversize(w workspace) {
	got := w.post("/sim/slash", map[string]any{"as": "dev", "channel": "C0DEPLOYS1", "text": "/echo " + strings.Repeat("a", 20<<10)})
	if got["delivery"] != "timed out" || !strings.Contains(got["text"].(string), "operation_timeout") {
		w.t.Errorf("the person saw %v", got)
	}
	if !violated(w, "oversize_ack") || !violated(w, "missed_ack") {
		w.t.Error("no violation tells of it")
	}
	w.post("/control/forget", map[string]any{})
}

// The client leaves at the warning, and comes back.
func refresh(w workspace) {
	w.post("/control/sockets", map[string]any{"do": "refresh"})
	w.wait("the end of the connection", "/control/sockets", func(a map[string]any) bool { return a["sockets"] == 0.0 })
	w.wait("a new connection", "/control/sockets", func(a map[string]any) bool { return a["sockets"] == 1.0 })
	if got := w.act("slash", map[string]any{"text": "/echo again"}); got != "at once: again" {
		w.t.Errorf("the ack showed %q", got)
	}
	w.message("card: again")
}

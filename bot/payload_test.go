package bot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"canarybot.io/bot"
	"canarybot.io/bot/cards"
	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
	"canarybot.io/store/mem"
)

// recorder notes what it is asked to change, and changes nothing.
type recorder struct {
	mu       sync.Mutex
	decided  []rollout.Decision
	launched []rollout.DeployRequest
	closed   []rollout.Closure
	pending  []rollout.Pending
}

// Await notes the deploy.
func (r *recorder) Await(_ context.Context, l rollout.DeployRequest, notBefore time.Time) (rollout.Pending, int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := rollout.Pending{ID: len(r.pending) + 1, Service: l.Service, NotBefore: notBefore, Request: rollout.Request{Version: l.Version, By: l.Actor}}
	r.pending = append(r.pending, p)
	return p, 0, nil
}

// Foresee foresees nothing.
func (r *recorder) Foresee(context.Context, rollout.DeployRequest, time.Time) (rollout.Outlook, error) {
	return rollout.Outlook{}, nil
}

// Leave knows nothing that is pending.
func (r *recorder) Leave(context.Context, rollout.QueueDecision) (rollout.Pending, error) {
	return rollout.Pending{}, rollout.Refuse(rollout.NotFound, rollout.Problem{Code: rollout.ProblemNotPending})
}

// Jump knows nothing that is pending.
func (r *recorder) Jump(context.Context, rollout.QueueDecision) (rollout.Pending, error) {
	return rollout.Pending{}, rollout.Refuse(rollout.NotFound, rollout.Problem{Code: rollout.ProblemNotPending})
}

// Told does nothing.
func (r *recorder) Told(context.Context, int) error { return nil }

// Deploy notes the request.
func (r *recorder) Deploy(_ context.Context, l rollout.DeployRequest) (rollout.Rollout, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.launched = append(r.launched, l)
	return rollout.Rollout{}, nil
}

// DeployTogether notes each of them.
func (r *recorder) DeployTogether(ctx context.Context, all []rollout.DeployRequest) ([]rollout.Rollout, error) {
	var made []rollout.Rollout
	for _, l := range all {
		one, err := r.Deploy(ctx, l)
		if err != nil {
			return nil, err
		}
		made = append(made, one)
	}
	return made, nil
}

// Outage reports none.
func (r *recorder) Outage() (rollout.Outage, bool) { return rollout.Outage{}, false }
func (r *recorder) Snapshot() []rollout.Rollout    { return nil }

// Close notes a freeze or a lock.
func (r *recorder) Close(_ context.Context, c rollout.Closure, _ rollout.DecisionID) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = append(r.closed, c)
	return nil
}

// Reopen ends nothing.
func (r *recorder) Reopen(context.Context, rollout.Reopening) ([]rollout.Closure, error) {
	return nil, nil
}

func (r *recorder) Checks(context.Context, rollout.Rollout) rollout.Verdict { return rollout.Verdict{} }

// Recheck does nothing.
func (r *recorder) Recheck(rollout.ID) {}

// DryRun does nothing.
func (r *recorder) DryRun(context.Context, rollout.DeployRequest) (rollout.Rollout, rollout.Preflight, error) {
	return rollout.Rollout{}, rollout.Preflight{}, nil
}

// DryRunTogether does nothing.
func (r *recorder) DryRunTogether(context.Context, []rollout.DeployRequest) []rollout.DryRun {
	return nil
}

// Decide notes the decision.
func (r *recorder) Decide(_ context.Context, _ rollout.ID, d rollout.Decision) (rollout.Rollout, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.decided = append(r.decided, d)
	return rollout.Rollout{}, nil
}

// everybody is a Slack in which every user exists and every answer arrives.
type everybody struct{}

// RoundTrip answers.
func (everybody) RoundTrip(r *http.Request) (*http.Response, error) {
	body := `{"ok":true}`
	switch {
	case strings.HasSuffix(r.URL.Path, "auth.test"):
		body = `{"ok":true,"team_id":"T1","user_id":"UBOT","user":"canarybot","url":"https://x.slack.com/"}`
	case strings.HasSuffix(r.URL.Path, "users.info"):
		body = `{"ok":true,"user":{"id":"U1","team_id":"T1"}}`
	}
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// pressed makes a bot around the recorder that has one live rollout, checkout-1 at turn 3, whose card is 1.000001 in
// the channel C1.
func pressed(t testing.TB) (*bot.Bot, *recorder, *prometheus.Registry) {
	t.Helper()
	store, rec := mem.New(mem.Options{}), &recorder{}
	r := rollout.Rollout{
		ID: "checkout-1", Service: "checkout", Turn: 3, Phase: rollout.Awaiting, Seq: 1, Spec: service().Spec,
	}
	entry := rollout.Entry{Rollout: r.ID, Seq: 1, Kind: rollout.EntryRequested}
	if err := store.Commit(t.Context(), rollout.Change{Rollout: r, Entries: []rollout.Entry{entry}}); err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	client := slack.New(slack.Config{APIURL: "http://slack.test/api/", HTTP: &http.Client{Transport: everybody{}}}, nil, registry)
	services := map[rollout.ServiceName]rollout.Service{"checkout": service()}
	b := bot.New(bot.Options{
		Slack: client, Cards: cards.New(cards.Options{Slack: client, Store: store, Notes: store, Services: services}),
		Rollouts: rec, Store: store, Environment: "production", Services: services,
	})
	if err := store.PutNote(t.Context(), "slack", "checkout-1", []byte(`{"channel":"C1","card":"1.000001","turn":3}`)); err != nil {
		t.Fatal(err)
	}
	return b, rec, registry
}

// press is a block_actions payload.
func press(value, action, channel, ts string) string {
	return fmt.Sprintf(`{"type":"block_actions","user":{"id":"U1","team_id":"T1"},"container":{"type":"message",
		"message_ts":%q,"channel_id":%q,"is_ephemeral":false},"trigger_id":"1.2.a","response_url":"http://slack.test/r",
		"actions":[{"type":"button","action_id":%q,"block_id":"b","value":%q}]}`, ts, channel, action, value)
}

func envelope(kind, payload string) []byte {
	return fmt.Appendf(nil, `{"envelope_id":"e1","type":%q,"payload":%s}`, kind, payload)
}

// deployState is what is filled in in a form.
const deployState = `{"service":{"canary.service":{"type":"static_select","selected_option":{"value":"checkout"}}},
	"version":{"canary.version/checkout":{"type":"external_select","selected_option":{"value":"v1"}}}}`

// inForm is a view_submission payload.
func inForm(callback, metadata, state string) string {
	return fmt.Sprintf(`{"type":"view_submission","user":{"id":"U1","team_id":"T1"},"trigger_id":"1.2.v","view":{"id":"V1","hash":"h",
		"type":"modal","callback_id":%q,"private_metadata":%q,"state":{"values":%s}}}`, callback, metadata, state)
}

func TestFormIsComparedWithTheStore(t *testing.T) {
	reason := `{"reason":{"canary.reason":{"type":"plain_text_input","value":"gone"}}}`
	for name, test := range map[string]struct {
		payload string
		decides bool
	}{
		"a reason":                    {inForm("canary.reason", "production/checkout-1/3/abandon", reason), true},
		"a reason of spaces":          {inForm("canary.reason", "production/checkout-1/3/abandon", strings.Replace(reason, "gone", "  ", 1)), false},
		"no reason":                   {inForm("canary.reason", "production/checkout-1/3/abandon", `{}`), false},
		"what wants none":             {inForm("canary.reason", "production/checkout-1/3/promote", reason), false},
		"another environment":         {inForm("canary.reason", "staging/checkout-1/3/abandon", reason), false},
		"no such rollout":             {inForm("canary.reason", "production/checkout-9/3/abandon", reason), false},
		"no value":                    {inForm("canary.reason", "", reason), false},
		"another form":                {inForm("other", "production/checkout-1/3/abandon", reason), false},
		"a deploy that was not shown": {inForm("canary.deploy", `{"seen":{"service":"checkout","version":"v1"}}`, deployState), false},
		"a deploy of nothing":         {inForm("canary.deploy", `{"seen":{}}`, `{}`), false},
		"a deploy and no metadata":    {inForm("canary.deploy", ``, deployState), false},
	} {
		t.Run(name, func(t *testing.T) {
			b, rec, _ := pressed(t)
			acks := 0
			b.Handle(t.Context(), envelope("interactive", test.payload), func([]byte) error { acks++; return nil })
			if got := len(rec.decided) == 1; got != test.decides || len(rec.launched) != 0 || acks != 1 {
				t.Errorf("decided %+v, launched %+v, %d acks", rec.decided, rec.launched, acks)
			}
		})
	}
}

func TestPressIsComparedWithTheCard(t *testing.T) {
	const good = "production/checkout-1/3/promote"
	for name, test := range map[string]struct {
		payload string
		counts  bool
	}{
		"from the card":               {press(good, "canary.promote", "C1", "1.000001"), true},
		"an older turn is decided on": {press("production/checkout-1/2/promote", "canary.promote", "C1", "1.000001"), true},
		"another message":             {press(good, "canary.promote", "C1", "1.000002"), false},
		"another channel":             {press(good, "canary.promote", "C2", "1.000001"), false},
		"another environment":         {press("staging/checkout-1/3/promote", "canary.promote", "C1", "1.000001"), false},
		"another action id":           {press(good, "canary.pause", "C1", "1.000001"), false},
		"an action that is none":      {press("production/checkout-1/3/deploy", "canary.deploy", "C1", "1.000001"), false},
		"a rollout that is none":      {press("production/checkout-9/3/promote", "canary.promote", "C1", "1.000001"), false},
		"an offer that was not made":  {press("production/checkout-1/3/back", "canary.back", "C1", "1.000001"), false},
		"abandon without a reason":    {press("production/checkout-1/3/abandon", "canary.abandon", "C1", "1.000001"), false},
		"no value":                    {press("", "canary.promote", "C1", "1.000001"), false},
		"a private message": {
			strings.Replace(press(good, "canary.promote", "C1", "1.000001"), `"is_ephemeral":false`, `"is_ephemeral":true`, 1), false,
		},
		"in the card's thread": {
			strings.Replace(press(good, "canary.promote", "C1", "1.000009"), `"is_ephemeral":false`, `"thread_ts":"1.000001"`, 1), true,
		},
		"no trigger": {strings.Replace(press(good, "canary.promote", "C1", "1.000001"), `"1.2.a"`, `""`, 1), false},
		"nobody":     {strings.Replace(press(good, "canary.promote", "C1", "1.000001"), `"id":"U1"`, `"id":""`, 1), false},
	} {
		t.Run(name, func(t *testing.T) {
			b, rec, _ := pressed(t)
			acks := 0
			b.Handle(t.Context(), envelope("interactive", test.payload), func([]byte) error { acks++; return nil })
			if got := len(rec.decided) == 1; got != test.counts {
				t.Errorf("decided %v, want %v", got, test.counts)
			}
			if len(rec.launched) != 0 {
				t.Error("something was launched")
			}
			if acks != 1 {
				t.Errorf("%d acks, want 1", acks)
			}
		})
	}
}

func TestUnreadablePayloadsAreAcknowledgedAndCounted(t *testing.T) {
	for _, raw := range []string{
		`{"envelope_id":"e1","type":"interactive","payload":{"type":7}}`,
		`{"envelope_id":"e1","type":"slash_commands","payload":[]}`,
		`{"envelope_id":"e1","type":"events_api","payload":"x"}`,
		`{"envelope_id":"e1","type":"something_new","payload":{}}`,
		`{"envelope_id":"e1","type":"interactive","payload":{"type":`,
		`{"envelope_id":"e1","type":7}`,
	} {
		b, rec, registry := pressed(t)
		var got string
		b.Handle(t.Context(), []byte(raw), func(ack []byte) error { got = string(ack); return nil })
		if got != `{"envelope_id":"e1"}` {
			t.Errorf("%s: ack %s", raw, got)
		}
		if n := counted(t, registry, "canary_slack_envelopes_total", "result=unreadable"); n != 1 {
			t.Errorf("%s: %v counted", raw, n)
		}
		if len(rec.decided)+len(rec.launched) != 0 {
			t.Errorf("%s changed something", raw)
		}
	}
}

func TestWhatIsNotForUsIsAcknowledgedQuietly(t *testing.T) {
	for _, raw := range [][]byte{
		envelope("interactive", `{"type":"view_submission","user":{"id":"U1"}}`),
		envelope("interactive", `{"type":"block_actions","user":{"id":"U1"},"trigger_id":"x","actions":[{"action_id":"other"}]}`),
		envelope("events_api", `{"event":{"type":"app_home_opened","user":"U1"}}`),
		envelope("events_api", `{"event":{"type":"app_mention","user":"U1","bot_id":"B1","ts":"1.1","channel":"C1","text":"deploy checkout v1"}}`),
	} {
		b, rec, registry := pressed(t)
		acks := 0
		b.Handle(t.Context(), raw, func([]byte) error { acks++; return nil })
		if n := counted(t, registry, "canary_slack_envelopes_total", "result=unreadable"); acks != 1 || len(rec.decided)+len(rec.launched) != 0 || n != 0 {
			t.Errorf("%s: %d acks, %v unreadable", raw, acks, n)
		}
	}
}

// What came in is recognised when it comes again, and the memory for that is bounded.
func TestTheLastRequestsAreRecognised(t *testing.T) {
	b, rec, registry := pressed(t)
	pause := func(trigger int) {
		payload := press("production/checkout-1/3/pause", "canary.pause", "C1", "1.000001")
		payload = strings.NewReplacer("1.2.a", fmt.Sprint(trigger), "http://slack.test/r", "").Replace(payload) // unanswered, to be quick
		b.Handle(t.Context(), envelope("interactive", payload), func([]byte) error { return nil })
	}
	for trigger := range 2001 {
		pause(trigger)
	}
	pause(2000) // again
	if n := counted(t, registry, "canary_slack_envelopes_total", "result=duplicate"); n != 1 || len(rec.decided) != 2001 {
		t.Errorf("%v duplicates, %d decisions", n, len(rec.decided))
	}
	pause(0) // forgotten here; the store remembers it
	if n := counted(t, registry, "canary_slack_envelopes_total", "result=duplicate"); n != 1 || len(rec.decided) != 2002 {
		t.Errorf("%v duplicates, %d decisions", n, len(rec.decided))
	}
}

// FuzzPress feeds raw action payloads: whatever they are, nothing panics, everything is acknowledged, and nothing is
// decided but what a button on the rollout's own card says.
func FuzzPress(f *testing.F) {
	for _, seed := range []string{
		press("production/checkout-1/3/promote", "canary.promote", "C1", "1.000001"),
		press("production/checkout-1/3/back", "canary.back", "C1", "1.000001"),
		press("staging/checkout-1/3/rollback", "canary.rollback", "C1", "1.000001"),
		strings.Replace(press("production/checkout-1/3/back", "canary.back", "C1", "1.000001"), `"is_ephemeral":false`, `"is_ephemeral":true`, 1),
		inForm("canary.reason", "production/checkout-1/3/abandon", `{"reason":{"canary.reason":{"type":"plain_text_input","value":"gone"}}}`),
		inForm("canary.deploy", `{"seen":{"service":"checkout","version":"v1"}}`, deployState),
		`{"type":"block_suggestion","user":{"id":"U1"},"action_id":"canary.version/checkout","block_id":"version","value":"v1"}`,
		`{"type":"message_action","callback_id":"canary.deploy_this","user":{"id":"U1"},"trigger_id":"1.2.b","message":{"text":"checkout v1","blocks":[{"text":{"text":"x"}}]}}`,
		`{"type":"shortcut","callback_id":"canary.deploy","user":{"id":"U1"},"trigger_id":"1.2.c"}`,
		strings.Replace(inForm("canary.deploy", "", deployState), `"view_submission"`, `"block_actions","container":{"type":"view"},"actions":[{"action_id":"canary.service"}]`, 1),
		`{"type":"block_actions"}`, `{"type":"block_actions","actions":null}`, `[]`, `null`, `{"type":{}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		b, rec, registry := pressed(t)
		raw := []byte(`{"envelope_id":"e1","type":"interactive","payload":`)
		raw = append(append(raw, payload...), '}')
		acks := 0
		b.Handle(t.Context(), raw, func([]byte) error { acks++; return nil })
		if acks != 1 && bytes.Contains(raw[:20], []byte("e1")) && json.Valid(raw) && !bytes.Contains(payload, []byte("envelope_id")) {
			t.Errorf("%d acks", acks)
		}
		if counted(t, registry, "canary_slack_envelopes_total", "result=panic") > 0 {
			t.Error("a handler panicked")
		}
		for _, d := range rec.decided {
			valid(t, payload, d)
		}
		for _, l := range rec.launched {
			if !l.Back || !bytes.Contains(payload, []byte("checkout-1")) {
				t.Errorf("launched %+v", l)
			}
		}
	})
}

// valid fails unless the payload says the decision, on the card.
func valid(t *testing.T, payload []byte, d rollout.Decision) {
	t.Helper()
	var p struct {
		Container struct {
			MessageTS string `json:"message_ts"`
			ThreadTS  string `json:"thread_ts"`
			ChannelID string `json:"channel_id"`
			Ephemeral bool   `json:"is_ephemeral"`
		} `json:"container"`
		Actions []struct {
			Value string `json:"value"`
		} `json:"actions"`
		View struct {
			Metadata string `json:"private_metadata"`
		} `json:"view"`
	}
	if err := json.Unmarshal(payload, &p); err != nil {
		return // it was made valid by what surrounds it
	}
	want := view.Value{Environment: "production", Rollout: "checkout-1", Turn: d.Turn, Action: d.Action}
	if p.View.Metadata == want.Encode() && d.Action == rollout.Abandon && d.Text != "" {
		return // a form that asked for the reason
	}
	c := p.Container
	if len(p.Actions) == 0 || p.Actions[0].Value != want.Encode() || c.ChannelID != "C1" || c.Ephemeral ||
		c.MessageTS != "1.000001" && c.ThreadTS != "1.000001" {
		t.Errorf("%+v was decided by %s", d, payload)
	}
}

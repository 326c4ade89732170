package slacksim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"canarybot.io/bot/slacksim"
)

// orderForm is a modal of the tests: a text that must be there, a choice that the app hears of, and one that it suggests.
const orderForm = `{"type":"modal","callback_id":"order","title":{"type":"plain_text","text":"Order"},
	"submit":{"type":"plain_text","text":"Send"},"notify_on_close":true,"private_metadata":"kept","blocks":[
	{"type":"input","block_id":"what","label":{"type":"plain_text","text":"What"},"element":{"type":"plain_text_input","action_id":"text","max_length":5}},
	{"type":"input","block_id":"size","dispatch_action":true,"optional":true,"label":{"type":"plain_text","text":"Size"},"element":{"type":"static_select","action_id":"pick","options":[
		{"text":{"type":"plain_text","text":"Small"},"value":"s"},{"text":{"type":"plain_text","text":"Large"},"value":"l"}]}},
	{"type":"input","block_id":"from","optional":true,"label":{"type":"plain_text","text":"From"},"element":{"type":"external_select","action_id":"search","min_query_length":2}},
	{"type":"input","block_id":"when","optional":true,"label":{"type":"plain_text","text":"When"},"element":{"type":"datetimepicker","action_id":"at"}},
	{"type":"actions","block_id":"more","elements":[{"type":"button","action_id":"again","text":{"type":"plain_text","text":"Again"}}]}]}`

// asker is an app that opens orderForm for each command, and answers what people do in it.
type asker struct {
	*bot
	sim *slacksim.Sim

	mu      sync.Mutex
	opened  []string // the ids of what it opened
	got     []slack.InteractionCallback
	answers func(slack.InteractionCallback) any // to what is done in a modal; nil: an empty ack
	trouble []error
}

func ask(t *testing.T, opts slacksim.Options, answers func(slack.InteractionCallback) any) *asker {
	t.Helper()
	opts.Users = []slacksim.User{{ID: "U00000DEV1", Name: "dev"}, {ID: "U00ONCALL1", Name: "oncall"}}
	a := &asker{sim: slacksim.Start(t, opts), answers: answers}
	a.bot = startBot(t, a.sim, a.handle)
	return a
}

func (a *asker) handle(client *socketmode.Client, e socketmode.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var payload any
	switch data := e.Data.(type) {
	case slack.SlashCommand:
		a.open(data.TriggerID)
	case slack.InteractionCallback:
		a.got = append(a.got, data)
		if a.answers != nil {
			payload = a.answers(data)
		}
	}
	if err := client.Ack(*e.Request, payload); err != nil {
		a.trouble = append(a.trouble, err)
	}
}

func (a *asker) open(trigger string) {
	id, err := a.view("views.open", map[string]any{"trigger_id": trigger, "view": json.RawMessage(orderForm)})
	if err != nil {
		a.trouble = append(a.trouble, err)
	}
	a.opened = append(a.opened, id)
}

// view calls a method with a view as it stands, which slack-go's own types would tidy up.
func (a *asker) view(method string, body map[string]any) (string, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, a.sim.APIURL()+method, bytes.NewReader(raw))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("Authorization", "Bearer "+a.sim.Bot().BotToken)
	resp, err := a.sim.HTTPClient().Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		OK    bool                `json:"ok"`
		Error string              `json:"error"`
		View  struct{ ID string } `json:"view"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return "", err
	}
	if !answer.OK {
		return "", errors.New(answer.Error)
	}
	return answer.View.ID, nil
}

// modal opens the form for somebody.
func (a *asker) modal(t *testing.T, user string) {
	t.Helper()
	if out, err := a.sim.As(user).Slash("#deploys", "/canary", ""); err != nil || out.Delivery != slacksim.Acked {
		t.Fatalf("open: %v, %v", out.Delivery, err)
	}
}

func (a *asker) shown(t *testing.T, user string) string {
	t.Helper()
	v, open := a.sim.Modal(user)
	if !open {
		return ""
	}
	return a.sim.PlainView(v)
}

func (a *asker) fill(t *testing.T, user, name, value string) slacksim.Outcome {
	t.Helper()
	out, err := a.sim.As(user).Fill(name, value)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWhatAnAppDoesWithASubmission(t *testing.T) {
	title := `{"type":"modal","title":{"type":"plain_text","text":"Thanks"},"blocks":[]}`
	for name, test := range map[string]struct {
		answer string // the ack's payload
		want   string // what the person sees, in part; empty: no modal
		breaks []slacksim.Kind
	}{
		"nothing closes it":              {"", "", nil},
		"clear closes all":               {`{"response_action":"clear"}`, "", nil},
		"errors stand under their field": {`{"response_action":"errors","errors":{"what":"Too dear."}}`, "What: [tea]\n  ✗ Too dear.", nil},
		"an update takes its place":      {`{"response_action":"update","view":` + title + `}`, "= Thanks =", nil},
		"a push lies on top":             {`{"response_action":"push","view":` + title + `}`, "= Thanks =", nil},
		"an error for a button": {
			`{"response_action":"errors","errors":{"more":"No."}}`, "We had some trouble connecting", []slacksim.Kind{slacksim.BadViewAnswer},
		},
		"an error for no block": {
			`{"response_action":"errors","errors":{"nosuch":"No."}}`, "We had some trouble connecting", []slacksim.Kind{slacksim.BadViewAnswer},
		},
		"errors without any": {`{"response_action":"errors","errors":{}}`, "We had some trouble connecting", []slacksim.Kind{slacksim.BadViewAnswer}},
		"an unknown action":  {`{"response_action":"close"}`, "We had some trouble connecting", []slacksim.Kind{slacksim.BadViewAnswer}},
		"something else":     {`"closed"`, "We had some trouble connecting", []slacksim.Kind{slacksim.BadViewAnswer}},
		"a view without title": {
			`{"response_action":"update","view":{"type":"modal","blocks":[]}}`, "We had some trouble connecting", []slacksim.Kind{slacksim.InvalidView},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := ask(t, slacksim.Options{}, func(c slack.InteractionCallback) any {
				if c.Type != slack.InteractionTypeViewSubmission || test.answer == "" {
					return nil
				}
				return json.RawMessage(test.answer)
			})
			a.sim.Expect(test.breaks...)
			a.modal(t, "dev")
			a.fill(t, "dev", "What", "tea")
			if out, err := a.sim.As("dev").Submit(); err != nil || out.Delivery != slacksim.Acked {
				t.Fatalf("submit: %v, %v", out.Delivery, err)
			}
			if got := a.shown(t, "dev"); (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
				t.Errorf("want %q in:\n%s", test.want, got)
			}
		})
	}
}

func TestSlackItselfChecksWhatIsFilledIn(t *testing.T) {
	t.Parallel()
	a := ask(t, slacksim.Options{}, nil)
	a.modal(t, "dev")
	for text, want := range map[string]string{"": "Please complete this required field.", "coffee": "Enter at most 5 characters."} {
		a.fill(t, "dev", "What", text)
		if out, err := a.sim.As("dev").Submit(); err != nil || out.Delivery != slacksim.Refused {
			t.Errorf("%q: %v, %v", text, out.Delivery, err)
		}
		if got := a.shown(t, "dev"); !strings.Contains(got, want) {
			t.Errorf("%q: want %q in:\n%s", text, want, got)
		}
	}
	if len(a.got) != 0 {
		t.Errorf("the app was told %d times", len(a.got))
	}
}

func TestAppHearsOfWhatItAskedToHear(t *testing.T) {
	t.Parallel()
	a := ask(t, slacksim.Options{}, nil)
	a.modal(t, "dev")
	if out := a.fill(t, "dev", "What", "tea"); out.Delivery != slacksim.Silent {
		t.Errorf("the app was told of a text: %v", out.Delivery)
	}
	if out := a.fill(t, "dev", "Size", "Large"); out.Delivery != slacksim.Acked {
		t.Errorf("the app was not told of a choice: %v", out.Delivery)
	}
	if _, err := a.sim.As("dev").PressModal("Again"); err != nil {
		t.Error(err)
	}
	if len(a.got) != 2 {
		t.Fatalf("the app was told %d times, want 2", len(a.got))
	}
	chosen := a.got[0]
	if got := chosen.ActionCallback.BlockActions[0]; got.ActionID != "pick" || got.SelectedOption.Value != "l" {
		t.Errorf("got %+v", got)
	}
	if state := chosen.View.State.Values; state["what"]["text"].Value != "tea" || state["size"]["pick"].SelectedOption.Value != "l" {
		t.Errorf("the state is %+v", state)
	}
	if chosen.View.PrivateMetadata != "kept" || chosen.View.Hash == "" || chosen.TriggerID == "" || chosen.Container.Type != "view" {
		t.Errorf("got %+v", chosen)
	}
	if got := a.got[1].ActionCallback.BlockActions[0].ActionID; got != "again" {
		t.Errorf("the button is %q", got)
	}
}

// A date and a time reach the app as seconds, as the page sends them or as a scenario writes them.
func TestDateAndTimeAreSeconds(t *testing.T) {
	t.Parallel()
	for entered, want := range map[string]int64{"1795442520": 1795442520, "2026-11-23 14:02": 1795442520} {
		a := ask(t, slacksim.Options{}, nil)
		a.modal(t, "dev")
		a.fill(t, "dev", "What", "tea")
		if _, err := a.sim.As("dev").Fill("When", "soon"); !errors.Is(err, slacksim.ErrNoOption) {
			t.Errorf("soon is taken: %v", err)
		}
		a.fill(t, "dev", "When", entered)
		if got := a.shown(t, "dev"); !strings.Contains(got, "When (optional): [Nov 23, 2026 at 14:02 UTC]") {
			t.Errorf("%s: it shows\n%s", entered, got)
		}
		if out, err := a.sim.As("dev").Submit(); err != nil || out.Delivery != slacksim.Acked {
			t.Fatalf("%v, %v", out.Delivery, err)
		}
		if got := a.got[0].View.State.Values["when"]["at"].SelectedDateTime; got != want {
			t.Errorf("%s: the app gets %d, want %d", entered, got, want)
		}
	}
}

func TestUpdateKeepsWhatIsFilledIn(t *testing.T) {
	t.Parallel()
	a := ask(t, slacksim.Options{}, nil)
	a.modal(t, "dev")
	a.fill(t, "dev", "What", "tea")
	a.fill(t, "dev", "Size", "Small")
	before, _ := a.sim.Modal("dev")
	other := strings.Replace(orderForm, `"action_id":"pick"`, `"action_id":"pick2"`, 1)
	update := func(hash string) error {
		_, err := a.view("views.update", map[string]any{"view_id": before.ID, "hash": hash, "view": json.RawMessage(other)})
		return err
	}
	if err := update(before.Hash); err != nil {
		t.Fatal(err)
	}
	if got := a.shown(t, "dev"); !strings.Contains(got, "What: [tea]") || !strings.Contains(got, "Size (optional): []") {
		t.Errorf("what was filled in stays where block and action are the same:\n%s", got)
	}
	if err := update(before.Hash); err == nil || err.Error() != "hash_conflict" {
		t.Errorf("an update of a state that is gone: %v", err)
	}
	if err := update(""); err != nil {
		t.Errorf("without a hash: %v", err)
	}
	if _, err := a.sim.As("dev").CloseModal(false); err != nil {
		t.Fatal(err)
	}
	if err := update(""); err == nil || err.Error() != "not_found" {
		t.Errorf("after it was closed: %v", err)
	}
}

func TestTriggerIsGoodOnceAndForThreeSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := ask(t, slacksim.Options{}, nil)
		a.sim.Expect(slacksim.BadTrigger)
		a.modal(t, "dev")
		used := a.requests(socketmode.EventTypeSlashCommand)[0].Data.(slack.SlashCommand).TriggerID
		open := func(trigger string) string {
			_, err := a.view("views.open", map[string]any{"trigger_id": trigger, "view": json.RawMessage(orderForm)})
			if err == nil {
				return ""
			}
			return err.Error()
		}
		if got := open(used); got != "exchanged_trigger_id" {
			t.Errorf("a second time: %q", got)
		}
		if got := open("1.2.abc"); got != "invalid_trigger_id" {
			t.Errorf("one that never was: %q", got)
		}
		a.fill(t, "dev", "Size", "Large")
		time.Sleep(3100 * time.Millisecond)
		if got := open(a.got[0].TriggerID); got != "expired_trigger_id" {
			t.Errorf("after three seconds: %q", got)
		}
	})
}

func TestStackHasThreeModals(t *testing.T) {
	t.Parallel()
	a := ask(t, slacksim.Options{}, nil)
	a.modal(t, "dev")
	var errs []string
	for range 3 {
		if _, err := a.sim.As("dev").PressModal("Again"); err != nil {
			t.Fatal(err)
		}
		_, err := a.view("views.push", map[string]any{"trigger_id": a.got[len(a.got)-1].TriggerID, "view": json.RawMessage(orderForm)})
		word := ""
		if err != nil {
			word = err.Error()
		}
		errs = append(errs, word)
	}
	if want := []string{"", "", "push_limit_reached"}; !slices.Equal(errs, want) {
		t.Errorf("pushes: %q, want %q", errs, want)
	}
	top, _ := a.sim.Modal("dev")
	if top.Depth != 2 {
		t.Errorf("%d lie below", top.Depth)
	}
	if _, err := a.sim.As("dev").CloseModal(false); err != nil {
		t.Fatal(err)
	}
	closed := a.got[len(a.got)-1]
	if closed.Type != slack.InteractionTypeViewClosed || closed.View.ID != top.ID || closed.IsCleared {
		t.Errorf("got %+v", closed)
	}
	if _, err := a.sim.As("dev").CloseModal(true); err != nil {
		t.Fatal(err)
	}
	closed = a.got[len(a.got)-1]
	if !closed.IsCleared || closed.View.ID != a.opened[0] {
		t.Errorf("the X is about the first: %+v", closed)
	}
	if got := a.shown(t, "dev"); got != "" {
		t.Errorf("left:\n%s", got)
	}
}

func TestSuggestionsAreAskedForAndChosenFrom(t *testing.T) {
	t.Parallel()
	offer := func(text string) map[string]any {
		return map[string]any{"text": map[string]any{"type": "plain_text", "text": text}, "value": strings.ToLower(text)}
	}
	a := ask(t, slacksim.Options{}, func(c slack.InteractionCallback) any {
		switch {
		case c.Type != slack.InteractionTypeBlockSuggestion:
			return nil
		case c.Value == "no":
			return map[string]any{"options": []any{}}
		case c.Value == "bad":
			return map[string]any{"options": []any{offer(strings.Repeat("x", 76))}}
		}
		return map[string]any{"option_groups": []any{map[string]any{
			"label": map[string]any{"type": "plain_text", "text": "Places"}, "options": []any{offer("Assam"), offer("Uva")},
		}}}
	})
	a.sim.Expect(slacksim.InvalidOptions)
	a.modal(t, "dev")
	for typed, want := range map[string]int{"u": 0, "uv": 2, "no": 0, "bad": 0} {
		got, err := a.sim.As("dev").Suggest("From", typed)
		if err != nil || len(got) != want {
			t.Errorf("%q: %d suggestions, want %d (%v)", typed, len(got), want, err)
		}
	}
	a.fill(t, "dev", "From", "Uva")
	if got := a.shown(t, "dev"); !strings.Contains(got, "From (optional): [Uva]") {
		t.Errorf("chosen:\n%s", got)
	}
	if _, err := a.sim.As("dev").Fill("From", "Mars"); !errors.Is(err, slacksim.ErrNoOption) {
		t.Errorf("what is not offered: %v", err)
	}
}

func TestHomeIsPublishedForOnePerson(t *testing.T) {
	t.Parallel()
	a := ask(t, slacksim.Options{}, nil)
	if out, err := a.sim.As("dev").OpenHome(); err != nil || out.Delivery != slacksim.Acked {
		t.Fatalf("open: %v, %v", out.Delivery, err)
	}
	home := func(user, hash, blocks string) string {
		_, err := a.view("views.publish", map[string]any{
			"user_id": user, "hash": hash, "view": json.RawMessage(`{"type":"home","blocks":` + blocks + `}`),
		})
		if err == nil {
			return ""
		}
		return err.Error()
	}
	hello := `[{"type":"section","text":{"type":"mrkdwn","text":"Hello"}},{"type":"actions","elements":[{"type":"button","action_id":"go","text":{"type":"plain_text","text":"Go"}}]}]`
	if got := home("U00000DEV1", "", hello); got != "" {
		t.Fatal(got)
	}
	v, open := a.sim.Home("dev")
	if _, other := a.sim.Home("oncall"); !open || other || a.sim.PlainView(v) != "Hello\n[ Go ]" {
		t.Errorf("dev sees %q", a.sim.PlainView(v))
	}
	if got := home("U00000DEV1", "1.old", hello); got != "hash_conflict" {
		t.Errorf("another state: %q", got)
	}
	if got := home("U0NOBODY00", "", hello); got != "user_not_found" {
		t.Errorf("nobody: %q", got)
	}
	if out, err := a.sim.As("dev").PressHome("Go"); err != nil || out.Delivery != slacksim.Acked || a.got[0].View.Type != slack.VTHomeTab {
		t.Errorf("press: %v, %v, %+v", out.Delivery, err, a.got)
	}
	a.sim.Expect(slacksim.InvalidView)
	if got := home("U00000DEV1", "", `[{"type":"plan","title":"x"}]`); got != "invalid_arguments" {
		t.Errorf("a block that is not for homes: %q", got)
	}
}

func TestShortcutsAreThoseOfTheApp(t *testing.T) {
	t.Parallel()
	a := ask(t, slacksim.Options{Shortcuts: []slacksim.Shortcut{
		{Name: "Order", CallbackID: "order"}, {Name: "Order this", CallbackID: "order_this", OnMessage: true},
	}}, nil)
	ts, err := a.sim.Say(slacksim.App{BotID: "B0CI000001", Name: "ci"}, "#deploys", "", "tea 2.1 is built")
	if err != nil {
		t.Fatal(err)
	}
	dev := a.sim.As("dev")
	if _, err := dev.Shortcut("Order this"); !errors.Is(err, slacksim.ErrNoShortcut) {
		t.Errorf("a message's shortcut without one: %v", err)
	}
	if _, err := dev.ShortcutOn("#deploys", "1.2", "Order this"); !errors.Is(err, slacksim.ErrNoMessage) {
		t.Errorf("on no message: %v", err)
	}
	if out, err := dev.Shortcut("Order"); err != nil || out.Delivery != slacksim.Acked {
		t.Errorf("%v, %v", out.Delivery, err)
	}
	if out, err := dev.ShortcutOn("#deploys", ts, "Order this"); err != nil || out.Delivery != slacksim.Acked {
		t.Errorf("%v, %v", out.Delivery, err)
	}
	global, on := a.got[0], a.got[1]
	if global.Type != slack.InteractionTypeShortcut || global.CallbackID != "order" || global.TriggerID == "" || global.ResponseURL != "" {
		t.Errorf("got %+v", global)
	}
	if on.Type != slack.InteractionTypeMessageAction || on.Message.Text != "tea 2.1 is built" || on.ResponseURL == "" || on.MessageTs != ts {
		t.Errorf("got %+v", on)
	}
}

func TestSubmissionThatNobodyAnswersStaysOpen(t *testing.T) {
	t.Parallel()
	a := ask(t, slacksim.Options{}, nil)
	a.modal(t, "dev")
	a.fill(t, "dev", "What", "tea")
	a.stop()
	wait(t, a.sim, func(s *slacksim.Sim) bool { return s.Connections() == 0 })
	if out, err := a.sim.As("dev").Submit(); err != nil || out.Delivery != slacksim.Undelivered {
		t.Fatalf("%v, %v", out.Delivery, err)
	}
	if got := a.shown(t, "dev"); !strings.Contains(got, "We had some trouble connecting. Try again?") {
		t.Errorf("got:\n%s", got)
	}
}

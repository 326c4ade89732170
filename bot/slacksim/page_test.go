package slacksim_test

import (
	"bufio"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/slack-go/slack"

	"canarybot.io/bot/slacksim"
)

const pageURL = "http://slack.test"

type pageState struct {
	Me       string
	Prefill  string
	Channels []struct {
		ID       string
		Messages []struct {
			TS, Text        string
			Private, Warned bool
		}
	}
}

// do sends a request to the page's API and returns status and body.
func do(t *testing.T, sim *slacksim.Sim, method, path, body string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, pageURL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := sim.HTTPClient().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var out strings.Builder
	if _, err := bufio.NewReader(resp.Body).WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	return resp, out.String()
}

func state(t *testing.T, sim *slacksim.Sim, as string) pageState {
	t.Helper()
	var s pageState
	_, body := do(t, sim, http.MethodGet, "/sim/state?as="+as, "")
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPageIsServedWithAStrictPolicy(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	resp, body := do(t, sim, http.MethodGet, "/", "")
	if resp.StatusCode != http.StatusOK || !strings.Contains(resp.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("status %d, policy %q", resp.StatusCode, resp.Header.Get("Content-Security-Policy"))
	}
	for _, m := range regexp.MustCompile(`(?:href|src)="(/[^"]+)"`).FindAllStringSubmatch(body, -1) {
		if resp, _ := do(t, sim, http.MethodGet, m[1], ""); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d", m[1], resp.StatusCode)
		}
	}
}

// The storybook is like every page: it loads only its own files. A story that is none is told by its name.
func TestStoriesAreServed(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{Page: slacksim.Page{Stories: fstest.MapFS{"card_one.json": {Data: []byte(`{"text":"one"}`)}}}})
	resp, body := do(t, sim, http.MethodGet, "/storybook", "")
	if !strings.Contains(resp.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("policy %q", resp.Header.Get("Content-Security-Policy"))
	}
	for _, m := range regexp.MustCompile(`(?:href|src)="(/sim/[^"#]+)`).FindAllStringSubmatch(body, -1) {
		if resp, _ := do(t, sim, http.MethodGet, m[1], ""); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d", m[1], resp.StatusCode)
		}
	}
	if _, got := do(t, sim, http.MethodGet, "/sim/stories", ""); !strings.Contains(got, `"stories":[{"name":"card_one","story":{"text":"one"}}]`) {
		t.Errorf("the stories are %s", got)
	}
	broken := slacksim.Start(t, slacksim.Options{Page: slacksim.Page{Stories: fstest.MapFS{"card_two.json": {Data: []byte(`{"text":`)}}}})
	if resp, got := do(t, broken, http.MethodGet, "/sim/stories", ""); resp.StatusCode != http.StatusInternalServerError || !strings.Contains(got, "card_two.json is no JSON") {
		t.Errorf("half a story: %d %s", resp.StatusCode, got)
	}
}

func TestPageNeverBuildsMarkupFromText(t *testing.T) {
	forbidden := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|\beval\(`)
	err := fs.WalkDir(os.DirFS("web"), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		src, err := os.ReadFile("web/" + path)
		if found := forbidden.Find(src); found != nil {
			t.Errorf("%s uses %s", path, found)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEachVisitorSeesTheirOwn(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{Page: slacksim.Page{Prefill: "/canary help"}})
	api := newAPI(sim)
	ts := postCard(t, api)
	if _, err := api.PostEphemeralContext(t.Context(), deploys, "U00000DEV1", slack.MsgOptionText("only you", false)); err != nil {
		t.Fatal(err)
	}
	if _, err := sim.As("dev").Press(deploys, ts, "promote"); err != nil {
		t.Fatal(err)
	}
	dev, oncall := state(t, sim, "U00000DEV1"), state(t, sim, "U00ONCALL1")
	if got := dev.Channels[0].Messages; len(got) != 2 || !got[0].Warned || !got[1].Private || dev.Prefill != "/canary help" {
		t.Errorf("dev sees %+v", got)
	}
	if got := oncall.Channels[0].Messages; len(got) != 1 || got[0].Warned {
		t.Errorf("oncall sees %+v", got)
	}
	if stranger := state(t, sim, "U0NOBODY00"); stranger.Me != "U00000DEV1" {
		t.Errorf("an unknown visitor is %q, want the default person", stranger.Me)
	}
}

func TestVisitorActsThroughThePage(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	b := startBot(t, sim, nil)
	ts := postCard(t, b.api)
	button := sim.Messages(deploys)[0].Buttons()[0]
	who := `"as":"U00000DEV1","channel":"` + deploys + `"`
	cases := []struct{ path, body, want string }{
		{"/sim/slash", `{` + who + `,"text":"/canary status"}`, `"delivery":"acked"`},
		{"/sim/slash", `{` + who + `,"text":"/canary promote","thread":"` + ts + `"}`, `"delivery":"refused"`},
		{"/sim/press", `{` + who + `,"ts":"` + ts + `","button":"` + button.BlockID + `/` + button.ActionID + `"}`, `"delivery":"acked"`},
		{"/sim/say", `{` + who + `,"thread":"` + ts + `","text":"@canarybot status"}`, `"delivery":"acked"`},
		{"/sim/say", `{` + who + `,"text":" "}`, "the message is empty"},
		{"/sim/press", `{` + who + `,"ts":"1.1","button":"x"}`, "no such message"},
		{"/sim/say", `nonsense`, "no JSON object"},
	}
	for _, c := range cases {
		if _, got := do(t, sim, http.MethodPost, c.path, c.body); !strings.Contains(got, c.want) {
			t.Errorf("POST %s %s = %s, want %s", c.path, c.body, got, c.want)
		}
	}
	sim.Outage(true)
	if resp, _ := do(t, sim, http.MethodPost, "/sim/say", `{`+who+`,"text":"hello"}`); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("saying something in an outage: status %d, want 503", resp.StatusCode)
	}
}

func TestOtherSitesCannotPressButtons(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	resp, _ := do(t, sim, http.MethodPost, "/sim/say", `{"as":"dev","channel":"deploys","text":"hello"}`, "Origin", "https://evil.example")
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("status = %d, want 403", resp.StatusCode)
	}
}

// openPage opens a page and returns what reads its next snapshot.
func openPage(t *testing.T, sim *slacksim.Sim) (next func() pageState) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, pageURL+"/sim/events?as=dev", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := sim.HTTPClient().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	stream := bufio.NewReader(resp.Body)
	return func() (s pageState) {
		t.Helper()
		for {
			line, err := stream.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if data, isData := strings.CutPrefix(line, "data: "); isData {
				if err := json.Unmarshal([]byte(data), &s); err != nil {
					t.Fatal(err)
				}
				return s
			}
		}
	}
}

// Two tabs with the first command in them would start it twice.
func TestTheFirstCommandIsTypedIntoOneTab(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{Page: slacksim.Page{Prefill: "/canary help"}})
	first, second := openPage(t, sim)(), openPage(t, sim)()
	if first.Prefill != "/canary help" || second.Prefill != "" {
		t.Errorf("the tabs have %q and %q", first.Prefill, second.Prefill)
	}
	do(t, sim, http.MethodPost, "/sim/say", `{"as":"U00000DEV1","channel":"`+deploys+`","text":"hello"}`)
	if again := state(t, sim, "U00000DEV1"); again.Prefill != "" {
		t.Errorf("after somebody typed something a tab has %q", again.Prefill)
	}
}

func TestChangesArePushed(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	next := openPage(t, sim)
	if first := next(); len(first.Channels[0].Messages) != 0 {
		t.Errorf("first snapshot = %+v", first)
	}
	if _, err := sim.As("oncall").Say("#deploys", "", "hello"); err != nil {
		t.Fatal(err)
	}
	if second := next(); len(second.Channels[0].Messages) != 1 || second.Channels[0].Messages[0].Text != "hello" {
		t.Errorf("second snapshot = %+v", second)
	}
}

// A visitor changes what they wrote, gives an emoji, and takes their message back.
func TestVisitorEditsReactsAndDeletes(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	ts := say(t, sim, "#deploys", "one")
	act := func(path, text string) int {
		resp, _ := do(t, sim, http.MethodPost, "/sim/"+path, `{"as":"dev","channel":"`+deploys+`","ts":"`+ts+`","text":"`+text+`"}`)
		return resp.StatusCode
	}
	if a, b := act("edit", "two"), act("react", "eyes"); a != http.StatusOK || b != http.StatusOK {
		t.Errorf("edit %d, react %d", a, b)
	}
	if act("react", ":no emoji:") == http.StatusOK {
		t.Error("an emoji that is none was taken")
	}
	if m, _ := sim.Message(deploys, ts); m.Text != "two" || len(m.Reactions) != 1 {
		t.Errorf("the message is %+v", m)
	}
	if got := act("delete", ""); got != http.StatusOK || len(sim.Messages(deploys)) != 0 {
		t.Errorf("delete %d, left are %+v", got, sim.Messages(deploys))
	}
}

// What a visitor gave, they take back, and nobody else does. What they upload everybody can load.
func TestVisitorUploadsAndTakesBackWhatTheyGave(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	post := func(path, body string) (int, string) {
		resp, got := do(t, sim, http.MethodPost, "/sim/"+path, body)
		return resp.StatusCode, got
	}
	address := "upload?as=dev&channel=" + deploys + "&name=../notes.txt"
	if code, got := post(address, "what I saw"); code != http.StatusOK {
		t.Fatalf("upload: %d %s", code, got)
	}
	m, f := sim.Messages(deploys)[0], sim.Files()[0]
	if f.Name != "notes.txt" || f.User != "U00000DEV1" || string(f.Content) != "what I saw" || m.User != f.User || m.Files[0] != f.ID {
		t.Errorf("%+v shows %+v", m, f)
	}
	if _, got := do(t, sim, http.MethodGet, "/sim/file/"+f.ID, ""); got != "what I saw" {
		t.Errorf("the file is %q", got)
	}
	for _, bad := range []struct{ address, body, says string }{
		{address, "", "from one byte"}, {"upload?as=dev&channel=" + deploys, "x", "it takes a name"},
		{address + "&thread=1.1", "x", "no such message"}, {"upload?as=dev&channel=C1&name=x", "x", "no such channel"},
	} {
		if code, got := post(bad.address, bad.body); code != http.StatusUnprocessableEntity || !strings.Contains(got, bad.says) {
			t.Errorf("%s %q: %d %s", bad.address, bad.body, code, got)
		}
	}
	react := func(how, who string) int {
		post(how, `{"as":"`+who+`","channel":"`+deploys+`","ts":"`+m.TS+`","text":"eyes"}`)
		got, _ := sim.Message(deploys, m.TS)
		return len(got.Reactions)
	}
	if a, b, c := react("react", "dev"), react("unreact", "oncall"), react("unreact", "dev"); a != 1 || b != 1 || c != 0 {
		t.Errorf("given %d, taken back by another %d, by themselves %d", a, b, c)
	}
}

// The page shows a person their modal and the app's home, and takes what they do there.
func TestPageHasModalsAndTheHome(t *testing.T) {
	t.Parallel()
	a := ask(t, slacksim.Options{Shortcuts: []slacksim.Shortcut{{Name: "Order", CallbackID: "order"}, {Name: "Order this", CallbackID: "this", OnMessage: true}}},
		func(c slack.InteractionCallback) any {
			switch c.Type {
			case slack.InteractionTypeBlockSuggestion:
				return json.RawMessage(`{"options":[{"text":{"type":"plain_text","text":"Uva"},"value":"uva"}]}`)
			case slack.InteractionTypeViewSubmission:
				return json.RawMessage(`{"response_action":"errors","errors":{"what":"Too dear."}}`)
			}
			return nil
		})
	post := func(what, body string) string {
		t.Helper()
		resp, got := do(t, a.sim, http.MethodPost, "/sim/"+what, body)
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", what, got)
		}
		return got
	}
	post("slash", `{"as":"dev","channel":"deploys","text":"/canary"}`)
	post("fill", `{"as":"dev","field":"what/text","text":"tea"}`)
	if got := post("suggest", `{"as":"dev","field":"from/search","text":"uv"}`); !strings.Contains(got, `"value":"uva"`) {
		t.Errorf("suggested %s", got)
	}
	post("fill", `{"as":"dev","field":"from/search","text":"uva"}`)
	post("submit", `{"as":"dev"}`)
	_, shown := do(t, a.sim, http.MethodGet, "/sim/state?as=dev", "")
	for _, want := range []string{`"title":"Order"`, `"initial_value":"tea"`, `"initial_option":`, `"what":"Too dear."`, `"onMessage":["Order this"]`, `"shortcuts":["Order"]`, `"home":null`} {
		if !strings.Contains(shown, want) {
			t.Errorf("the page lacks %s:\n%s", want, shown)
		}
	}
	if _, other := do(t, a.sim, http.MethodGet, "/sim/state?as=oncall", ""); !strings.Contains(other, `"modal":null`) {
		t.Error("somebody else sees the modal")
	}
	post("press-view", `{"as":"dev","button":"more/again"}`)
	post("close", `{"as":"dev","all":true}`)
	post("home", `{"as":"dev"}`)
	if got := post("shortcut", `{"as":"dev","text":"Order"}`); !strings.Contains(got, `"delivery":"acked"`) {
		t.Errorf("the shortcut answered %s", got)
	}
	if got := a.shown(t, "dev"); got != "" {
		t.Errorf("still open:\n%s", got)
	}
}

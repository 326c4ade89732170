package slacksim_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slack-go/slack"

	"canarybot.io/bot/slacksim"
)

// form posts a form to a method and returns status, headers and body.
func form(t *testing.T, sim *slacksim.Sim, method string, values url.Values) (*http.Response, map[string]any) {
	t.Helper()
	if !values.Has("token") {
		values.Set("token", sim.Bot().BotToken)
	}
	return send(t, sim, method, "application/x-www-form-urlencoded", values.Encode(), "")
}

func send(t *testing.T, sim *slacksim.Sim, method, contentType, body, bearer string) (*http.Response, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, sim.APIURL()+method, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := sim.HTTPClient().Do(req)
	if err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	if err := json.Unmarshal(raw, &answer); err != nil {
		t.Fatalf("%s answered %q: %v", method, raw, err)
	}
	return resp, answer
}

func TestTokens(t *testing.T) {
	cases := []struct {
		name, method, token, want string
	}{
		{"none", "auth.test", "", "not_authed"},
		{"wrong", "auth.test", "xoxb-other", "invalid_auth"},
		{"app token for a bot method", "auth.test", "xapp-slacksim-app", "not_allowed_token_type"},
		{"bot token for an app method", "apps.connections.open", "xoxb-slacksim-bot", "not_allowed_token_type"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			sim := slacksim.Start(t, slacksim.Options{})
			sim.Expect(slacksim.BadToken)
			_, got := send(t, sim, c.method, "application/json; charset=utf-8", "", c.token)
			if got["error"] != c.want {
				t.Errorf("error = %v, want %s", got["error"], c.want)
			}
		})
	}
}

func TestAppTokenBelongsInTheHeader(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	sim.Expect(slacksim.BadToken)
	_, got := form(t, sim, "apps.connections.open", url.Values{"token": {sim.Bot().AppToken}})
	if got["error"] != "missing_args" {
		t.Errorf("answer = %v, want missing_args", got)
	}
}

func TestUnknownMethod(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	sim.Expect(slacksim.UnknownMethod)
	_, got := form(t, sim, "chat.shout", url.Values{})
	if got["error"] != "unknown_method" || got["req_method"] != "chat.shout" {
		t.Errorf("answer = %v", got)
	}
}

func TestMissingScopeNamesWhatIsNeeded(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{Scopes: []string{"users:read", "channels:read"}})
	sim.Expect(slacksim.MissingScope)
	api := newAPI(sim)
	_, _, err := api.PostMessageContext(t.Context(), deploys, slack.MsgOptionText("hello", false))
	var refused slack.SlackErrorResponse
	if !errors.As(err, &refused) || refused.Err != "missing_scope" || refused.Needed != "chat:write" || refused.Provided != "users:read,channels:read" {
		t.Errorf("post = %+v, want missing_scope for chat:write", err)
	}
	if _, err := api.GetUserInfoContext(t.Context(), "U00000DEV1"); err != nil {
		t.Errorf("users.info with its scope: %v", err)
	}
}

func TestJSONWithoutCharsetIsWarnedAbout(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	_, got := send(t, sim, "auth.test", "application/json", "{}", sim.Bot().BotToken)
	if got["warning"] != "missing_charset" {
		t.Errorf("answer = %v, want the warning missing_charset", got)
	}
}

func TestMalformedBodies(t *testing.T) {
	cases := []struct{ name, contentType, body, want string }{
		{"broken JSON", "application/json; charset=utf-8", "{", "invalid_json"},
		{"unknown type", "text/csv", "a,b", "invalid_post_type"},
		{"no type", "", "a=b", "missing_post_type"},
		{"broken form", "application/x-www-form-urlencoded", "a=%zz", "invalid_form_data"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			sim := slacksim.Start(t, slacksim.Options{})
			sim.Expect(slacksim.BadArguments)
			if _, got := send(t, sim, "auth.test", c.contentType, c.body, sim.Bot().BotToken); got["error"] != c.want {
				t.Errorf("error = %v, want %s", got["error"], c.want)
			}
		})
	}
}

func TestCallWithoutBodyAndTypeIsFine(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	if _, got := send(t, sim, "auth.test", "", "", sim.Bot().BotToken); got["ok"] != true {
		t.Errorf("answer = %v, want ok", got)
	}
}

func TestTierLimitAnswersRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{Limits: slacksim.Limits{Tier4: 3}})
		api := newAPI(sim)
		for range 3 {
			if _, err := api.GetUserInfoContext(t.Context(), "U00000DEV1"); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(20 * time.Second)
		_, err := api.GetUserInfoContext(t.Context(), "U00000DEV1")
		var limited *slack.RateLimitedError
		if !errors.As(err, &limited) || limited.RetryAfter != 40*time.Second {
			t.Fatalf("fourth call = %v, want to come back in 40s", err)
		}
		if _, err := api.AuthTestContext(t.Context()); err != nil {
			t.Errorf("another method is blocked too: %v", err)
		}
		time.Sleep(limited.RetryAfter)
		if _, err := api.GetUserInfoContext(t.Context(), "U00000DEV1"); err != nil {
			t.Errorf("call after Retry-After: %v", err)
		}
	})
}

func TestIgnoringRetryAfterIsAViolation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{Limits: slacksim.Limits{Tier4: 1}})
		api := newAPI(sim)
		for range 2 {
			_, _ = api.GetUserInfoContext(t.Context(), "U00000DEV1")
		}
		_, _ = api.GetUserInfoContext(t.Context(), "U00000DEV1") // on its way already: forgiven
		if got := sim.Violations(); len(got) != 0 {
			t.Errorf("violations = %v, want none yet", got)
		}
		sim.Expect(slacksim.IgnoredRetryAfter)
		time.Sleep(5 * time.Second)
		_, _ = api.GetUserInfoContext(t.Context(), "U00000DEV1")
	})
}

func TestChannelTakesAboutOnePostPerSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{Limits: slacksim.Limits{PostBurst: 3}})
		api := newAPI(sim)
		for range 3 {
			post(t, api, slack.MsgOptionText("burst", false))
		}
		_, _, err := api.PostMessageContext(t.Context(), deploys, slack.MsgOptionText("too fast", false))
		var limited *slack.RateLimitedError
		if !errors.As(err, &limited) || limited.RetryAfter != time.Second {
			t.Errorf("fourth post = %v, want to come back in 1s", err)
		}
		for range 5 {
			time.Sleep(time.Second)
			post(t, api, slack.MsgOptionText("paced", false))
		}
		sim.Expect(slacksim.PostingTooFast)
		for range 20 {
			_, _, _ = api.PostMessageContext(t.Context(), deploys, slack.MsgOptionText("too fast", false))
		}
	})
}

func TestLimitsCanBeSwitchedOff(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{Limits: slacksim.Limits{Tier4: 1}})
	sim.SetRateLimits(false)
	for range 5 {
		if _, err := newAPI(sim).GetUserInfoContext(t.Context(), "U00000DEV1"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFaults(t *testing.T) {
	hello := slack.MsgOptionText("hello", false)
	cases := []struct {
		name     string
		fault    slacksim.Fault
		want     string
		messages int
	}{
		{"HTTP 500", slacksim.Fault{HTTPStatus: 500, Times: 1}, "500", 0},
		{"ok false", slacksim.Fault{Error: "fatal_error", Times: 1}, "fatal_error", 0},
		{"lost request", slacksim.Fault{LoseRequest: true, Times: 1}, "EOF", 0},
		{"lost response after the effect", slacksim.Fault{LoseResponse: true, Times: 1}, "EOF", 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			sim := slacksim.Start(t, slacksim.Options{})
			api := newAPI(sim)
			sim.SetFault("chat.postMessage", c.fault)
			_, _, err := api.PostMessageContext(t.Context(), deploys, hello)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("post = %v, want an error with %q", err, c.want)
			}
			if n := len(sim.Messages("#deploys")); n != c.messages {
				t.Errorf("messages = %d, want %d", n, c.messages)
			}
			if _, _, err := api.PostMessageContext(t.Context(), deploys, hello); err != nil {
				t.Errorf("the fault was for one call, but then: %v", err)
			}
		})
	}
}

func TestSocketsDoNotUseUpFaultsOfMethods(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	url := socketURL(t, sim)
	sim.SetFault(slacksim.AnyMethod, slacksim.Fault{Error: "fatal_error", Times: 1})
	dialRaw(t, sim, url).next()
	if _, err := newAPI(sim).AuthTestContext(t.Context()); err == nil {
		t.Error("the fault was used up by a socket")
	}
}

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		sim.SetFault(slacksim.AnyMethod, slacksim.Fault{Latency: 7 * time.Second})
		began := time.Now()
		if _, err := newAPI(sim).AuthTestContext(t.Context()); err != nil || time.Since(began) != 7*time.Second {
			t.Errorf("auth.test = %v after %s, want 7s", err, time.Since(began))
		}
	})
}

func TestIdentityAndDirectory(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{
		Channels: []slacksim.Channel{
			{ID: deploys, Name: "deploys"},
			{ID: "C0OLDNEWS1", Name: "old", Archived: true},
			{ID: "G0SECRETS1", Name: "secrets", Private: true},
			{ID: "G0HIDDEN01", Name: "hidden", Private: true, BotAbsent: true},
		},
		Users: []slacksim.User{{ID: "U000GUEST1", Name: "guest", UltraRestricted: true, TeamID: "T0ELSEWHER"}},
	})
	api := newAPI(sim)
	if me, err := api.AuthTestContext(t.Context()); err != nil || me.UserID != sim.Bot().UserID || me.BotID != sim.Bot().BotID {
		t.Errorf("auth.test = %+v, %v", me, err)
	}
	u, err := api.GetUserInfoContext(t.Context(), "U000GUEST1")
	if err != nil || !u.IsUltraRestricted || u.TeamID != "T0ELSEWHER" {
		t.Errorf("users.info = %+v, %v", u, err)
	}
	list, next, err := api.GetConversationsForUserContext(t.Context(), &slack.GetConversationsForUserParameters{
		Types: []string{"public_channel", "private_channel"}, ExcludeArchived: true, Limit: 1,
	})
	if err != nil || len(list) != 1 || next == "" {
		t.Fatalf("first page = %v, %q, %v", list, next, err)
	}
	rest, next, err := api.GetConversationsForUserContext(t.Context(), &slack.GetConversationsForUserParameters{
		Types: []string{"public_channel", "private_channel"}, ExcludeArchived: true, Limit: 1, Cursor: next,
	})
	if err != nil || len(rest) != 1 || next != "" || rest[0].Name != "secrets" {
		t.Errorf("second page = %v, %q, %v; want secrets alone, without old and hidden", rest, next, err)
	}
	if _, err := api.GetConversationInfoContext(t.Context(), &slack.GetConversationInfoInput{ChannelID: "G0HIDDEN01"}); err == nil {
		t.Error("conversations.info shows a private channel the bot is not in")
	}
}

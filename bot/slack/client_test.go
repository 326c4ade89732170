package slack_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	slackgo "github.com/slack-go/slack"
	"go.uber.org/goleak"

	"canarybot.io/bot/slack"
	"canarybot.io/bot/slacksim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const channel = "C0DEPLOYS1"

// inSlack runs a test in a bubble with a client of a simulated Slack.
func inSlack(t *testing.T, test func(*testing.T, *slacksim.Sim, *slack.Client)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		test(t, sim, slack.New(slack.Config{
			Tokens: sim.Bot().Tokens, APIURL: sim.APIURL(), HTTP: sim.HTTPClient(), Dial: sim.Dial,
		}, nil, nil))
	})
}

func text(s string) slack.Message {
	return slack.Message{Text: s, Blocks: []slackgo.Block{
		slackgo.NewSectionBlock(slackgo.NewTextBlockObject(slackgo.MarkdownType, s, false, true), nil, nil),
	}}
}

func TestAMarkedMessageIsFoundAgain(t *testing.T) {
	inSlack(t, func(t *testing.T, _ *slacksim.Sim, c *slack.Client) {
		began := time.Now()
		post := func(in slack.Place, mark slack.Mark) string {
			ts, err := c.Post(t.Context(), in, text("hello"), mark)
			if err != nil {
				t.Fatal(err)
			}
			return ts
		}
		root := slack.Place{Channel: channel}
		post(root, nil)
		card := post(root, slack.Mark{"seq": 0})
		thread := slack.Place{Channel: channel, Thread: card}
		reply := post(thread, slack.Mark{"seq": 7})
		for name, test := range map[string]struct {
			in   slack.Place
			seq  float64
			want string
		}{
			"in the channel":                   {root, 0, card},
			"in the thread":                    {thread, 7, reply},
			"a reply is not in the channel":    {root, 7, ""},
			"what was not posted is not found": {thread, 8, ""},
		} {
			got, err := c.Find(t.Context(), test.in, began, func(m slack.Mark) bool { return m["seq"] == test.seq })
			if err != nil || got != test.want {
				t.Errorf("%s: got %q, %v, want %q", name, got, err, test.want)
			}
		}
	})
}

func TestWhatIsKnownOfACallThatFailed(t *testing.T) {
	for name, test := range map[string]struct {
		fault   slacksim.Fault
		outcome slack.Outcome
		code    string
	}{
		"Slack says no":             {slacksim.Fault{Error: "channel_not_found"}, slack.Refused, "channel_not_found"},
		"Slack's own trouble":       {slacksim.Fault{Error: "internal_error"}, slack.Lost, "internal_error"},
		"an error of HTTP":          {slacksim.Fault{HTTPStatus: 500}, slack.Lost, ""},
		"the answer is lost":        {slacksim.Fault{LoseResponse: true}, slack.Lost, ""},
		"the answer takes too long": {slacksim.Fault{Latency: time.Minute}, slack.Lost, ""},
		"a gateway says no":         {slacksim.Fault{HTTPStatus: 403}, slack.Refused, "http_403"},
		"a gateway gives up":        {slacksim.Fault{HTTPStatus: 408}, slack.Lost, ""},
		"a word nobody knows":       {slacksim.Fault{Error: "no_such_word_yet"}, slack.Refused, "no_such_word_yet"},
		"a redirect":                {slacksim.Fault{HTTPStatus: 307, Location: "http://evil.example/"}, slack.Refused, "http_307"},
	} {
		t.Run(name, func(t *testing.T) {
			inSlack(t, func(t *testing.T, sim *slacksim.Sim, c *slack.Client) {
				sim.SetFault(slack.MethodPost, test.fault)
				_, err := c.Post(t.Context(), slack.Place{Channel: channel}, text("hello"), nil)
				if err == nil || slack.OutcomeOf(err) != test.outcome || slack.CodeOf(err) != test.code {
					t.Errorf("got %v (%v, %q), want %v, %q", err, slack.OutcomeOf(err), slack.CodeOf(err), test.outcome, test.code)
				}
			})
		})
	}
}

// However Slack says that there are too many calls, the method stays closed for as long as it tells, else for a growing
// while.
func TestARateLimitClosesTheMethod(t *testing.T) {
	date := time.Date(2000, 1, 1, 0, 0, 40, 0, time.UTC).Format(http.TimeFormat) // the bubble's clock begins in that year
	for name, test := range map[string]struct {
		fault slacksim.Fault
		want  time.Duration
	}{
		"429, and for how long":           {slacksim.Fault{HTTPStatus: 429, RetryAfter: "30"}, 30 * time.Second},
		"429, and until when":             {slacksim.Fault{HTTPStatus: 429, RetryAfter: date}, 40 * time.Second},
		"429, and nothing else":           {slacksim.Fault{HTTPStatus: 429}, 5 * time.Second},
		"429, and no number":              {slacksim.Fault{HTTPStatus: 429, RetryAfter: "soon"}, 5 * time.Second},
		"429, and not a number":           {slacksim.Fault{HTTPStatus: 429, RetryAfter: "NaN"}, 5 * time.Second},
		"429, at once":                    {slacksim.Fault{HTTPStatus: 429, RetryAfter: "0"}, 5 * time.Second},
		"429, before now":                 {slacksim.Fault{HTTPStatus: 429, RetryAfter: "-7"}, 5 * time.Second},
		"429, a part of a second":         {slacksim.Fault{HTTPStatus: 429, RetryAfter: "0.2"}, time.Second},
		"429, for longer than the sun":    {slacksim.Fault{HTTPStatus: 429, RetryAfter: "99999999999999999999"}, time.Hour},
		"the word":                        {slacksim.Fault{Error: "ratelimited"}, 5 * time.Second},
		"the word, and for how long":      {slacksim.Fault{Error: "ratelimited", RetryAfter: "20"}, 20 * time.Second},
		"the word as it is written too":   {slacksim.Fault{Error: "rate_limited"}, 5 * time.Second},
		"the word for too many messages":  {slacksim.Fault{Error: "message_limit_exceeded"}, 5 * time.Second},
		"the word in an answer of status": {slacksim.Fault{HTTPStatus: 429, Error: "ratelimited"}, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inSlack(t, func(t *testing.T, sim *slacksim.Sim, c *slack.Client) {
				sim.SetFault(slack.MethodPost, test.fault)
				now := time.Now()
				_, err := c.Post(t.Context(), slack.Place{Channel: channel}, text("hello"), nil)
				if slack.OutcomeOf(err) != slack.RateLimited {
					t.Fatalf("got %v", err)
				}
				if got := c.FreeAt(now, slack.MethodPost, "", slack.NoReserve).Sub(now); got != test.want {
					t.Errorf("closed for %s, want %s", got, test.want)
				}
				if free := c.FreeAt(now, slack.MethodUpdate, "", slack.NoReserve); free.After(now) {
					t.Error("another method is closed too")
				}
			})
		})
	}
}

// A limit that goes on is asked about less and less often; a call that works ends that.
func TestAnUntoldRateLimitGrows(t *testing.T) {
	inSlack(t, func(t *testing.T, sim *slacksim.Sim, c *slack.Client) {
		closed := func() time.Duration {
			now := time.Now()
			_, _ = c.Post(t.Context(), slack.Place{Channel: channel}, text("hello"), nil)
			wait := c.FreeAt(now, slack.MethodPost, "", slack.NoReserve).Sub(now)
			time.Sleep(max(wait, time.Minute))
			return wait
		}
		sim.SetFault(slack.MethodPost, slacksim.Fault{Error: "ratelimited"})
		for _, want := range []time.Duration{5, 10, 20, 40, 80, 160, 300, 300} {
			if got := closed(); got != want*time.Second {
				t.Errorf("closed for %s, want %s", got, want*time.Second)
			}
		}
		sim.ClearFaults()
		if got := closed(); got != 0 {
			t.Errorf("closed for %s by a call that worked", got)
		}
		sim.SetFault(slack.MethodPost, slacksim.Fault{Error: "ratelimited", Times: 1})
		if got := closed(); got != 5*time.Second {
			t.Errorf("closed for %s, want 5s as at first", got)
		}
	})
}

// The token goes to nobody that Slack, or whoever answers in its place, names.
func TestNoRedirectIsFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		var asked []string
		c := slack.New(slack.Config{Tokens: func() (bot, app string) { return "xoxb-secret", "xapp-secret" }, HTTP: &http.Client{
			Transport: transport(func(r *http.Request) (*http.Response, error) {
				asked = append(asked, r.URL.Host)
				return &http.Response{StatusCode: status, Header: http.Header{"Location": {"https://evil.example/api/"}},
					Body: http.NoBody, Request: r}, nil
			}),
		}}, nil, nil)
		_, err := c.Post(t.Context(), slack.Place{Channel: channel}, text("hello"), nil)
		if !slices.Equal(asked, []string{"slack.com"}) {
			t.Errorf("%d: asked %q", status, asked)
		}
		if err == nil || !strings.Contains(err.Error(), `redirect to "evil.example"`) {
			t.Errorf("%d: got %v", status, err)
		}
		asked = nil
		_ = c.Respond(t.Context(), slack.ResponseURL{URL: "https://hooks.slack.com/commands/T1/2/3"}, slack.Message{Text: "hello"})
		if !slices.Equal(asked, []string{"hooks.slack.com"}) {
			t.Errorf("%d: asked %q for an answer", status, asked)
		}
	}
}

// transport answers in the network's place.
type transport func(*http.Request) (*http.Response, error)

// RoundTrip answers.
func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// What a private answer's address holds is as good as a password.
func TestNoErrorQuotesASecretAddress(t *testing.T) {
	c := slack.New(slack.Config{HTTP: &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
		return nil, errors.New("connection reset by peer")
	})}}, nil, nil)
	err := c.Respond(t.Context(), slack.ResponseURL{URL: "https://hooks.slack.com/commands/T1/2/SECRET"}, text("hello"))
	if err == nil || strings.Contains(err.Error(), "SECRET") || !strings.Contains(err.Error(), "hooks.slack.com: connection reset") {
		t.Errorf("got %v", err)
	}
}

// A message whose form Slack refuses loses what it can do without, and is sent all the same.
func TestARefusedFormIsSoftened(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for name, test := range map[string]struct {
		refused func(url.Values) string // the word; empty: taken
		text    int
		blocks  bool
	}{
		"its blocks":           {func(v url.Values) string { return when(v.Get("blocks") != "[]", "invalid_blocks") }, 5000, false},
		"its length":           {func(v url.Values) string { return when(len(v.Get("text")) > 4000, "msg_too_long") }, 1002, true},
		"its length, by words": {func(v url.Values) string { return when(len(v.Get("text")) > 4000, "text_too_long") }, 1002, true},
		"whatever it is long":  {func(v url.Values) string { return when(v.Get("blocks") != "[]", "msg_too_long") }, 1002, false},
	} {
		t.Run(name, func(t *testing.T) {
			var last url.Values
			c := slack.New(slack.Config{HTTP: &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
				_ = r.ParseForm()
				last = r.PostForm
				body := `{"ok":true}`
				if word := test.refused(last); word != "" {
					body = `{"ok":false,"error":"` + word + `"}`
				}
				return answer(r, body), nil
			})}}, nil, nil)
			err := c.Update(t.Context(), channel, "1.1", slack.Message{Text: long, Blocks: text("hello").Blocks})
			if err != nil || len(last.Get("text")) != test.text || (last.Get("blocks") != "[]") != test.blocks {
				t.Errorf("sent %d characters and blocks %s, %v", len(last.Get("text")), last.Get("blocks"), err)
			}
		})
	}
}

// answer is one of Slack's.
func answer(r *http.Request, body string) *http.Response {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}
}

// refuseDial counts what is dialled.
func refuseDial(n *atomic.Int32) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		n.Add(1)
		return nil, errors.New("refused")
	}
}

func when(holds bool, word string) string {
	if holds {
		return word
	}
	return ""
}

// What helps after a word of Slack's, by the words that people's workspaces have brought.
func TestRemedies(t *testing.T) {
	for remedy, words := range map[slack.Remedy]string{
		slack.AnotherMessage: "edit_window_closed cant_update_message message_not_found thread_not_found a_word_of_next_year",
		slack.AnotherChannel: "restricted_action not_in_channel is_archived is_inactive channel_not_found restricted_action_read_only_channel",
		slack.Permission:     "no_permission token_revoked invalid_auth missing_scope account_inactive http_403 http_307",
		slack.LaterAgain:     "internal_error fatal_error service_unavailable",
		slack.Slower:         "ratelimited rate_limited message_limit_exceeded",
		slack.LessText:       "msg_too_long",
		slack.PlainText:      "invalid_blocks msg_blocks_too_long",
		slack.OurDefect:      "no_text invalid_arguments unknown_method",
	} {
		for word := range strings.FieldsSeq(words) {
			if got := slack.RemedyFor(word); got != remedy {
				t.Errorf("%s: %v, want %v", word, got, remedy)
			}
		}
	}
}

func TestRefusedBlocksGoAsText(t *testing.T) {
	inSlack(t, func(t *testing.T, sim *slacksim.Sim, c *slack.Client) {
		sim.SetFault(slack.MethodPost, slacksim.Fault{Error: "invalid_blocks", Times: 1})
		ts, err := c.Post(t.Context(), slack.Place{Channel: channel}, text("hello"), nil)
		if m, ok := sim.Message(channel, ts); err != nil || !ok || m.Text != "hello" || m.Blocks != nil {
			t.Errorf("posted %q with blocks %s, %v", m.Text, m.Blocks, err)
		}
	})
}

func TestMembership(t *testing.T) {
	for name, test := range map[string]struct {
		put  slacksim.Channel
		ask  string
		want slack.Membership
	}{
		"joined, by name":    {slacksim.Channel{ID: "C0000TEAM1", Name: "team"}, "#team", slack.Joined},
		"joined, by id":      {slacksim.Channel{ID: "C0000TEAM1", Name: "team"}, "C0000TEAM1", slack.Joined},
		"joined, private":    {slacksim.Channel{ID: "C0000TEAM1", Name: "team", Private: true}, "#team", slack.Joined},
		"not joined":         {slacksim.Channel{ID: "C0000TEAM1", Name: "team", BotAbsent: true}, "C0000TEAM1", slack.NotJoined},
		"not joined, a name": {slacksim.Channel{ID: "C0000TEAM1", Name: "team", BotAbsent: true}, "#team", slack.NotJoined},
		"no such channel":    {slacksim.Channel{ID: "C0000TEAM1", Name: "team"}, "C000OTHER1", slack.NoSuchChannel},
		"archived":           {slacksim.Channel{ID: "C0000TEAM1", Name: "team", Archived: true}, "C0000TEAM1", slack.Archived},
	} {
		t.Run(name, func(t *testing.T) {
			inSlack(t, func(t *testing.T, sim *slacksim.Sim, c *slack.Client) {
				sim.PutChannel(test.put)
				if got, err := c.Membership(t.Context(), test.ask); err != nil || got != test.want {
					t.Errorf("got %v, %v, want %v", got, err, test.want)
				}
			})
		})
	}
}

func TestMembersAreLookedUpOnceAMinute(t *testing.T) {
	inSlack(t, func(t *testing.T, sim *slacksim.Sim, c *slack.Client) {
		member := func() bool {
			t.Helper()
			is, err := c.Person(t.Context(), "U00000DEV1")
			if err != nil {
				t.Fatal(err)
			}
			return is.Member
		}
		if !member() {
			t.Error("not a member")
		}
		sim.PutUser(slacksim.User{ID: "U00000DEV1", Name: "dev", Deactivated: true})
		if !member() {
			t.Error("looked up again at once")
		}
		time.Sleep(time.Minute)
		if member() {
			t.Error("still a member a minute after being deactivated")
		}
		sim.Outage(true)
		time.Sleep(time.Hour)
		if _, err := c.Person(t.Context(), "U00000DEV1"); err == nil {
			t.Error("an answer during an outage")
		}
		if is, known := c.LastKnown("U00000DEV1"); is || !known {
			t.Errorf("last known: %v, %v", is, known)
		}
	})
}

// A connection that is closed by us waits until what it brought is done.
func TestConnectionsCloseOnceEnvelopesAreDone(t *testing.T) {
	inSlack(t, func(t *testing.T, sim *slacksim.Sim, c *slack.Client) {
		connections := slack.NewConnections(c, func(context.Context, int, int) {})
		if err := connections.Ready(); err == nil || !strings.Contains(err.Error(), "not connected") {
			t.Errorf("Ready() = %v before it runs", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		envelopes, ended := make(chan *slack.Envelope, 1), make(chan struct{})
		go func() {
			defer close(ended)
			connections.Run(ctx, func(e *slack.Envelope) { envelopes <- e })
		}()
		time.Sleep(10 * time.Second)
		if err := connections.Ready(); err != nil || sim.Connections() != 2 {
			t.Errorf("%d connections, %v", sim.Connections(), err)
		}
		pending, err := sim.As("dev").StartSlash(channel, "", "/canary", "help")
		if err != nil {
			t.Fatal(err)
		}
		e := <-envelopes
		cancel()
		time.Sleep(time.Second)
		select {
		case <-ended:
			t.Error("it ended with an envelope that is not done")
		default:
		}
		carried, err := e.Ack(slack.Reply{Message: &slack.Message{Text: "here"}})
		e.Done()
		<-ended
		if out := pending.Outcome(); err != nil || !carried || out.Delivery != slacksim.Acked || out.Text != "here" {
			t.Errorf("ack: %v, %v, %v, %q", carried, err, out.Delivery, out.Text)
		}
	})
}

func TestNoOtherURLIsCalled(t *testing.T) {
	inSlack(t, func(t *testing.T, _ *slacksim.Sim, c *slack.Client) {
		err := c.Respond(t.Context(), slack.ResponseURL{URL: "http://169.254.169.254/latest/meta-data"}, text("hello"))
		var e *slack.Error
		if err == nil || errors.As(err, &e) {
			t.Errorf("got %v", err)
		}
	})
}

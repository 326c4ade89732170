package slack_test

import (
	"context"
	"errors"
	"strings"
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

func TestARateLimitClosesTheMethod(t *testing.T) {
	inSlack(t, func(t *testing.T, sim *slacksim.Sim, c *slack.Client) {
		sim.SetFault(slack.MethodPost, slacksim.Fault{HTTPStatus: 429, Times: 1})
		_, err := c.Post(t.Context(), slack.Place{Channel: channel}, text("hello"), nil)
		if slack.OutcomeOf(err) != slack.RateLimited {
			t.Fatalf("got %v", err)
		}
		now := time.Now()
		if free := c.FreeAt(now, slack.MethodPost, slack.NoReserve); !free.After(now) {
			t.Error("the method is still free")
		}
		if free := c.FreeAt(now, slack.MethodUpdate, slack.NoReserve); free.After(now) {
			t.Error("another method is closed too")
		}
	})
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
			is, err := c.Member(t.Context(), "U00000DEV1")
			if err != nil {
				t.Fatal(err)
			}
			return is
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
		if _, err := c.Member(t.Context(), "U00000DEV1"); err == nil {
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
		carried, err := e.Ack(&slack.Message{Text: "here"})
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

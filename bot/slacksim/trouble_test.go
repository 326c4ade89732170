package slacksim_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slack-go/slack"

	"canarybot.io/bot/slacksim"
)

// A fault has a time of its own, and may hit some calls only. A character is a call, made each second: x failed, . went well.
func TestWhenFaultsHit(t *testing.T) {
	for name, row := range map[string]struct {
		fault slacksim.Fault
		want  string
	}{
		"each call":             {slacksim.Fault{}, "xxxxxxxx"},
		"the first two":         {slacksim.Fault{Times: 2}, "xx......"},
		"every third":           {slacksim.Fault{Every: 3}, "..x..x.."},
		"every second, once":    {slacksim.Fault{Every: 2, Times: 1}, ".x......"},
		"from a moment on":      {slacksim.Fault{After: 3 * time.Second}, "...xxxxx"},
		"for a while":           {slacksim.Fault{For: 2 * time.Second}, "xx......"},
		"for a while, later":    {slacksim.Fault{After: 2 * time.Second, For: 3 * time.Second}, "..xxx..."},
		"later, and then twice": {slacksim.Fault{After: 2 * time.Second, Times: 2}, "..xx...."},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sim := slacksim.Start(t, slacksim.Options{})
				row.fault.Error = "fatal_error"
				sim.SetFault("auth.test", row.fault)
				got := ""
				for range row.want {
					if _, err := newAPI(sim).AuthTestContext(t.Context()); err != nil {
						got += "x"
					} else {
						got += "."
					}
					time.Sleep(time.Second)
				}
				if got != row.want {
					t.Errorf("calls went %s, want %s", got, row.want)
				}
			})
		})
	}
}

func TestScheduledOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		openRaw(t, sim)
		change(t, sim, "outage", `{"after_ms":1500,"for_ms":2000}`)
		got := ""
		for range 5 {
			_, err := sim.As("dev").Say("#deploys", "", "hello")
			switch {
			case errors.Is(err, slacksim.ErrOutage):
				got += "x"
			case err == nil:
				got += "."
			}
			time.Sleep(time.Second)
		}
		if got != "..xx." || sim.Connections() != 0 {
			t.Errorf("people could act %s with %d connections left, want ..xx. and none", got, sim.Connections())
		}
		if code, answer := control(t, sim, "POST", "outage", `{"after_ms":1500}`); code == 200 {
			t.Errorf("an outage without end was scheduled: %v", answer)
		}
	})
}

// A delivery that is late comes behind one that was sent after it.
func TestLateDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		raw, _ := openRaw(t, sim)
		began := time.Now()
		change(t, sim, "next", `{"late_ms":5000}`)
		late, err := sim.As("dev").StartSlash("#deploys", "", "/canary", "first")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sim.As("dev").StartSlash("#deploys", "", "/canary", "second"); err != nil {
			t.Fatal(err)
		}
		for _, want := range []struct {
			text string
			at   time.Duration
		}{{"second", 0}, {"first", 5 * time.Second}} {
			f := raw.next()
			raw.ack(f.EnvelopeID)
			var command struct{ Text string }
			if err := json.Unmarshal(f.Payload, &command); err != nil || command.Text != want.text || time.Since(began) != want.at {
				t.Errorf("%q came after %s, want %q after %s", command.Text, time.Since(began), want.text, want.at)
			}
		}
		if got := late.Outcome(); got.Delivery != slacksim.Acked {
			t.Errorf("the late one: %+v", got)
		}
	})
}

// Some parts of Slack refuse with a word and status 200, and do not say for how long.
func TestLimitsInTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{Limits: slacksim.Limits{InBody: true, Tier4: 1, PostBurst: 1}})
		api := newAPI(sim)
		if _, err := api.GetUserInfoContext(t.Context(), "U00000DEV1"); err != nil {
			t.Fatal(err)
		}
		for range 3 { // whoever is not told when to come back breaks no promise
			_, err := api.GetUserInfoContext(t.Context(), "U00000DEV1")
			wantError(t, err, "ratelimited")
			time.Sleep(2 * time.Second)
		}
		postCard(t, api)
		_, _, err := api.PostMessageContext(t.Context(), deploys, slack.MsgOptionText("again", false))
		wantError(t, err, "rate_limited")
	})
}

// What an app is told of its channels, and what it then may write there.
func TestChannelsThatChange(t *testing.T) {
	for name, row := range map[string]struct {
		before, after slacksim.Channel
		want          []string
		root, reply   string // errors
	}{
		"renamed":          {after: slacksim.Channel{Name: "releases"}, want: []string{"channel_rename"}},
		"archived":         {after: slacksim.Channel{Archived: true}, want: []string{"channel_archive"}, root: "is_archived", reply: "is_archived"},
		"brought back":     {before: slacksim.Channel{Archived: true}, want: []string{"channel_unarchive"}},
		"the bot was sent": {after: slacksim.Channel{BotAbsent: true}, want: []string{"channel_left"}, root: "not_in_channel", reply: "not_in_channel"},
		"it was invited":   {before: slacksim.Channel{BotAbsent: true}, want: []string{"member_joined_channel"}},
		"where it is not":  {before: slacksim.Channel{BotAbsent: true}, after: slacksim.Channel{BotAbsent: true, Archived: true}, root: "is_archived", reply: "is_archived"},
		"a private one": {
			before: slacksim.Channel{Private: true}, after: slacksim.Channel{Private: true, Name: "secret", Archived: true},
			want: []string{"group_rename", "group_archive"}, root: "is_archived", reply: "is_archived",
		},
		"for some only":  {after: slacksim.Channel{Restricted: true}, root: "restricted_action", reply: "restricted_action"},
		"for replies":    {after: slacksim.Channel{ThreadsOnly: true}, root: "restricted_action_thread_only_channel"},
		"for no replies": {after: slacksim.Channel{NoThreads: true}, reply: "restricted_action_non_threadable_channel"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				deploysAs := func(c slacksim.Channel) slacksim.Channel {
					c.ID, c.Name = deploys, cmp.Or(c.Name, "deploys")
					return c
				}
				o := listening()
				o.Channels = []slacksim.Channel{deploysAs(row.before)}
				o.Events = slices.DeleteFunc(o.Events, func(e string) bool { return strings.HasPrefix(e, "message.") })
				o.Scopes = slices.DeleteFunc(o.Scopes, func(s string) bool { return s == "chat:write.public" })
				sim := slacksim.Start(t, o)
				api := newAPI(sim)
				root, err := sim.Say(slacksim.App{BotID: "B0WEBHOOK1"}, deploys, "", "built")
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, e := range told(t, sim, func() { sim.PutChannel(deploysAs(row.after)) }) {
					got = append(got, e.Event.Type)
				}
				if !slices.Equal(got, row.want) {
					t.Errorf("told %v, want %v", got, row.want)
				}
				_, _, err = api.PostMessageContext(t.Context(), deploys, slack.MsgOptionText("root", false))
				wantWord(t, "a message", err, row.root)
				_, _, err = api.PostMessageContext(t.Context(), deploys, slack.MsgOptionText("reply", false), slack.MsgOptionTS(root))
				wantWord(t, "a reply", err, row.reply)
			})
		})
	}
}

func wantWord(t *testing.T, what string, err error, code string) {
	t.Helper()
	if code == "" && err != nil || code != "" && (err == nil || err.Error() != code) {
		t.Errorf("%s: %v, want %q", what, err, code)
	}
}

// On an Enterprise Grid every interaction names the organisation.
func TestOrganisationIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{Workspace: slacksim.Workspace{Enterprise: "E0NORTHWIND"}})
		card := postCard(t, newAPI(sim))
		raw, _ := openRaw(t, sim)
		var got []string
		for range 2 {
			var err error
			if len(got) == 0 {
				_, err = sim.As("dev").StartSlash("#deploys", "", "/canary", "status")
			} else {
				_, err = sim.As("dev").StartPress("#deploys", card, sim.Messages("#deploys")[0].Buttons()[0].ActionID)
			}
			if err != nil {
				t.Fatal(err)
			}
			f := raw.next()
			raw.ack(f.EnvelopeID)
			var payload struct {
				ID         string `json:"enterprise_id"`
				Enterprise struct{ ID, Name string }
			}
			if err := json.Unmarshal(f.Payload, &payload); err != nil {
				t.Fatal(err)
			}
			got = append(got, payload.ID+payload.Enterprise.ID+payload.Enterprise.Name)
		}
		if want := []string{"E0NORTHWIND", "E0NORTHWINDNorthwind Holding"}; !slices.Equal(got, want) {
			t.Errorf("payloads name %q, want %q", got, want)
		}
	})
}

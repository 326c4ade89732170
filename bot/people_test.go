package bot_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/bot/slacksim"
	"canarybot.io/rollout"
)

// grid is a workspace of an Enterprise Grid, and people of the organisation.
func grid() slacksim.Options {
	const home, sister = "T0SLACKSIM", "T0SISTER01"
	return slacksim.Options{
		Workspace: slacksim.Workspace{ID: home, Enterprise: "E0HOLDING1"},
		Users: []slacksim.User{
			{ID: dev, Name: "dev", TeamID: home, EnterpriseID: "W00000DEV1", Teams: []string{home}},
			{ID: "W000000TWO", Name: "two", TeamID: sister, EnterpriseID: "W000000TWO", Teams: []string{sister, home}},
			{ID: "W000000ORG", Name: "org", TeamID: "E0HOLDING1", EnterpriseID: "W000000ORG", Teams: []string{home}},
			{ID: "W0000OTHER", Name: "other", TeamID: sister, EnterpriseID: "W0000OTHER", Teams: []string{sister}},
			{ID: "W0000GUEST", Name: "partner", TeamID: sister, EnterpriseID: "W0000GUEST", Teams: []string{home}, Restricted: true},
			{ID: "U00000LOC1", Name: "local", TeamID: home, EnterpriseID: "W00000LOC1", Teams: []string{home}},
		},
	}
}

func TestMembersOnEnterpriseGrid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, grid())
		s := service()
		s.Policy.Deployers = []string{"W000000TWO", "W000000ORG", "W0000OTHER", "W0000GUEST", "W00000LOC1"}
		w.services["checkout"] = s
		w.start()
		for user, want := range map[string]string{
			"two": "it would start", "org": "it would start", "local": "it would start",
			"other": "Only full members", "partner": "Only full members", "dev": "may not deploy here",
		} {
			w.slash(user, "deploy checkout v1.2.4 --dry-run")
			w.settle()
			w.wants(user, strings.Join(w.private(user), "\n"), want)
		}
		w.wants("whoami", w.slash("local", "whoami"), "You may: deploy")
		for user, want := range map[string]string{"two": "Nothing is rolling out", "other": "Only full members"} {
			w.wants(user, w.slash(user, "status"), want)
		}
	})
}

// Without the right to look people up the bot says so, and moves nothing: neither forward nor back to the version before,
// which moves everybody too. A guest must not be taken for a member because nobody knows.
func TestWithoutTheScopeToLookPeopleUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, slacksim.Options{})
		w.start()
		w.slash(oncall, "deploy checkout v1.2.4 --plan quick --auto")
		w.awaitPhase("checkout-1", rollout.Ended)
		w.slash(dev, "deploy checkout v1.2.5")
		w.awaitPhase("checkout-2", rollout.Awaiting)
		time.Sleep(2 * time.Minute) // what was looked up is stale
		w.slack.SetFault("users.info", slacksim.Fault{Error: "missing_scope"})
		w.stop()
		w.start()
		w.settle()
		if err := w.bot.Ready(); err == nil || !strings.Contains(err.Error(), "users:read") {
			t.Errorf("Ready() = %v", err)
		}
		if !w.log.has("ERROR people cannot be looked up") {
			t.Error("the log does not say so")
		}
		for _, line := range []string{"rollback checkout", "promote checkout", "deploy checkout v1.2.6 --replace", "pause checkout", "status"} {
			w.wants(line, w.slash(guest, line), "Slack does not say who you are")
		}
		w.wants("an approver", w.slash(oncall, "promote checkout"), "Slack does not say who you are")
		w.putUser("nia", "member")
		w.wants("a member whom nobody names", w.slash("nia", "rollback checkout"), "Slack does not say who you are")
		w.wants("a member whom the policy names", w.slash(dev, "rollback checkout"), "is being rolled back")
		w.awaitPhase("checkout-2", rollout.Ended)
		w.slash(dev, "rollback checkout")
		w.settle()
		before := len(w.private(dev))
		for _, e := range w.slack.Ephemerals(dev) {
			if has(e.Buttons(), "Roll back to v1.2.3") {
				if _, err := w.slack.As(dev).Press("#deploys", e.TS, "Roll back to v1.2.3"); err != nil {
					t.Fatal(err)
				}
			}
		}
		w.settle()
		w.wants("the way back", strings.Join(w.private(dev)[max(0, before-1):], "\n"), "Slack does not say who you are")
		if all, err := w.store.Open(t.Context(), ""); err != nil || len(all) != 0 {
			t.Errorf("%d rollouts are open, %v", len(all), err)
		}
		w.slack.ClearFaults()
		w.wants("with the scope", w.slash(dev, "status"), "Nothing is rolling out")
		if err := w.bot.Ready(); err != nil {
			t.Errorf("Ready() = %v once people can be looked up", err)
		}
	})
}

// Cards must not be shown to strangers: a channel that another organisation is in, or invited to, takes none, unless that
// is meant. It may be shared at any time, so each start looks.
func TestSharedChannelsTakeNoCards(t *testing.T) {
	for name, test := range map[string]struct {
		channel slacksim.Channel
		allowed bool
		starts  bool
	}{
		"ours alone":                        {slacksim.Channel{}, false, true},
		"with another organisation":         {slacksim.Channel{ExtShared: true}, false, false},
		"another organisation is invited":   {slacksim.Channel{PendingExtShared: true}, false, false},
		"within the organisation":           {slacksim.Channel{OrgShared: true}, false, true},
		"within it, and with another":       {slacksim.Channel{OrgShared: true, ExtShared: true}, false, false},
		"with another, which is meant":      {slacksim.Channel{ExtShared: true}, true, true},
		"private, with another":             {slacksim.Channel{Private: true, ExtShared: true}, false, false},
		"another is invited, what is meant": {slacksim.Channel{PendingExtShared: true}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, slacksim.Options{})
				w.shared = test.allowed
				w.start()
				w.slash(dev, "deploy checkout v1.2.4")
				w.awaitPhase("checkout-1", rollout.Awaiting)
				w.slash(dev, "rollback checkout")
				w.awaitPhase("checkout-1", rollout.Ended)
				test.channel.ID, test.channel.Name = channel, "deploys"
				w.slack.PutChannel(test.channel) // it became so since
				w.slash(dev, "deploy checkout v1.2.5")
				want := rollout.Ended
				if test.starts {
					want = rollout.Awaiting
				}
				w.awaitPhase("checkout-2", want)
				if !test.starts {
					w.slash(dev, "deploy checkout v1.2.5 --dry-run")
					w.settle()
					w.wants("the answer", strings.Join(w.private(dev), "\n"), "#deploys is shared with another organisation")
				}
			})
		})
	}
}

func TestAChannelThatCannotBeLookedUpForGoodTakesNoCards(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slack.SetFault("conversations.info", slacksim.Fault{Error: "missing_scope"})
		w.slash(dev, "deploy checkout v1.2.4 --dry-run")
		w.settle()
		w.wants("the answer", strings.Join(w.private(dev), "\n"), "channels:read")
	})
}

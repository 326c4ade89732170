package slack

import (
	"testing"
	"time"

	"github.com/slack-go/slack"
)

// This test looks inside: the simulated Slack knows no more than four kinds of people.
func TestFullMembersOnly(t *testing.T) {
	for name, test := range map[string]struct {
		user slack.User
		want bool
	}{
		"a member":                        {slack.User{TeamID: "T1"}, true},
		"an admin":                        {slack.User{TeamID: "T1", IsAdmin: true, IsOwner: true}, true},
		"of another workspace":            {slack.User{TeamID: "T2"}, false},
		"of no workspace":                 {slack.User{}, false},
		"a multi-channel guest":           {slack.User{TeamID: "T1", IsRestricted: true}, false},
		"a single-channel guest":          {slack.User{TeamID: "T1", IsRestricted: true, IsUltraRestricted: true}, false},
		"a stranger by Slack Connect":     {slack.User{TeamID: "T1", IsStranger: true}, false},
		"deactivated":                     {slack.User{TeamID: "T1", Deleted: true}, false},
		"a bot":                           {slack.User{TeamID: "T1", IsBot: true}, false},
		"an app":                          {slack.User{TeamID: "T1", IsAppUser: true}, false},
		"a connector bot":                 {slack.User{TeamID: "T1", IsConnectorBot: true}, false},
		"a workflow":                      {slack.User{TeamID: "T1", IsWorkflowBot: true}, false},
		"invited, and not there yet":      {slack.User{TeamID: "T1", IsInvitedUser: true}, false},
		"a deactivated owner":             {slack.User{TeamID: "T1", IsOwner: true, Deleted: true}, false},
		"an admin of another workspace":   {slack.User{TeamID: "T2", IsAdmin: true}, false},
		"a guest who is somehow an owner": {slack.User{TeamID: "T1", IsOwner: true, IsRestricted: true}, false},

		// What Slack's reference of users.info says of Enterprise Grid: id and team_id may be those of another workspace or
		// of the organisation; enterprise_user has the organisation's id of the user, and workspaces.
		"of the organisation":                {onGrid("E1", "E1", "T1", "T2"), true},
		"of another workspace, and ours":     {onGrid("T2", "E1", "T2", "T1"), true},
		"of another workspace only":          {onGrid("T2", "E1", "T2"), false},
		"of another organisation, as ours":   {onGrid("T9", "E9", "T1"), false},
		"of the organisation, no workspaces": {onGrid("E1", "E1"), false},
		"ours, without any workspaces":       {onGrid("T1", "E1"), true},
	} {
		if got := fullMember(&test.user, Identity{Team: "T1", Enterprise: "E1"}); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
	for name, user := range map[string]slack.User{
		"a workspace of no organisation": onGrid("T2", "", "T1"), "a workspace that does not say": onGrid("T2", "E1", "T1"),
	} {
		if fullMember(&user, Identity{Team: "T1"}) {
			t.Errorf("%s: member", name)
		}
	}
	guest, gone := onGrid("T2", "E1", "T1"), onGrid("T2", "E1", "T1")
	guest.IsRestricted, gone.Deleted = true, true
	for _, user := range []slack.User{guest, gone} {
		if fullMember(&user, Identity{Team: "T1", Enterprise: "E1"}) {
			t.Errorf("%+v: member", user)
		}
	}
}

// onGrid is a user of an Enterprise Grid.
func onGrid(team, enterprise string, teams ...string) slack.User {
	return slack.User{ID: "W1", TeamID: team, Enterprise: slack.EnterpriseUser{ID: "W1", EnterpriseID: enterprise, Teams: teams}}
}

func TestResponseURLsOfOthersAreNotCalled(t *testing.T) {
	a := New(Config{APIURL: "https://slack.com/api/"}, nil, nil)
	for address, want := range map[string]bool{
		"https://hooks.slack.com/commands/T1/2/3":     true,
		"https://slack.com/x":                         true,
		"http://hooks.slack.com/commands/T1/2/3":      false,
		"https://hooks.slack.com.evil.example/x":      false,
		"https://evilslack.com/x":                     false,
		"https://169.254.169.254/latest/meta-data":    false,
		"https://hooks.slack.com@evil.example/x":      false,
		"https://user:secret@hooks.slack.com/x":       false,
		"file:///etc/passwd":                          false,
		"":                                            false,
		"https://[::1]/x":                             false,
		"https://HOOKS.SLACK.COM.:443@127.0.0.1:80/x": false,
	} {
		if got := a.isSlack(address); got != want {
			t.Errorf("%q: %v, want %v", address, got, want)
		}
	}
}

// This test looks inside: a minute of calls at the most that the budget allows is not made from outside.
func TestBudgetStaysUnderItsTier(t *testing.T) {
	for method, most := range map[string]int{
		"chat.update": 50, "conversations.history": 50, "users.conversations": 50, "users.info": 100, "chat.postEphemeral": 100,
		"apps.connections.open": 50,
	} {
		b := newBudget()
		now := time.Now()
		calls := 0
		for at := now; at.Before(now.Add(time.Minute)); at = at.Add(100 * time.Millisecond) {
			for !b.freeAt(at, method, "", NoReserve).After(at) {
				b.of(method).AllowN(at, 1)
				calls++
			}
		}
		if calls < most/2 || calls > most {
			t.Errorf("%s: %d calls in a minute, and Slack allows %d", method, calls, most)
		}
	}
}

func TestBudget(t *testing.T) {
	const method = "chat.update"
	now := time.Now()
	spend := func(b *budget, n int) { b.of(method).AllowN(now, n) }
	for name, test := range map[string]struct {
		before  func(*budget)
		reserve Reserve
		want    time.Duration // until the method is free
	}{
		"unused":                             {func(*budget) {}, NoReserve, 0},
		"unused, for what can wait":          {func(*budget) {}, HalfReserve, 0},
		"half spent":                         {func(b *budget) { spend(b, 4) }, NoReserve, 0},
		"half spent, for what is urgent":     {func(b *budget) { spend(b, 4) }, QuarterReserve, 0},
		"six spent, for what is urgent":      {func(b *budget) { spend(b, 6) }, QuarterReserve, 1500 * time.Millisecond},
		"half spent, for what can wait":      {func(b *budget) { spend(b, 4) }, HalfReserve, 1500 * time.Millisecond},
		"all spent":                          {func(b *budget) { spend(b, 8) }, NoReserve, 1500 * time.Millisecond},
		"closed by Slack":                    {func(b *budget) { b.closeUntil(method, now.Add(time.Minute)) }, NoReserve, time.Minute},
		"closed twice, the later one counts": {func(b *budget) { b.closeUntil(method, now.Add(time.Minute)); b.closeUntil(method, now) }, NoReserve, time.Minute},
		"another one closed":                 {func(b *budget) { b.closeUntil("chat.postMessage", now.Add(time.Minute)) }, NoReserve, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBudget()
			test.before(b)
			if got := b.freeAt(now, method, "", test.reserve).Sub(now); got != test.want {
				t.Errorf("free in %s, want %s", got, test.want)
			}
		})
	}
}

// One channel that takes no more posts keeps no other waiting, and all channels together stay under the workspace's quota.
func TestPostsArePacedByChannel(t *testing.T) {
	b, now := newBudget(), time.Now()
	for range 5 {
		if free := b.freeAt(now, MethodPost, "C1", NoReserve); free.After(now) {
			t.Fatalf("a burst waits %s", free.Sub(now))
		}
		b.room("C1").AllowN(now, 1)
	}
	for channel, want := range map[string]time.Duration{"C1": time.Second, "C2": 0, "": 0} {
		if got := b.freeAt(now, MethodPost, channel, NoReserve).Sub(now); got != want {
			t.Errorf("channel %q is free in %s, want %s", channel, got, want)
		}
	}
	if got := b.freeAt(now, MethodUpdate, "C1", NoReserve).Sub(now); got != 0 {
		t.Errorf("an edit waits %s for posts", got)
	}
	b.of(MethodPost).AllowN(now, 20)
	if got := b.freeAt(now, MethodPost, "C2", NoReserve).Sub(now); got != 200*time.Millisecond {
		t.Errorf("with the workspace's burst spent a channel is free in %s", got)
	}
}

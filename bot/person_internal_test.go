package bot

import (
	"testing"

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
	} {
		if got := full(&test.user, "T1"); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestResponseURLsOfOthersAreNotCalled(t *testing.T) {
	a := newAPI(Slack{APIURL: "https://slack.com/api/"}, newStats())
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
		if got := a.mayPost(address); got != want {
			t.Errorf("%q: %v, want %v", address, got, want)
		}
	}
}

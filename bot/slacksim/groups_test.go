package slacksim_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slack-go/slack"

	"canarybot.io/bot/slacksim"
)

const oncallGroup = "S0000ONCALL"

// withGroups is a workspace with one user group.
func withGroups() slacksim.Options {
	return slacksim.Options{Groups: []slacksim.Group{
		{ID: oncallGroup, Handle: "sre", Name: "Site reliability", Members: []string{"U00ONCALL1"}},
		{ID: "S0000CLOSED", Handle: "closed", Members: []string{"U00000DEV1"}, Disabled: true},
	}}
}

func TestGroupsAreListed(t *testing.T) {
	sim := slacksim.Start(t, withGroups())
	got, err := newAPI(sim).GetUserGroupsContext(t.Context(), slack.GetUserGroupsOptionIncludeUsers(true),
		slack.GetUserGroupsOptionIncludeCount(true))
	if err != nil || len(got) != 1 {
		t.Fatalf("usergroups.list = %+v, %v; want the group that is not disabled", got, err)
	}
	if g := got[0]; g.ID != oncallGroup || g.Handle != "sre" || g.UserCount != 1 || !slices.Equal(g.Users, []string{"U00ONCALL1"}) {
		t.Errorf("group = %+v", g)
	}
	all, err := newAPI(sim).GetUserGroupsContext(t.Context(), slack.GetUserGroupsOptionIncludeDisabled(true))
	if err != nil || len(all) != 2 || all[1].DateDelete == 0 || all[0].Users != nil || all[0].UserCount != 0 {
		t.Errorf("usergroups.list = %+v, %v; want the disabled one too, and no members unasked", all, err)
	}
}

// Members are those who are still there, of a group that is.
func TestMembersOfAGroup(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*slacksim.Sim)
		want   []string
		err    string
	}{
		"as it is": {change: func(*slacksim.Sim) {}, want: []string{"U00ONCALL1"}},
		"somebody was added": {
			change: func(s *slacksim.Sim) {
				s.PutGroup(slacksim.Group{ID: oncallGroup, Handle: "sre", Members: []string{"U00ONCALL1", "U00000DEV1"}})
			},
			want: []string{"U00ONCALL1", "U00000DEV1"},
		},
		"everybody left": {
			change: func(s *slacksim.Sim) { s.PutGroup(slacksim.Group{ID: oncallGroup, Handle: "sre"}) },
			want:   []string{},
		},
		"the member was deactivated": {
			change: func(s *slacksim.Sim) {
				s.PutUser(slacksim.User{ID: "U00ONCALL1", Name: "oncall", Deactivated: true})
			},
			want: []string{},
		},
		"the group was disabled": {
			change: func(s *slacksim.Sim) {
				s.PutGroup(slacksim.Group{ID: oncallGroup, Handle: "sre", Members: []string{"U00ONCALL1"}, Disabled: true})
			},
			err: "no_such_subteam",
		},
		"the plan has none": {
			change: func(s *slacksim.Sim) { s.SetUserGroups(false) },
			err:    "plan_upgrade_required",
		},
		"the plan has them again": {
			change: func(s *slacksim.Sim) { s.SetUserGroups(false); s.SetUserGroups(true) },
			want:   []string{"U00ONCALL1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sim := slacksim.Start(t, withGroups())
				row.change(sim)
				got, err := newAPI(sim).GetUserGroupMembersContext(t.Context(), oncallGroup)
				if row.err != "" {
					wantError(t, err, row.err)
					return
				}
				if err != nil || got == nil || !slices.Equal(got, row.want) {
					t.Errorf("usergroups.users.list = %v, %v; want %v", got, err, row.want)
				}
			})
		})
	}
}

func TestGroupsThatAreNone(t *testing.T) {
	sim := slacksim.Start(t, withGroups())
	for _, id := range []string{"S0000NOBODY", "sre", ""} { // a handle is no id
		_, err := newAPI(sim).GetUserGroupMembersContext(t.Context(), id)
		wantError(t, err, "no_such_subteam")
	}
	sim.SetUserGroups(false)
	_, err := newAPI(sim).GetUserGroupsContext(t.Context())
	wantError(t, err, "plan_upgrade_required")
}

func TestGroupsNeedTheirScope(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{Scopes: []string{"users:read"}})
	sim.Expect(slacksim.MissingScope)
	_, err := newAPI(sim).GetUserGroupMembersContext(t.Context(), oncallGroup)
	wantError(t, err, "missing_scope")
}

func wantError(t *testing.T, err error, code string) {
	t.Helper()
	var refused slack.SlackErrorResponse
	if !errors.As(err, &refused) || refused.Err != code {
		t.Errorf("error = %v, want %s", err, code)
	}
}

type groupEvent struct {
	Event struct {
		Type    string
		Subteam struct {
			ID        string
			Handle    string
			Users     []string
			UserCount int   `json:"user_count"`
			Deleted   int64 `json:"date_delete"`
		}
		ID         string   `json:"subteam_id"`
		Added      []string `json:"added_users"`
		AddedCount string   `json:"added_users_count"`
		Removed    []string `json:"removed_users"`
	}
}

// changeGroup changes a group and returns the events that the bot got.
func changeGroup(t *testing.T, o slacksim.Options, g slacksim.Group) []groupEvent {
	t.Helper()
	sim := slacksim.Start(t, o)
	raw, _ := openRaw(t, sim)
	sim.PutGroup(g)
	return received[groupEvent](t, raw, time.Second)
}

func TestChangedGroupIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := changeGroup(t, withGroups(), slacksim.Group{ID: oncallGroup, Handle: "@sre", Members: []string{"U00000DEV1"}})
		if len(got) != 2 || got[0].Event.Type != "subteam_updated" || got[1].Event.Type != "subteam_members_changed" {
			t.Fatalf("events = %+v", got)
		}
		whole, delta := got[0].Event.Subteam, got[1].Event
		if whole.ID != oncallGroup || whole.Handle != "sre" || whole.UserCount != 1 || !slices.Equal(whole.Users, []string{"U00000DEV1"}) {
			t.Errorf("subteam_updated = %+v", whole)
		}
		if delta.ID != oncallGroup || delta.AddedCount != "1" || !slices.Equal(delta.Added, []string{"U00000DEV1"}) ||
			!slices.Equal(delta.Removed, []string{"U00ONCALL1"}) {
			t.Errorf("subteam_members_changed = %+v", delta)
		}
	})
}

func TestWhichGroupEventsComeWhen(t *testing.T) {
	manyPeople := make([]string, 501)
	for i := range manyPeople {
		manyPeople[i] = "U" + string(rune('A'+i%26)) + string(rune('A'+i/26))
	}
	for name, row := range map[string]struct {
		options func(*slacksim.Options)
		group   slacksim.Group
		want    []string
	}{
		"a new group":      {group: slacksim.Group{ID: "S000000NEW", Handle: "new"}, want: []string{"subteam_created"}},
		"only its handle":  {group: slacksim.Group{ID: oncallGroup, Handle: "ops", Members: []string{"U00ONCALL1"}}, want: []string{"subteam_updated"}},
		"it was disabled":  {group: slacksim.Group{ID: oncallGroup, Members: []string{"U00ONCALL1"}, Disabled: true}, want: []string{"subteam_updated"}},
		"not subscribed":   {options: func(o *slacksim.Options) { o.Events = []string{"app_mention"} }, group: slacksim.Group{ID: oncallGroup}},
		"not permitted":    {options: func(o *slacksim.Options) { o.Scopes = []string{"users:read"} }, group: slacksim.Group{ID: oncallGroup}},
		"more than listed": {group: slacksim.Group{ID: oncallGroup, Members: manyPeople}, want: []string{"subteam_updated", "subteam_members_changed"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := withGroups()
				if row.options != nil {
					row.options(&o)
				}
				var types []string
				for _, e := range changeGroup(t, o, row.group) {
					types = append(types, e.Event.Type)
					if e.Event.Type == "subteam_updated" {
						if g := e.Event.Subteam; len(g.Users) != min(500, len(row.group.Members)) || g.UserCount != len(row.group.Members) {
							t.Errorf("%d of %d members listed, want at most 500 of %d", len(g.Users), g.UserCount, len(row.group.Members))
						}
						if got := e.Event.Subteam.Deleted != 0; got != row.group.Disabled {
							t.Errorf("date_delete = %d, want it set: %v", e.Event.Subteam.Deleted, row.group.Disabled)
						}
					}
				}
				if !slices.Equal(types, row.want) {
					t.Errorf("events = %v, want %v", types, row.want)
				}
			})
		})
	}
}

func TestGroupIsMentioned(t *testing.T) {
	sim := slacksim.Start(t, withGroups())
	for typed, want := range map[string]string{
		"ask @sre.":    "ask <!subteam^" + oncallGroup + "|@sre>.",
		"ask @closed":  "ask @closed",
		"ask @nobody!": "ask @nobody!",
	} {
		said, err := sim.As("dev").Say("#deploys", "", typed)
		if err != nil {
			t.Fatal(err)
		}
		if m, _ := sim.Message("#deploys", said.TS); m.Text != want {
			t.Errorf("%q became %q, want %q", typed, m.Text, want)
		}
	}
}

// The page writes a group's handle and lights up for those who are in it.
func TestPageKnowsTheGroups(t *testing.T) {
	sim := slacksim.Start(t, withGroups())
	for who, want := range map[string][]bool{"oncall": {true, false}, "dev": {false, false}} {
		var got struct {
			Groups []struct {
				ID, Handle string
				Mine       bool
			}
		}
		_, body := do(t, sim, http.MethodGet, "/sim/state?as="+who, "")
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Groups) != 2 || got.Groups[0].Handle != "sre" || got.Groups[0].Mine != want[0] || got.Groups[1].Mine != want[1] {
			t.Errorf("groups of %s = %+v", who, got.Groups)
		}
	}
}

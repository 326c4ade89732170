package slacksim

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Group is a user group of the workspace, which people mention as @HANDLE.
type Group struct {
	// ID begins with S.
	ID string `json:"id"`
	// Handle is what people mention, without the @.
	Handle string `json:"handle"`
	// Name is shown beside the handle; empty means the handle.
	Name string `json:"name"`
	// Members are user ids. Deactivated people count as having left.
	Members []string `json:"members"`
	// Disabled groups are what deleted ones are in Slack: nobody is in them, and they can come back.
	Disabled bool `json:"disabled"`

	created, updated, disabled time.Time
}

// maxUsersInEvent is how many members subteam_updated lists at most; user_count has the true number.
const maxUsersInEvent = 500

// PutGroup adds a user group or changes the one with the same id, as an administrator would. The bot is told with those of
// the events subteam_created, subteam_updated and subteam_members_changed to which it is subscribed. It does not block.
func (s *Sim) PutGroup(g Group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, existed := s.group(g.ID)
	previously, was := s.membersOf(before), before.updated
	g = s.keepGroup(g)
	defer s.notifyChange()
	if !existed {
		s.tell("usergroups:read", map[string]any{"type": "subteam_created", "subteam": s.groupEvent(g)})
		return
	}
	s.tell("usergroups:read", map[string]any{"type": "subteam_updated", "subteam": s.groupEvent(g)})
	added, removed := difference(s.membersOf(g), previously), difference(previously, s.membersOf(g))
	if len(added)+len(removed) == 0 {
		return
	}
	// The counts are strings in Slack's documentation, though numbers in its clients' types: who reads them must take both.
	s.tell("usergroups:read", map[string]any{
		"type": "subteam_members_changed", "subteam_id": g.ID, "team_id": s.opts.Workspace.ID,
		"date_previous_update": was.Unix(), "date_update": g.updated.Unix(),
		"added_users": added, "added_users_count": strconv.Itoa(len(added)),
		"removed_users": removed, "removed_users_count": strconv.Itoa(len(removed)),
	})
}

// SetUserGroups says whether the workspace's plan includes user groups; without them every call about them is refused
// with plan_upgrade_required.
func (s *Sim) SetUserGroups(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groupless = !on
}

// keepGroup stores the group and returns it with its dates. The caller holds the lock.
func (s *Sim) keepGroup(g Group) Group {
	now := time.Now()
	g.Handle = strings.TrimPrefix(g.Handle, "@")
	g.Members = slices.Clone(g.Members)
	g.created, g.updated = now, now
	i := slices.IndexFunc(s.groups, func(o Group) bool { return o.ID == g.ID })
	if i >= 0 {
		g.created, g.disabled = s.groups[i].created, s.groups[i].disabled
	}
	switch {
	case !g.Disabled:
		g.disabled = time.Time{}
	case g.disabled.IsZero():
		g.disabled = now
	}
	if i >= 0 {
		s.groups[i] = g
	} else {
		s.groups = append(s.groups, g)
	}
	return g
}

// group finds a user group by id or handle; the caller holds the lock.
func (s *Sim) group(idOrHandle string) (Group, bool) {
	for _, g := range s.groups {
		if g.ID == idOrHandle || g.Handle == idOrHandle {
			return g, true
		}
	}
	return Group{}, false
}

// membersOf returns the members of a group who are still there, never nil. A disabled group keeps its list for the day on
// which it comes back.
func (s *Sim) membersOf(g Group) []string {
	members := []string{}
	for _, id := range g.Members {
		if u, found := s.user(id); !found || !u.Deactivated {
			members = append(members, id)
		}
	}
	return members
}

// difference returns what is in a and not in b, never nil.
func difference(a, b []string) []string {
	out := []string{}
	for _, x := range a {
		if !slices.Contains(b, x) {
			out = append(out, x)
		}
	}
	return out
}

// usergroupsList answers the groups of the workspace.
func (s *Sim) usergroupsList(c call) reply {
	if s.groupless {
		return refuse("plan_upgrade_required")
	}
	found := []map[string]any{}
	for _, g := range s.groups {
		if g.Disabled && !c.flag("include_disabled") {
			continue
		}
		w := s.wireGroup(g)
		if !c.flag("include_users") {
			delete(w, "users")
		}
		if !c.flag("include_count") {
			delete(w, "user_count")
		}
		found = append(found, w)
	}
	return ok(map[string]any{"usergroups": found})
}

// usergroupsUsersList answers who is in a group. That a disabled one is not found unless it is asked for is our rule.
func (s *Sim) usergroupsUsersList(c call) reply {
	if s.groupless {
		return refuse("plan_upgrade_required")
	}
	g, found := s.group(c.text("usergroup"))
	if !found || g.ID != c.text("usergroup") || g.Disabled && !c.flag("include_disabled") {
		return refuse("no_such_subteam")
	}
	return ok(map[string]any{"users": s.membersOf(g)})
}

// groupEvent is a group as events carry it: only the first members are listed, though all are counted.
func (s *Sim) groupEvent(g Group) map[string]any {
	w := s.wireGroup(g)
	members := s.membersOf(g)
	w["users"] = members[:min(len(members), maxUsersInEvent)]
	return w
}

// wireGroup is a group as the Web API carries it.
func (s *Sim) wireGroup(g Group) map[string]any {
	deleted := int64(0)
	if g.Disabled {
		deleted = g.disabled.Unix()
	}
	members := s.membersOf(g)
	return map[string]any{
		"id": g.ID, "team_id": s.opts.Workspace.ID, "is_usergroup": true, "is_subteam": true, "name": cmp.Or(g.Name, g.Handle),
		"description": "", "handle": g.Handle, "is_external": false,
		"date_create": g.created.Unix(), "date_update": g.updated.Unix(), "date_delete": deleted,
		"auto_type": nil, "auto_provision": false, "enterprise_subteam_id": "",
		"created_by": s.opts.Users[0].ID, "updated_by": s.opts.Users[0].ID, "deleted_by": nil,
		"prefs":      map[string]any{"channels": []string{}, "groups": []string{}},
		"users":      members,
		"user_count": len(members), "channel_count": 0,
	}
}

package slack

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slack-go/slack"
)

// members is what Slack said about who is in a user group.
type members struct {
	ids    []string
	gone   bool      // there is no such group
	at     time.Time // zero: Slack told of a change since
	failed failure   // of the last question, where it got no answer
}

// failure is a question that got no answer. For a moment it is not asked again: the budget is for what has one, and a home
// tab asks for each rollout.
type failure struct {
	err   error
	until time.Time
}

// groupRetry is how soon a question that failed is asked again; one that only a person can mend, after lookupFresh.
const groupRetry = 5 * time.Second

// Groups returns in which of the user groups any of the ids is, which are all one person's. It asks Slack where the last answer
// is a minute old, or Slack told of a change; a group that is gone has nobody. An error means that Slack did not answer,
// or does not let the bot ask: GroupTrouble tells which.
func (c *Client) Groups(ctx context.Context, groups []string, ids ...string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	var asking errgroup.Group
	for _, g := range groups {
		switch last, ok := c.groups.Get(g); {
		case ok && time.Now().Before(last.failed.until):
			asking.Go(func() error { return last.failed.err })
		case !ok || time.Since(last.at) >= lookupFresh:
			asking.Go(func() error { return c.askGroup(ctx, g) })
		}
	}
	if err := asking.Wait(); err != nil {
		return nil, err
	}
	return c.LastKnownGroups(groups, ids...), nil
}

// LastKnownGroups is Groups by what Slack said last, however long ago. It calls nobody.
func (c *Client) LastKnownGroups(groups []string, ids ...string) []string {
	var in []string
	for _, g := range groups {
		last, _ := c.groups.Get(g)
		if slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(last.ids, id) }) {
			in = append(in, g)
		}
	}
	return in
}

// EmptyGroups returns those of the ids that are user groups in which, as Slack said last, nobody is: they were deleted or
// disabled, or nobody is left in them. It calls nobody.
func (c *Client) EmptyGroups(ids []string) []string {
	var empty []string
	for _, id := range ids {
		if last, known := c.groups.Peek(id); known && len(last.ids) == 0 && last.failed.err == nil {
			empty = append(empty, id)
		}
	}
	return empty
}

// Gone returns those of the ids that name user groups which Slack says are not there. A group about which it does not answer,
// or may not be asked, counts as there. It blocks for little more than a second at most.
func (c *Client) Gone(ctx context.Context, ids []string) []string {
	groups := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !strings.HasPrefix(id, "S") })
	if _, err := c.Groups(ctx, groups); err != nil {
		c.log.Warn("user groups not looked up before they are called", "groups", groups, "error", err)
	}
	return c.LastKnownGone(groups)
}

// LastKnownGone is Gone by what Slack said last. It calls nobody.
func (c *Client) LastKnownGone(ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		last, _ := c.groups.Peek(id)
		return !last.gone
	})
}

// askGroup asks Slack who is in the group, and remembers.
func (c *Client) askGroup(ctx context.Context, group string) error {
	now, changes := members{at: time.Now()}, c.groupChanges.Load()
	err := c.call(ctx, "usergroups.users.list", func(ctx context.Context) (err error) {
		now.ids, err = c.api().GetUserGroupMembersContext(ctx, group)
		return err
	})
	trouble := groupTrouble(err)
	c.mu.Lock()
	c.groupTrouble = trouble
	c.mu.Unlock()
	if err != nil && (trouble != nil || OutcomeOf(err) != Refused) {
		wait := groupRetry
		if trouble != nil {
			wait = lookupFresh
		}
		last, _ := c.groups.Peek(group)
		c.groups.Add(group, members{ids: last.ids, at: last.at, failed: failure{err, time.Now().Add(wait)}})
		return err
	}
	if changes != c.groupChanges.Load() {
		now.at = time.Time{} // Slack told of a change meanwhile: nobody knows whether the answer has it
	}
	now.gone = err != nil // refused for any other reason
	c.groups.Add(group, now)
	return nil
}

// groupTrouble is what a person has to mend before Slack says who is in a user group; nil: nothing.
func groupTrouble(err error) error {
	const nobody = "nobody has a right by a user group: %w; "
	switch CodeOf(err) {
	case "missing_scope", "not_allowed_token_type":
		return fmt.Errorf(nobody+"add the scope usergroups:read to the Slack app and reinstall it", err)
	case "plan_upgrade_required", "paid_teams_only", "feature_not_enabled":
		return fmt.Errorf(nobody+"this workspace has no user groups, which take a paid plan: name people's ids in the policy", err)
	}
	return nil
}

// GroupTrouble returns why nobody has a right by a user group, where only a person can mend that; nil: as far as is known
// they have. It calls nobody.
func (c *Client) GroupTrouble() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.groupTrouble
}

// GroupChanged has the next question about the group asked anew. What was known is still the last that was.
func (c *Client) GroupChanged(group string) {
	c.groupChanges.Add(1)
	if last, ok := c.groups.Peek(group); ok {
		c.groups.Add(group, members{ids: last.ids})
	}
}

// UserGroups returns the workspace's user groups by their ids, each with its members. It blocks for ten seconds at most.
func (c *Client) UserGroups(ctx context.Context) (map[string][]string, error) {
	var all []slack.UserGroup
	err := c.call(ctx, "usergroups.list", func(ctx context.Context) (err error) {
		all, err = c.api().GetUserGroupsContext(ctx, slack.GetUserGroupsOptionIncludeUsers(true))
		return err
	})
	if trouble := groupTrouble(err); trouble != nil {
		return nil, trouble
	}
	byID := map[string][]string{}
	for _, g := range all {
		byID[g.ID] = g.Users
	}
	return byID, err
}

package slack

import (
	"context"
	"time"

	"github.com/slack-go/slack"
)

const (
	// lookupFresh is how long an answer about a person holds: somebody deactivated is out within a minute.
	lookupFresh = time.Minute
	// lookupTimeout leaves time for the commit before Slack gives up on the envelope.
	lookupTimeout = 1200 * time.Millisecond
	// lookupsKept bounds the memory.
	lookupsKept = 10_000
)

// Identity is who the bot is, and where.
type Identity struct{ Team, User, Name, URL string }

// Me returns who the bot is; the zero value before Slack said so. It calls nobody.
func (c *Client) Me() Identity {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.me
}

// learnIdentity asks until there is an answer: what waits for an ack must not have to.
func (c *Client) learnIdentity(ctx context.Context) {
	for failures := 1; ; failures++ {
		if _, err := c.identify(ctx); err == nil || !sleep(ctx, backoff(err, failures)) {
			return
		}
	}
}

// identify asks once who the bot is, and remembers.
func (c *Client) identify(ctx context.Context) (Identity, error) {
	if me := c.Me(); me.Team != "" {
		return me, nil
	}
	var answer *slack.AuthTestResponse
	err := c.call(ctx, "auth.test", func(ctx context.Context) (err error) {
		answer, err = c.api().AuthTestContext(ctx)
		return err
	})
	if err != nil {
		return Identity{}, err
	}
	me := Identity{Team: answer.TeamID, User: answer.UserID, Name: answer.User, URL: answer.URL}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.me = me
	return me, nil
}

// lookup is what Slack said about a person.
type lookup struct {
	member bool
	at     time.Time
}

// Member reports whether the person is a full member of the bot's own workspace. Only ids count, never names. An error
// means that Slack did not answer.
func (c *Client) Member(ctx context.Context, user string) (bool, error) {
	if last, ok := c.people.Get(user); ok && time.Since(last.at) < lookupFresh {
		return last.member, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	me, err := c.identify(ctx)
	if err != nil {
		return false, err
	}
	var u *slack.User
	err = c.call(ctx, "users.info", func(ctx context.Context) (err error) {
		u, err = c.api().GetUserInfoContext(ctx, user)
		return err
	})
	now := lookup{at: time.Now()}
	switch code := CodeOf(err); {
	case code == "user_not_found" || code == "user_not_visible": // no member
	case err != nil:
		return false, err
	default:
		now.member = fullMember(u, me.Team)
	}
	c.people.Add(user, now)
	return now.member, nil
}

// LastKnown returns what Slack said last about the person, however long ago. It calls nobody.
func (c *Client) LastKnown(user string) (member, known bool) {
	last, known := c.people.Get(user)
	return last.member, known
}

// fullMember reports whether the user is a full member of the team: no guest, no stranger, no bot, not deactivated.
func fullMember(u *slack.User, team string) bool {
	return u.TeamID == team && !u.Deleted && !u.IsRestricted && !u.IsUltraRestricted && !u.IsStranger && !u.IsBot &&
		!u.IsAppUser && !u.IsConnectorBot && !u.IsWorkflowBot && !u.IsInvitedUser
}

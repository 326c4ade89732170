package slack

import (
	"cmp"
	"context"
	"fmt"
	"slices"
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
	groupsKept  = 1000
)

// Identity is who the bot is, and where.
type Identity struct {
	Team, User, Name, URL string
	Enterprise            string // the organisation of an Enterprise Grid; empty: none
}

// Me returns who the bot is; the zero value before Slack said so. It calls nobody.
func (c *Client) Me() Identity {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.me
}

// learnIdentity asks until there is an answer: what waits for an ack must not have to.
func (c *Client) learnIdentity(ctx context.Context) {
	for failures := 1; ; failures++ {
		_, err := c.identify(ctx)
		if err == nil {
			c.tryLookup(ctx)
			return
		}
		if !sleep(ctx, backoff(err, failures)) {
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
	me := Identity{Team: answer.TeamID, User: answer.UserID, Name: answer.User, URL: answer.URL, Enterprise: answer.EnterpriseID}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.me = me
	return me, nil
}

// lookup is what Slack said about a person.
type lookup struct {
	member bool
	id     string // by which Slack knows the person as well
	zone   string
	at     time.Time
}

// Person is what Slack says about a person.
type Person struct {
	Member bool // a full member of the bot's own workspace
	// Also is the person's id in the whole organisation of an Enterprise Grid, or the workspace's where that was looked up;
	// else the very id that was looked up. Each may begin with U or W.
	Also string
	Zone string // the IANA name of their time zone, as Slack has it; empty: unknown
}

// Person looks a person up. Only ids count, never names. An error means that Slack did not answer, or does not let the bot
// look people up: LookupTrouble tells which.
func (c *Client) Person(ctx context.Context, user string) (Person, error) {
	if last, ok := c.people.Get(user); ok && time.Since(last.at) < lookupFresh {
		return Person{Member: last.member, Also: last.id, Zone: last.zone}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	me, err := c.identify(ctx)
	if err != nil {
		return Person{}, err
	}
	u, err := c.userInfo(ctx, user)
	now := lookup{at: time.Now()}
	switch code := CodeOf(err); {
	case code == "user_not_found" || code == "user_not_visible": // no member
	case err != nil:
		return Person{}, err
	default:
		now.member, now.zone = fullMember(u, me), u.TZ
		now.id = cmp.Or(u.Enterprise.ID, u.ID)
		if now.id == user {
			now.id = u.ID
		}
	}
	c.people.Add(user, now)
	return Person{Member: now.member, Also: now.id, Zone: now.zone}, nil
}

// userInfo asks Slack about a user, and notes whether the bot may.
func (c *Client) userInfo(ctx context.Context, user string) (u *slack.User, err error) {
	err = c.call(ctx, "users.info", func(ctx context.Context) (err error) {
		u, err = c.api().GetUserInfoContext(ctx, user)
		return err
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case CodeOf(err) == "missing_scope" || CodeOf(err) == "not_allowed_token_type":
		c.lookupTrouble = fmt.Errorf("nobody can be looked up, so nobody may move anything forward: %w; "+
			"add the scope users:read to the Slack app and reinstall it", err)
	case err == nil || OutcomeOf(err) == Refused: // then it is about this user
		c.lookupTrouble = nil
	}
	return u, err
}

// LookupTrouble returns why nobody can be looked up, where only a person can mend that; nil: as far as is known they can.
// It calls nobody.
func (c *Client) LookupTrouble() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lookupTrouble
}

// tryLookup finds out at the start whether the bot may look people up, by looking itself up.
func (c *Client) tryLookup(ctx context.Context) {
	for failures := 1; ; failures++ {
		_, err := c.userInfo(ctx, c.Me().User)
		if err == nil || OutcomeOf(err) == Refused || !sleep(ctx, backoff(err, failures)) {
			break
		}
	}
	if err := c.LookupTrouble(); err != nil {
		c.log.Error("people cannot be looked up", "error", err)
	}
}

// LastKnown returns what Slack said last about the person, however long ago. It calls nobody.
func (c *Client) LastKnown(user string) (member, known bool) {
	last, known := c.people.Get(user)
	return last.member, known
}

// fullMember reports whether the user is a full member of the bot's workspace: no guest, no stranger, no bot, not
// deactivated. On Enterprise Grid the user's own team may be another workspace of the organisation, or the organisation
// itself; then it counts to which workspaces the organisation's user belongs.
func fullMember(u *slack.User, me Identity) bool {
	grid := me.Enterprise != "" && u.Enterprise.EnterpriseID == me.Enterprise && slices.Contains(u.Enterprise.Teams, me.Team)
	return (u.TeamID == me.Team || grid) && !u.Deleted && !u.IsRestricted && !u.IsUltraRestricted && !u.IsStranger && !u.IsBot &&
		!u.IsAppUser && !u.IsConnectorBot && !u.IsWorkflowBot && !u.IsInvitedUser
}

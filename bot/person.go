package bot

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"canarybot.io/rollout"
)

const (
	// lookupFresh is how long an answer about a person holds: somebody deactivated is out within a minute.
	lookupFresh = time.Minute
	// lookupTimeout leaves time for the commit before Slack gives up on the envelope.
	lookupTimeout = 1200 * time.Millisecond
	// lookupsKept bounds the memory.
	lookupsKept = 10_000
)

// people asks Slack who somebody is. Names are never asked: only ids count.
type people struct {
	api  *api
	home *home

	mu    sync.Mutex // guards known
	known map[string]lookup
}

// lookup is what Slack said about a person.
type lookup struct {
	member bool
	at     time.Time
}

// home is what Slack says about ourselves.
type home struct {
	api *api

	mu sync.Mutex // guards me
	me identity
}

// identity is who the bot is, where.
type identity struct{ team, user, name, url string }

// known returns what was asked before; the zero identity when nothing was. It calls nobody.
func (h *home) known() identity {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.me
}

// learn asks until there is an answer: what waits for an ack must not have to.
func (h *home) learn(ctx context.Context) {
	for failures := 1; ; failures++ {
		if _, err := h.identity(ctx); err == nil || !sleep(ctx, setback(err, failures)) {
			return
		}
	}
}

// identity asks once and remembers.
func (h *home) identity(ctx context.Context) (identity, error) {
	if me := h.known(); me.team != "" {
		return me, nil
	}
	var answer *slack.AuthTestResponse
	err := h.api.call(ctx, "auth.test", func(ctx context.Context) (err error) {
		answer, err = h.api.client.AuthTestContext(ctx)
		return err
	})
	if err != nil {
		return identity{}, err
	}
	me := identity{team: answer.TeamID, user: answer.UserID, name: answer.User, url: answer.URL}
	h.mu.Lock()
	h.me = me
	h.mu.Unlock()
	return me, nil
}

// member reports whether the person is a full member of the bot's own workspace. The error says that Slack could not
// be asked.
func (p *people) member(ctx context.Context, user string) (bool, error) {
	p.mu.Lock()
	l, ok := p.known[user]
	p.mu.Unlock()
	if ok && time.Since(l.at) < lookupFresh {
		return l.member, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	me, err := p.home.identity(ctx)
	if err != nil {
		return false, err
	}
	var u *slack.User
	err = p.api.call(ctx, "users.info", func(ctx context.Context) (err error) {
		u, err = p.api.client.GetUserInfoContext(ctx, user)
		return err
	})
	switch code := codeOf(err); {
	case code == "user_not_found" || code == "user_not_visible":
		l = lookup{at: time.Now()}
	case err != nil:
		return false, err
	default:
		l = lookup{member: full(u, me.team), at: time.Now()}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.known) >= lookupsKept {
		clear(p.known)
	}
	p.known[user] = l
	return l.member, nil
}

// last returns what Slack said last about the person, however long ago.
func (p *people) last(user string) (lookup, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l, ok := p.known[user]
	return l, ok
}

// full reports whether the user is a full member of the team: no guest, no stranger, no bot, not deactivated.
func full(u *slack.User, team string) bool {
	return u.TeamID == team && !u.Deleted && !u.IsRestricted && !u.IsUltraRestricted && !u.IsStranger && !u.IsBot &&
		!u.IsAppUser && !u.IsConnectorBot && !u.IsWorkflowBot && !u.IsInvitedUser
}

// outsider reports whether somebody is no full member of the home workspace, as far as that is known: what Slack said
// last, of somebody never seen what the payload says.
func (b *Bot) outsider(ctx context.Context, a ask) bool {
	member, err := b.people.member(ctx, a.user)
	if err == nil {
		return !member
	}
	if last, ok := b.people.last(a.user); ok {
		return !last.member
	}
	return a.team != b.home.known().team
}

// errNotLookedUp is an answer, not a failure: nothing was done, and that is final.
var errNotLookedUp = errors.New("the person could not be looked up")

// actor returns who asks for the action. While Slack cannot say who somebody is, nothing moves forward; rolling back
// goes by what is certain without it, because the safe direction must not wait for users.info: what Slack said last of
// the person; of somebody never seen an id that the policy names, or, where everyone may, the payload's own word that
// the person is of the home workspace.
func (b *Bot) actor(ctx context.Context, a ask, action rollout.Action, service rollout.ServiceName) (rollout.Actor, error) {
	actor := rollout.Actor{Kind: rollout.Person, ID: a.user}
	member, err := b.people.member(ctx, a.user)
	if err == nil {
		actor.Member = member
		return actor, nil
	}
	b.Log.Warn("person not looked up", "actor", a.user, "error", err)
	if last, ok := b.people.last(a.user); ok && action == rollout.Rollback {
		actor.Member = last.member // a guest stays one while Slack does not answer
		return actor, nil
	}
	if action == rollout.Rollback {
		ids, everyone := b.policy(service).Who(rollout.Rollback)
		me := b.home.known()
		if slices.Contains(ids, a.user) || everyone && me.team != "" && a.team == me.team {
			actor.Member = true
			return actor, nil
		}
	}
	return actor, errNotLookedUp
}

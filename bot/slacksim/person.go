package slacksim

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"canarybot.io/bot/slacksim/blockkit"
)

// Delivery is the result of delivering a person's action to the bot.
type Delivery int

const (
	// Silent: the bot was not notified, because the action does not concern it.
	Silent Delivery = iota
	// Acked: the bot acknowledged in time.
	Acked
	// TimedOut: the bot did not acknowledge within Slack's three seconds.
	TimedOut
	// Undelivered: the bot had no connection.
	Undelivered
	// Refused: Slack itself rejected it; the bot did not see it.
	Refused
)

// String names the delivery for messages.
func (d Delivery) String() string {
	switch d {
	case Silent:
		return "silent"
	case Acked:
		return "acked"
	case TimedOut:
		return "timed out"
	case Undelivered:
		return "undelivered"
	case Refused:
		return "refused"
	}
	return fmt.Sprintf("Delivery(%d)", int(d))
}

// Outcome is what a person sees right after their action, once Slack knows how
// it ended. Later answers of the bot are in Ephemerals, Messages and Thread.
type Outcome struct {
	Delivery Delivery
	// Text is what appeared to this person at once: the ack's message or Slack's
	// own error. Empty if nothing appeared.
	Text string
	// TS is the message that Say posted.
	TS string
	// Confirm is the dialog the person accepted before the press counted.
	Confirm *blockkit.Confirm
}

// Pending is an action in progress.
type Pending struct {
	sim     *Sim
	waiting *envelope // nil if the outcome is already known
	outcome Outcome
	seen    func() string // reads what appeared, under the lock; may be nil
}

// Outcome blocks until the bot has acknowledged or its time is over.
func (p *Pending) Outcome() Outcome {
	if p.waiting == nil {
		return p.outcome
	}
	p.outcome.Delivery = p.sim.await(p.waiting)
	if p.seen != nil {
		p.sim.mu.Lock()
		defer p.sim.mu.Unlock()
		p.outcome.Text = p.seen()
	}
	return p.outcome
}

// Why a person cannot act at all.
var (
	ErrOutage       = errors.New("slack is down")
	ErrNoUser       = errors.New("no such active user")
	ErrNoChannel    = errors.New("no such channel for this person")
	ErrNoMessage    = errors.New("no such message for this person")
	ErrNoButton     = errors.New("no such button")
	ErrManyButtons  = errors.New("several buttons match")
	ErrEmptyMessage = errors.New("the message is empty")
)

// Person acts as one user. Its methods block until the bot acknowledged or
// Slack's deadline passed; the Start forms return at once.
type Person struct {
	sim *Sim
	who string
}

// As returns the person with this id or name. Whether they exist and may act is
// checked when they act.
func (s *Sim) As(user string) *Person { return &Person{sim: s, who: user} }

// location is a person in a channel or thread.
type location struct {
	user User
	room *room
	now  time.Time
}

// active returns the person, who must be able to act at all; the caller holds the lock.
func (p *Person) active() (User, error) {
	if p.sim.outage {
		return User{}, ErrOutage
	}
	u, found := p.sim.user(p.who)
	if !found || u.Deactivated {
		return User{}, fmt.Errorf("%w: %s", ErrNoUser, p.who)
	}
	return u, nil
}

// checkAccess checks that the person may act in the channel; the caller holds the lock.
func (p *Person) checkAccess(channel string) (location, error) {
	s := p.sim
	u, err := p.active()
	if err != nil {
		return location{}, err
	}
	r := s.roomNamed(channel)
	if b := s.opts.Bot; channel == b.UserID || channel == "@"+b.Name {
		r = s.direct(u.ID) // people begin a conversation by writing
	}
	if r == nil || r.Archived || !r.hasMember(u.ID) {
		return location{}, fmt.Errorf("%w: %s", ErrNoChannel, channel)
	}
	return location{user: u, room: r, now: time.Now()}, nil
}

// Slash types a slash command with its text into a channel.
func (p *Person) Slash(channel, command, text string) (Outcome, error) {
	return outcome(p.StartSlash(channel, "", command, text))
}

// SlashInThread types a slash command into a thread, which Slack refuses.
func (p *Person) SlashInThread(channel, thread, command, text string) (Outcome, error) {
	return outcome(p.StartSlash(channel, thread, command, text))
}

// Press clicks the button with this action id or label, accepting its confirm
// dialog. The ts is that of a message or of an ephemeral one this person sees.
func (p *Person) Press(channel, ts, button string) (Outcome, error) {
	return outcome(p.StartPress(channel, ts, button))
}

// Say posts a message, into a thread unless thread is empty. "@name" and "#name"
// become mentions; a mention of the bot reaches it as app_mention.
func (p *Person) Say(channel, thread, text string) (Outcome, error) {
	return outcome(p.StartSay(channel, thread, text))
}

func outcome(p *Pending, err error) (Outcome, error) {
	if err != nil {
		return Outcome{}, err
	}
	return p.Outcome(), nil
}

// StartSlash is Slash or, with a thread, SlashInThread without waiting.
func (p *Person) StartSlash(channel, thread, command, text string) (*Pending, error) {
	s := p.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := p.checkAccess(channel)
	if err != nil {
		return nil, err
	}
	known := s.registered(command) && s.granted("commands")
	switch {
	case !known:
		return p.refused(at, thread, command+` is not a valid command. In Slack, all messages that start with `+
			`the "/" character are interpreted as commands.`), nil
	case thread != "":
		return p.refused(at, thread, command+" is not supported in threads. Sorry!"), nil
	}
	return s.startSlash(at, command, strings.TrimSpace(text)), nil
}

// registered reports whether the app has this slash command.
func (s *Sim) registered(command string) bool {
	return slices.Contains(s.opts.Commands, command) || slices.Contains(s.opts.Commands, "*") && strings.HasPrefix(command, "/")
}

// refused shows the person why Slack itself rejected the action.
func (p *Person) refused(at location, thread, why string) *Pending {
	p.sim.addSystemMessage(at, thread, why)
	return &Pending{sim: p.sim, outcome: Outcome{Delivery: Refused, Text: why}}
}

// addSystemMessage shows a person a message from Slack itself.
func (s *Sim) addSystemMessage(at location, thread, text string) {
	s.addEphemeral(at.room, Ephemeral{User: at.user.ID, ThreadTS: thread, Text: text, At: time.Now()})
}

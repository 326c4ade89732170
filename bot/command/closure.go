package command

import (
	"slices"
	"strings"

	"canarybot.io/rollout"
	"canarybot.io/rollout/calendar"
)

const (
	// everything is the word for all services, and teamPrefix what tells a team from a service of the same name.
	everything = "all"
	teamPrefix = "team:"

	wordFrom, wordUntil, wordFor = "from", "until", "for"
	// optRunning says what becomes of rollouts under way.
	optRunning = "--running"
	// longestTime is how many words a time has at most, and then some.
	longestTime = 10
)

// closure reads what begins or ends a freeze or a lock: VERB SCOPE [from TIME] [until TIME] [for SPAN] [REASON...].
func (p *parser) closure() *Error {
	if p.form.Verb == Freeze && p.peek() == "" {
		return nil // it lists what is frozen
	}
	if err := p.scope(); err != nil {
		return err
	}
	if p.form.Verb == Freeze || p.form.Verb == Lock {
		if err := p.times(); err != nil {
			return err
		}
	}
	if err := p.words(); err != nil {
		return err
	}
	if Blank(p.cmd.Reason) && p.form.reason == required {
		return p.wrong(MissingReason, "", "")
	}
	return nil
}

// scope reads what is frozen or locked: a freeze may be of everything, or of a team.
func (p *parser) scope() *Error {
	wide := p.form.Verb == Freeze || p.form.Verb == Unfreeze
	word := strings.ToLower(p.peek())
	team, prefixed := strings.CutPrefix(word, teamPrefix)
	_, _, isService := p.target(word)
	switch {
	case !wide:
	case word == everything:
		p.next()
		p.cmd.Everything, p.named = true, true
		return nil
	case (prefixed || !isService) && slices.Contains(p.known.Teams, team):
		p.next()
		p.cmd.Team, p.named = team, true
		return nil
	}
	if err := p.service(); err != nil {
		if err.Problem == UnknownService && !wide && (word == everything || slices.Contains(p.known.Teams, team)) {
			return p.wrong(OneService, word, "")
		}
		if err.Problem == UnknownService && wide {
			err.Nearest = nearest(team, append(p.known.Teams, everything, err.Nearest))
		}
		return err
	}
	p.cmd.Rollout = "" // it is about the service
	if p.cmd.Service == "" {
		return p.wrong(MissingService, "", "")
	}
	return nil
}

// times reads from when and until when, in any order. Other words begin the reason.
func (p *parser) times() *Error {
	for {
		word := strings.ToLower(p.peek())
		if option, value, valued := strings.Cut(word, "="); option == optRunning && p.form.Verb == Freeze {
			if err := p.running(value, valued); err != nil {
				return err
			}
			continue
		}
		place := &p.cmd.Until
		switch word {
		case wordFrom:
			place = &p.cmd.From
		case wordUntil, wordFor:
		default:
			return nil
		}
		ahead := p.line
		ahead.next()
		when, n := ahead.time()
		_, span := when.Span()
		switch first := ahead.peek(); {
		case n == 0 && word == wordFor && strings.ToLower(first) != "ever" && (first == "" || !digit(first[0])):
			return nil // for the migration
		case first == "":
			return p.wrong(MissingValue, word, "")
		case n == 0, word == wordFor && !span:
			return p.wrong(NoTime, first, "")
		case word == wordFrom && p.form.Verb == Lock:
			return p.wrong(AtOnce, word, "")
		case *place != "":
			return p.wrong(RepeatedOption, word, "")
		}
		*place = when
		p.next()
		for range n {
			p.next()
		}
	}
}

// running reads what becomes of rollouts under way: --running pause or --running=rollback.
func (p *parser) running(value string, valued bool) *Error {
	p.next()
	if !valued {
		value = strings.ToLower(p.next())
	}
	running := rollout.Running(clean(value))
	switch {
	case running == "":
		return p.wrong(MissingValue, optRunning, "")
	case running != rollout.PauseRunning && running != rollout.ReturnRunning:
		return p.wrong(NoRunning, value, nearest(value, []string{string(rollout.PauseRunning), string(rollout.ReturnRunning)}))
	case p.cmd.Running != rollout.Finish:
		return p.wrong(RepeatedOption, optRunning, "")
	}
	p.cmd.Running = running
	return nil
}

// time looks at the words ahead, and returns the time that they begin with.
func (l line) time() (calendar.When, int) {
	var words []string
	for range longestTime {
		words = append(words, l.next())
	}
	return calendar.ReadWhen(slices.DeleteFunc(words, func(w string) bool { return w == "" }))
}

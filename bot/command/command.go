package command

import (
	"slices"
	"strconv"
	"strings"

	"canarybot.io/rollout"
	"canarybot.io/rollout/calendar"
)

// Command is one parsed line.
type Command struct {
	Verb    Verb
	Service rollout.ServiceName // empty if the verb takes none, or if it was left out where that is allowed
	// Rollout is set if a rollout was meant and not just its service: its id was typed, or the service was left out in
	// the rollout's thread.
	Rollout rollout.ID
	Version string // Deploy only; as typed
	// Together is what is to be deployed together, in the place of Service and Version.
	Together []Deployment
	Plan     string
	Auto     bool
	Replace  bool
	DryRun   bool
	// Emergency is Deploy's: without bakes and gates. Now is Promote's: before the bake is over. Both need a reason.
	Emergency, Now bool
	Gently         bool          // Rollback only: by the service's own plan, where nothing rolls out
	At             calendar.When // Deploy: it is pending until then; empty: it starts now. Incident: when it began; empty: nobody said
	Queue          bool          // Deploy only: where it cannot start now, it is pending until it can
	Move           Move          // Queue only: what to do with a pending deploy; empty: list them
	Pending        int           // which, with Move
	Topic          Verb          // the command to explain in Help; empty: the first ones; All: all
	// Everything and Team are what Freeze and Unfreeze are about where it is no service; Freeze about nothing lists what is.
	Everything bool
	Team       string
	From       calendar.When // Freeze only; empty: now
	Until      calendar.When // Freeze and Lock: its end, or how long
	// Running is what a freeze means to rollouts under way. Freeze only.
	Running rollout.Running
	Channel string // Digest only: whose, with its #; empty: that of any
	Days    int    // Report only: how far back; 0: as far as usual
	Reason  string // the rest of the line, word for word
}

// Deployment is one of several services, with its version as typed.
type Deployment struct {
	Service rollout.ServiceName
	Version string
}

// Known has the names that the parser compares words with.
type Known struct {
	Services []rollout.ServiceName // configured services, and those of live rollouts
	Teams    []string              // whose they are
	Thread   rollout.ID            // the rollout in whose thread the line was written; empty: none
	// Besides are the services that go together with the thread's rollout: it is their thread, too.
	Besides []rollout.ServiceName
	Self    []string // the bot's name and id, without @
	// Message is true for what follows a mention in a message. Others read it too and it may be said to them: only what
	// cannot be talk is a command there.
	Message bool
}

// Action returns what the command decides about a live rollout; empty if it is no decision.
func (c Command) Action() rollout.Action {
	if c.Now {
		return rollout.PromoteNow
	}
	return c.Verb.Action()
}

// String returns the line for the command; Parse reads it back.
func (c Command) String() string {
	words := []string{string(c.Verb)}
	add := func(when bool, w ...string) {
		if when {
			words = append(words, w...)
		}
	}
	switch {
	case c.Rollout != "":
		words = append(words, string(c.Rollout))
	case c.Service != "":
		words = append(words, string(c.Service))
	case c.Everything:
		words = append(words, everything)
	case c.Team != "":
		words = append(words, teamPrefix+c.Team)
	}
	add(c.Move != "", string(c.Move), strconv.Itoa(c.Pending))
	add(c.Channel != "", c.Channel)
	add(c.Days > 0, strconv.Itoa(c.Days)+"d")
	add(c.From != "", wordFrom, string(c.From))
	if _, span := c.Until.Span(); span {
		add(true, wordFor, string(c.Until))
	} else {
		add(c.Until != "", wordUntil, string(c.Until))
	}
	add(c.Running != rollout.Finish, optRunning, string(c.Running))
	for _, d := range c.Together {
		add(true, string(d.Service)+"="+d.Version)
	}
	add(len(c.Together) > 0, optTogether)
	add(c.Gently, optGently)
	add(c.Topic != "", string(c.Topic))
	add(c.Version != "", c.Version)
	add(c.Plan != "", optPlan, c.Plan)
	add(c.Auto, optAuto)
	add(c.Replace, optReplace)
	add(c.Emergency, optEmergency)
	add(c.Now, optNow)
	add(c.DryRun, optDryRun)
	add(c.Queue, optQueue)
	add(c.At != "" && c.Verb == Incident, wordAt, string(c.At))
	add(c.At != "" && c.Verb != Incident, optAt, string(c.At))
	if c.Reason != "" {
		add(c.needsDash() || c.Verb.Closes() || c.Verb == Incident || c.At != "", "--") // else its first words might be times
		words = append(words, c.Reason)
	}
	return strings.Join(words, " ")
}

// needsDash reports whether the reason would be read as options, or as a further service, without a dash before it.
func (c Command) needsDash() bool {
	words := strings.FieldsFunc(c.Reason, space)
	first := slices.IndexFunc(words, func(w string) bool { return clean(w) != "" })
	if first >= 0 && (strings.HasPrefix(clean(words[first]), "-") || len(c.Together) > 0 && strings.Contains(words[first], "=")) {
		return true
	}
	return optionIn(c.Reason) != ""
}

package command

import (
	"slices"
	"strings"

	"canarybot.io/rollout"
)

// Command is one parsed line.
type Command struct {
	Verb    Verb
	Service rollout.ServiceName // empty if the verb takes none, or if it was left out where that is allowed
	// Rollout is set if a rollout was meant and not just its service: its id was typed, or the service was left out in
	// the rollout's thread.
	Rollout rollout.ID
	Version string // Deploy only; as typed
	Plan    string
	Auto    bool
	Replace bool
	DryRun  bool
	Topic   Verb   // the command to explain in Help; empty: the first ones; All: all
	Reason  string // the rest of the line, word for word
}

// Known has the names that the parser compares words with.
type Known struct {
	Services []rollout.ServiceName // configured services, and those of live rollouts
	Thread   rollout.ID            // the rollout in whose thread the line was written; empty: none
	Self     []string              // the bot's name and id, without @
	// Message is true for what follows a mention in a message. Others read it too and it may be said to them: only what
	// cannot be talk is a command there.
	Message bool
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
	}
	add(c.Topic != "", string(c.Topic))
	add(c.Version != "", c.Version)
	add(c.Plan != "", optPlan, c.Plan)
	add(c.Auto, optAuto)
	add(c.Replace, optReplace)
	add(c.DryRun, optDryRun)
	if c.Reason != "" {
		add(c.needsDash(), "--")
		words = append(words, c.Reason)
	}
	return strings.Join(words, " ")
}

// needsDash reports whether the reason would be read as options without a dash before it.
func (c Command) needsDash() bool {
	words := strings.FieldsFunc(c.Reason, space)
	first := slices.IndexFunc(words, func(w string) bool { return clean(w) != "" })
	if first >= 0 && strings.HasPrefix(clean(words[first]), "-") {
		return true
	}
	return optionIn(c.Reason) != ""
}

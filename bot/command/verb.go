package command

import (
	"slices"

	"canarybot.io/rollout"
)

// Verb is the canonical name of a command: aliases are resolved.
type Verb string

// The verbs.
const (
	Deploy   Verb = "deploy"
	Status   Verb = "status"
	Services Verb = "services"
	History  Verb = "history"
	Checks   Verb = "checks"
	Why      Verb = "why"
	Whoami   Verb = "whoami"
	Help     Verb = "help"
	Promote  Verb = "promote"
	Rollback Verb = "rollback"
	Pause    Verb = "pause"
	Resume   Verb = "resume"
	Override Verb = "override"
	Accept   Verb = "accept"
	Retry    Verb = "retry"
	Abandon  Verb = "abandon"
)

// All is the topic of help about every command.
const All Verb = "all"

// Action returns what the verb decides about a live rollout; empty if it is not a decision.
func (v Verb) Action() rollout.Action {
	switch v {
	case Promote:
		return rollout.Promote
	case Rollback:
		return rollout.Rollback
	case Pause:
		return rollout.Pause
	case Resume:
		return rollout.Resume
	case Override:
		return rollout.Override
	case Accept:
		return rollout.Accept
	case Retry:
		return rollout.Retry
	case Abandon:
		return rollout.Abandon
	case Deploy, Status, Services, History, Checks, Why, Whoami, Help, All:
	}
	return ""
}

// Decides reports whether the verb is a decision about an existing rollout.
func (v Verb) Decides() bool { return v.Action() != "" }

// need says whether a verb takes a service or a reason.
type need int

const (
	never need = iota
	optional
	required
)

// Form describes how one command is typed.
type Form struct {
	Verb    Verb
	Aliases []string
	Args    string // the arguments, in the notation of the grammar; empty: none

	service need
	reason  need
}

// Forms returns every command in the order in which help lists them.
func Forms() []Form {
	return []Form{
		{Verb: Deploy, Args: "SERVICE VERSION [--plan NAME] [--auto] [--replace] [--dry-run] [REASON...]", service: required, reason: optional},
		{Verb: Status, Args: "[SERVICE]", service: optional},
		{Verb: Promote, Args: "SERVICE [REASON...]", Aliases: []string{"approve"}, service: required, reason: optional},
		{Verb: Rollback, Args: "SERVICE [REASON...]", Aliases: []string{"abort", "cancel", "stop", "undo"}, service: required, reason: optional},
		{Verb: Pause, Args: "SERVICE [REASON...]", service: required, reason: optional},
		{Verb: Resume, Args: "SERVICE [REASON...]", service: required, reason: optional},
		{Verb: Override, Args: "SERVICE [REASON...]", service: required, reason: optional},
		{Verb: Accept, Args: "SERVICE [REASON...]", service: required, reason: optional},
		{Verb: Retry, Args: "SERVICE [REASON...]", service: required, reason: optional},
		{Verb: Abandon, Args: "SERVICE REASON...", service: required, reason: required},
		{Verb: Services},
		{Verb: History, Args: "[SERVICE]", service: optional},
		{Verb: Checks, Args: "SERVICE", service: required},
		{Verb: Why, Args: "SERVICE", service: required},
		{Verb: Whoami},
		{Verb: Help, Args: "[COMMAND]"},
	}
}

// FormOf returns the form of a verb; ok is false for a word that is not a verb.
func FormOf(v Verb) (Form, bool) {
	forms := Forms()
	i := slices.IndexFunc(forms, func(f Form) bool { return f.Verb == v })
	if i < 0 {
		return Form{}, false
	}
	return forms[i], true
}

// named returns the form that a typed word means, by verb or alias.
func named(word string) (Form, bool) {
	for _, f := range Forms() {
		if string(f.Verb) == word || slices.Contains(f.Aliases, word) {
			return f, true
		}
	}
	return Form{}, false
}

// names returns every word that may come first.
func names() []string {
	var all []string
	for _, f := range Forms() {
		all = append(append(all, string(f.Verb)), f.Aliases...)
	}
	return all
}

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
	List     Verb = "list"
	Show     Verb = "show"
	Diff     Verb = "diff"
	Checks   Verb = "checks"
	Why      Verb = "why"
	Whoami   Verb = "whoami"
	Help     Verb = "help"
	Promote  Verb = "promote"
	Rollback Verb = "rollback"
	Pause    Verb = "pause"
	Resume   Verb = "resume"
	Extend   Verb = "extend"
	Recheck  Verb = "recheck"
	Review   Verb = "review"
	Override Verb = "override"
	Accept   Verb = "accept"
	Retry    Verb = "retry"
	Abandon  Verb = "abandon"
	Freeze   Verb = "freeze"
	Unfreeze Verb = "unfreeze"
	Lock     Verb = "lock"
	Unlock   Verb = "unlock"
	Audit    Verb = "audit"
	Report   Verb = "report"
	Incident Verb = "incident"
	Queue    Verb = "queue"
	Digest   Verb = "digest"
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
	case Extend:
		return rollout.Extend
	case Review:
		return rollout.Review
	case Override:
		return rollout.Override
	case Accept:
		return rollout.Accept
	case Retry:
		return rollout.Retry
	case Abandon:
		return rollout.Abandon
	case Deploy, Status, Services, History, List, Show, Diff, Checks, Why, Whoami, Help, All, Freeze, Unfreeze, Lock, Unlock, Audit, Report, Incident, Queue, Digest, Recheck:
	}
	return ""
}

// Decides reports whether the verb is a decision about an existing rollout.
func (v Verb) Decides() bool { return v.Action() != "" }

// Closes reports whether the verb begins or ends a freeze or a lock.
func (v Verb) Closes() bool { return v == Freeze || v == Unfreeze || v == Lock || v == Unlock }

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
		{Verb: Deploy, Args: "SERVICE VERSION [--plan NAME] [--auto] [--replace] [--emergency] [--dry-run] [--at TIME] [--queue] [REASON...]", service: required, reason: optional},
		{Verb: Status, Args: "[SERVICE]", service: optional},
		{Verb: Promote, Args: "SERVICE [--now] [REASON...]", Aliases: []string{"approve"}, service: required, reason: optional},
		{Verb: Rollback, Args: "SERVICE [--gently] [REASON...]", Aliases: []string{"abort", "cancel", "stop", "undo"}, service: required, reason: optional},
		{Verb: Pause, Args: "SERVICE [REASON...]", service: required, reason: optional},
		{Verb: Resume, Args: "SERVICE [REASON...]", service: required, reason: optional},
		{Verb: Extend, Args: "SERVICE [REASON...]", service: required, reason: optional},
		{Verb: Recheck, Args: "SERVICE", service: required},
		{Verb: Override, Args: "SERVICE [REASON...]", service: required, reason: optional},
		{Verb: Accept, Args: "SERVICE [REASON...]", service: required, reason: optional},
		{Verb: Retry, Args: "SERVICE [REASON...]", service: required, reason: optional},
		{Verb: Abandon, Args: "SERVICE REASON...", service: required, reason: required},
		{Verb: Review, Args: "SERVICE [REASON...]", service: required, reason: optional},
		{Verb: Queue, Args: "[SERVICE] [leave NUMBER] [jump NUMBER]", service: optional},
		{Verb: Freeze, Args: "[all|SERVICE|TEAM] [from TIME] [until TIME] [for 2h] [--running pause|rollback] [REASON...]", service: optional, reason: optional},
		{Verb: Unfreeze, Args: "all|SERVICE|TEAM [REASON...]", service: required, reason: optional},
		{Verb: Lock, Args: "SERVICE [until TIME] [for 2h] REASON...", service: required, reason: required},
		{Verb: Unlock, Args: "SERVICE [REASON...]", service: required, reason: optional},
		{Verb: Services},
		{Verb: List},
		{Verb: Show, Args: "ROLLOUT", service: required},
		{Verb: Diff, Args: "SERVICE", service: required},
		{Verb: History, Args: "[SERVICE]", service: optional},
		{Verb: Checks, Args: "SERVICE", service: required},
		{Verb: Why, Args: "SERVICE", service: required},
		{Verb: Report, Args: "[30d] [SERVICE|TEAM]", service: optional},
		{Verb: Digest, Args: "[CHANNEL]"},
		{Verb: Incident, Args: "SERVICE [at TIME] WHAT HAPPENED...", service: required, reason: required},
		{Verb: Audit, Args: "[SERVICE]", service: optional},
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

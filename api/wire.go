// Package api is the face for pipelines: rollouts started, followed and decided about over HTTP. It reaches the engine and
// the store through ports of its own, and says the same sentences as Slack. It never trusts a name in a request: who
// asks is what the token proves. To test it, call Handler with a recorder; nothing in it needs a socket.
package api

import (
	"time"

	"canarybot.io/rollout"
)

// Start is the body of POST /v1/rollouts, and of POST /v1/plan, which changes nothing.
type Start struct {
	Service string `json:"service"`
	Version string `json:"version"`
	Plan    string `json:"plan,omitempty"`
	Auto    bool   `json:"auto,omitempty"`
	Replace bool   `json:"replace,omitempty"`
	Reason  string `json:"reason,omitempty"`
	// Link is where the pipeline's run can be read; it is live only where the token or the configuration vouches for it.
	Link string `json:"link,omitempty"`
}

// Decision is the body of POST /v1/rollouts/{id}/decisions.
type Decision struct {
	Action rollout.Action `json:"action"`         // promote, rollback, pause or resume
	Turn   rollout.Turn   `json:"turn,omitempty"` // the question that it answers; promote and resume need it
	Reason string         `json:"reason,omitempty"`
}

// Rollout is a rollout as the API tells it. Sentences are plain text, the same that the card has.
type Rollout struct {
	ID          rollout.ID          `json:"id"`
	Service     rollout.ServiceName `json:"service"`
	Environment string              `json:"environment"`
	Version     string              `json:"version"` // as it was asked for
	Image       string              `json:"image"`   // in full, with its digest where that is known
	From        string              `json:"from,omitempty"`
	Phase       string              `json:"phase"`
	Outcome     string              `json:"outcome,omitempty"` // succeeded, rolled back, cancelled, abandoned; empty while it runs
	// Go is true once a rollout by gate waits for stable to run the version: whoever waits for it may go on.
	Go     bool         `json:"go,omitempty"`
	Turn   rollout.Turn `json:"turn"`
	Seq    int          `json:"seq"` // of its last entry: what ?after= takes
	Weight int          `json:"weight"`
	Step   int          `json:"step"` // from 1
	Steps  []Step       `json:"steps"`
	// Status is one sentence: what it does now, or how it ended and why. Waits is what it waits for, if for somebody.
	Status  string           `json:"status"`
	Waits   string           `json:"waits,omitempty"`
	Actions []rollout.Action `json:"actions,omitempty"` // what may be decided now, by whoever is allowed to
	Checks  []Check          `json:"checks,omitempty"`
	By      string           `json:"by"` // who asked for it
	Reason  string           `json:"reason,omitempty"`
	Link    string           `json:"link,omitempty"` // of the run that asked for it
	Card    string           `json:"card,omitempty"` // its card in Slack
	Asked   time.Time        `json:"asked"`
	Started time.Time        `json:"started,omitzero"`
	Ended   time.Time        `json:"ended,omitzero"`
	// Problems are why it did not start, or what it left behind.
	Problems []string `json:"problems,omitempty"`
}

// Step is one step of a rollout's plan.
type Step struct {
	Weight int    `json:"weight"`
	Bake   string `json:"bake"` // as Go writes a duration
	Gate   string `json:"gate"`
}

// Check is what one check says now.
type Check struct {
	Name   string   `json:"name"`
	Result string   `json:"result"` // pass, fail or unknown
	Canary *float64 `json:"canary,omitempty"`
	Stable *float64 `json:"stable,omitempty"`
	Limit  *float64 `json:"limit,omitempty"`
	Unit   string   `json:"unit,omitempty"`
	Text   string   `json:"text"` // one line, as the card has it
}

// Rollouts is a list, newest first.
type Rollouts struct {
	Rollouts []Rollout `json:"rollouts"`
}

// Plan is the answer of POST /v1/plan.
type Plan struct {
	Rollout  Rollout  `json:"rollout"` // as it would start; its id may be taken by another by then
	Starts   bool     `json:"starts"`
	Problems []string `json:"problems,omitempty"`
	Notices  []string `json:"notices,omitempty"`
	Text     string   `json:"text"` // the whole answer, as Slack shows it
}

// Service is one service that the caller may do something about.
type Service struct {
	Name     rollout.ServiceName `json:"name"`
	Plans    []string            `json:"plans"` // the default first
	Versions []string            `json:"versions,omitempty"`
	Live     rollout.ID          `json:"live,omitempty"`
	May      []rollout.Action    `json:"may"`
}

// Services is a list, by name.
type Services struct {
	Services []Service `json:"services"`
}

// Problem is an answer that refuses, as RFC 9457 has it.
type Problem struct {
	Type   string `json:"type"`  // about:blank
	Title  string `json:"title"` // of the status
	Status int    `json:"status"`
	Detail string `json:"detail"` // the sentence that Slack would show
	Code   string `json:"code"`   // the rollout.ProblemCode, for programs
	// Rollout is the one that is in the way.
	Rollout rollout.ID `json:"rollout,omitempty"`
	// Errors name what is wrong with each field of a body.
	Errors []FieldError `json:"errors,omitempty"`
}

// FieldError is what is wrong with one field.
type FieldError struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

package webhook

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"canarybot.io/rollout"
)

// Version is the version of the body that a plain webhook has. Another one follows only where a receiver of this one could
// not read the body: new keys may come at any time.
const Version = 1

// Body is what a plain webhook is told.
type Body struct {
	Version     int                 `json:"version"`
	ID          string              `json:"id"`
	Type        string              `json:"type"` // "rollout." and a Kind
	Time        time.Time           `json:"time"` // when it happened
	Environment string              `json:"environment"`
	Service     rollout.ServiceName `json:"service"`
	Rollout     rollout.ID          `json:"rollout"`
	Store       string              `json:"store"`     // numbers of rollouts begin anew with another one
	Seq         int                 `json:"seq"`       // rises within a rollout
	Requested   string              `json:"requested"` // the version as it was asked for
	Image       string              `json:"image,omitempty"`
	From        string              `json:"from,omitempty"` // the image that stable had
	Plan        string              `json:"plan,omitempty"`
	Step        int                 `json:"step,omitempty"` // from 1
	Steps       int                 `json:"steps,omitempty"`
	Weight      *int                `json:"weight,omitempty"` // the canary's share in percent
	Action      rollout.Action      `json:"action,omitempty"` // what somebody decided
	Outcome     rollout.Outcome     `json:"outcome,omitempty"`
	Reason      rollout.ReasonCode  `json:"reason,omitempty"`
	Commit      *Commit             `json:"commit,omitempty"`
	By          *By                 `json:"by,omitempty"`
	Text        string              `json:"text"` // a sentence or two, one line of plain text
	Link        string              `json:"link,omitempty"`
}

// By is who did something.
type By struct {
	Kind rollout.ActorKind `json:"kind"`
	ID   string            `json:"id,omitempty"`  // a person's Slack id, a pipeline's name
	Run  string            `json:"run,omitempty"` // what of the pipeline
	Link string            `json:"link,omitempty"`
}

// Commit is a commit in Git that promotes the version or takes it back, or the pull request that asks for one.
type Commit struct {
	Wish rollout.GitWish `json:"wish"`           // promotion or revert
	Hash string          `json:"hash,omitempty"` // in the branch; empty: not yet
	Link string          `json:"link,omitempty"`
}

// BodyOf returns an event's body.
func BodyOf(e Event) Body {
	r := e.Rollout
	b := Body{
		Version: Version, ID: e.ID, Type: "rollout." + string(e.Kind), Time: e.Entry.At.UTC(), Environment: e.Environment,
		Service: r.Service, Rollout: r.ID, Store: r.Store, Seq: e.Entry.Seq, Requested: r.Request.Version, Image: r.Image,
		From: r.From(), Plan: r.Spec.Plan.Name, Steps: len(r.Spec.Plan.Steps), Action: e.Entry.Data.Action,
		Outcome: e.Outcome(), Reason: e.Entry.Data.Reason.Code, Text: e.Text, Link: e.Link,
	}
	if _, ok := e.step(); ok {
		b.Step = e.Entry.Step + 1
	}
	if w, ok := e.Weight(); ok {
		b.Weight = &w
	}
	if end := e.Entry.Data.Ending; end != nil {
		b.Reason = end.Reason.Code
	}
	if c := e.Entry.Data.Commit; c != nil {
		b.Commit = &Commit{Wish: e.Entry.Data.Wish, Hash: c.Hash, Link: c.Link}
	}
	if e.By.Kind != "" {
		b.By = &By{Kind: e.By.Kind, ID: e.By.ID, Run: e.By.Run, Link: e.By.Link}
	}
	return b
}

// plain is a webhook with a body of our own.
type plain struct{ c *client }

// NewPlain returns a target that gets a Body for each event.
func NewPlain(s Settings, log *slog.Logger) Target { return plain{newClient(s, log)} }

// Send posts the event, signed where there are keys.
func (p plain) Send(ctx context.Context, e Event) error {
	body, err := json.Marshal(BodyOf(e))
	if err != nil {
		return &Error{Outcome: Refused, Cause: err}
	}
	return p.c.post(ctx, e.ID, http.Header{}, body)
}

// post posts a body to the target's address under an event's id, signed where there are keys.
func (c *client) post(ctx context.Context, id string, header http.Header, body []byte) error {
	address, err := c.address()
	if err != nil {
		return err
	}
	if err := c.signer.sign(header, id, time.Now(), body); err != nil {
		return later("secret_files: %w", err)
	}
	return c.do(ctx, request{url: address, header: header, body: body}, nil)
}

package kube

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// maxNote is how long the message of an event may be.
const maxNote = 1024

// Note leaves an event on stable's Deployment, where kubectl describe shows it for an hour. The error is Forbidden where
// the bot may not: the right may be left out.
func (c *Cluster) Note(ctx context.Context, r rollout.Rollout, n rollout.Note) error {
	o := r.Spec.Objects
	if n.At.IsZero() {
		n.At = time.Now()
	}
	kind := core.EventTypeNormal
	if n.Warning {
		kind = core.EventTypeWarning
	}
	event := &core.Event{
		ObjectMeta: meta.ObjectMeta{Name: noteName(o.Stable, n), Namespace: o.Namespace},
		InvolvedObject: core.ObjectReference{
			APIVersion: "apps/v1", Kind: "Deployment", Namespace: o.Namespace, Name: o.Stable, UID: types.UID(r.Original.Stable.UID),
		},
		Reason: n.Reason, Message: short(n.Text, maxNote), Type: kind, Source: core.EventSource{Component: object.Manager},
		FirstTimestamp: meta.NewTime(n.At), LastTimestamp: meta.NewTime(n.At), Count: 1,
	}
	_, err := c.client.events(o.Namespace).Create(ctx, event, meta.CreateOptions{FieldManager: object.Manager})
	if n.ID != "" && apierrors.IsAlreadyExists(err) {
		return nil
	}
	return object.Error(err, rollout.Problem{Call: rollout.CallCreate, Object: object.Ref("Event", o.Namespace, event.Name)})
}

// noteName returns the name of a note's event: what makes two of it one.
func noteName(about string, n rollout.Note) string {
	if n.ID == "" {
		return fmt.Sprintf("%s.%x", about, n.At.UnixNano())
	}
	sum := sha256.Sum256([]byte(n.ID))
	return fmt.Sprintf("%s.%x", about, sum[:8])
}

// short cuts a text to so many bytes, at the end of a character.
func short(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "")
}

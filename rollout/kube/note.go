package kube

import (
	"context"
	"fmt"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// maxNote is how long the message of an event may be.
const maxNote = 1024

// Note leaves an event of type Warning on stable's Deployment, where kubectl describe shows it for an hour. The reason is one
// word in CamelCase. The error is Forbidden where the bot may not: the right may be left out.
func (c *Cluster) Note(ctx context.Context, r rollout.Rollout, reason, text string) error {
	o, now := r.Spec.Objects, time.Now()
	event := &core.Event{
		ObjectMeta: meta.ObjectMeta{Name: fmt.Sprintf("%s.%x", o.Stable, now.UnixNano()), Namespace: o.Namespace},
		InvolvedObject: core.ObjectReference{
			APIVersion: "apps/v1", Kind: "Deployment", Namespace: o.Namespace, Name: o.Stable, UID: types.UID(r.Original.Stable.UID),
		},
		Reason: reason, Message: text[:min(len(text), maxNote)], Type: core.EventTypeWarning,
		Source:         core.EventSource{Component: object.Manager},
		FirstTimestamp: meta.NewTime(now), LastTimestamp: meta.NewTime(now), Count: 1,
	}
	_, err := c.client.events(o.Namespace).Create(ctx, event, meta.CreateOptions{FieldManager: object.Manager})
	return object.Error(err, rollout.Problem{Call: rollout.CallCreate, Object: object.Ref("Event", o.Namespace, event.Name)})
}

package object

import (
	"encoding/json"
	"fmt"
	"slices"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"canarybot.io/rollout"
)

// Manager is the field manager of every write of ours: what managedFields call us.
const Manager = "canarybot"

// Domain is the domain of our annotations.
const Domain = "canarybot.io"

// The annotations that we set or heed.
const (
	// Applied holds the stamp of the last write of ours: rollout.Stamp as JSON.
	Applied = Domain + "/applied"
	// Rollback rolls a rollout back when somebody sets it to RollbackNow.
	Rollback    = Domain + "/rollback"
	RollbackNow = "now"
)

// Meta reduces an object to what the domain knows of it. A stamp that cannot be read counts as none: fields are then
// compared with what we know we wrote.
func Meta(o meta.Object) rollout.Meta {
	return rollout.Meta{
		Exists: true, UID: string(o.GetUID()), Version: o.GetResourceVersion(), Stamp: stamp(o.GetAnnotations()),
		AsksRollback: o.GetAnnotations()[Rollback] == RollbackNow,
	}
}

func stamp(annotations map[string]string) *rollout.Stamp {
	text, ok := annotations[Applied]
	if !ok {
		return nil
	}
	var s rollout.Stamp
	if len(text) > longestStamp || json.Unmarshal([]byte(text), &s) != nil || !s.Possible() {
		return nil
	}
	return &s
}

// longestStamp is more than any stamp of ours has.
const longestStamp = 16 << 10

// Stamped reports whether the object bears a stamp, readable or not.
func Stamped(o meta.Object) bool {
	_, ok := o.GetAnnotations()[Applied]
	return ok
}

// StampText returns the stamp as the annotation holds it.
func StampText(s rollout.Stamp) (string, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return "", rollout.Refuse(rollout.Internal, rollout.Problem{Code: rollout.ProblemStampEncoding}).Because(err)
	}
	return string(text), nil
}

// Guard returns the metadata of a JSON merge patch for the write: the resourceVersion and the UID that it was decided
// on, so that the API server refuses it on any other object, and the stamp; and where the object is to be left alone by
// Flux, what says so. A release removes our annotations in place of the stamp, and those named in extra. The error is Conflict, and nothing needs to be sent, when the object as just
// read is another one already.
func Guard(o meta.Object, w rollout.Write, extra ...string) (map[string]any, error) {
	if err := Same(o, w); err != nil {
		return nil, err
	}
	annotations := map[string]any{}
	alone := w.Stamp.Original != nil && slices.Contains(w.Stamp.Original.LeftAlone, w.Object)
	if w.Verb == rollout.Release {
		ours := append([]string{Applied, Rollback}, extra...)
		if alone {
			ours = append(ours, FluxReconcile)
		}
		for _, name := range ours {
			if _, ok := o.GetAnnotations()[name]; ok {
				annotations[name] = nil
			}
		}
	} else {
		text, err := StampText(w.Stamp)
		if err != nil {
			return nil, err
		}
		annotations[Applied] = text
		if alone {
			annotations[FluxReconcile] = FluxDisabled
		}
		if w.AskRollback {
			annotations[Rollback] = RollbackNow
		}
	}
	return map[string]any{"resourceVersion": w.Version, "uid": w.UID, "annotations": annotations}, nil
}

// Same returns a Conflict when the object is not the one that the write was decided on. A write without a guard is
// Invalid: it is never sent.
func Same(o meta.Object, w rollout.Write) error {
	p := rollout.Problem{Object: rollout.ObjectRef{Name: o.GetName()}}
	switch {
	case w.UID == "" || w.Version == "":
		p.Code = rollout.ProblemWriteUnguarded
		return rollout.Refuse(rollout.Invalid, p)
	case string(o.GetUID()) != w.UID:
		p.Code = rollout.ProblemObjectReplaced
		return rollout.Refuse(rollout.Conflict, p)
	case o.GetResourceVersion() != w.Version:
		p.Code = rollout.ProblemObjectChanged
		return rollout.Refuse(rollout.Conflict, p)
	}
	return nil
}

// Preconditions guard a delete: it has an effect on no object but the one that it was decided on.
func Preconditions(w rollout.Write) (*meta.Preconditions, error) {
	if w.UID == "" || w.Version == "" {
		return nil, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: rollout.ProblemDeleteUnguarded})
	}
	uid := types.UID(w.UID)
	return &meta.Preconditions{UID: &uid, ResourceVersion: &w.Version}, nil
}

// RollbackID returns the id of the decision that the rollback annotation on this object makes; empty without one.
func RollbackID(m rollout.Meta) rollout.DecisionID {
	if !m.Exists || !m.AsksRollback {
		return ""
	}
	return rollout.DecisionID(fmt.Sprintf("kube:%s:%s", m.UID, m.Version))
}

package sim

import (
	"fmt"
	"reflect"

	"canarybot.io/rollout"
)

// Manager is the field manager of Canarybot's own writes.
const Manager = "canarybot"

// object is what all objects have in common.
type object struct {
	uid     string
	version string
	stamp   *rollout.Stamp
	asks    bool // canarybot.io/rollback=now
}

func (c *Cluster) newObject() object { return object{uid: c.uid(), version: c.version()} }

// meta returns the object's metadata as the domain sees it; nil if it does not exist.
func (o *object) meta() rollout.Meta {
	if o == nil {
		return rollout.Meta{}
	}
	m := rollout.Meta{Exists: true, UID: o.uid, Version: o.version, AsksRollback: o.asks}
	if o.stamp != nil {
		stamp := *o.stamp
		m.Stamp = &stamp
	}
	return m
}

// mark sets the stamp of a write on its object or, for a release, removes it.
func (o *object) mark(c *Cluster, w rollout.Write) {
	o.version = c.version()
	if w.Verb == rollout.Release {
		o.stamp, o.asks = nil, false
		return
	}
	stamp := w.Stamp
	o.stamp = &stamp
	o.asks = o.asks || w.AskRollback
}

// guard refuses a write that was decided on another version of the object.
func (o *object) guard(w rollout.Write, what rollout.ObjectRef) error {
	refuse := func(code rollout.Code, problem rollout.ProblemCode) error {
		return rollout.Refuse(code, rollout.Problem{Code: problem, Object: what})
	}
	switch {
	case w.Verb == rollout.Create && o != nil:
		return refuse(rollout.Conflict, rollout.ProblemObjectExists)
	case w.Verb == rollout.Create:
		return nil
	case w.UID == "" || w.Version == "":
		return refuse(rollout.Invalid, rollout.ProblemWriteUnguarded)
	case o == nil:
		return refuse(rollout.NotFound, rollout.ProblemObjectMissing)
	case o.uid != w.UID:
		return refuse(rollout.Conflict, rollout.ProblemObjectReplaced)
	case w.Over != nil && (o.stamp == nil || !reflect.DeepEqual(*o.stamp, *w.Over)), w.Over == nil && o.version != w.Version:
		return refuse(rollout.Conflict, rollout.ProblemObjectChanged)
	}
	return nil
}

// rollbackID is the id of the decision in the object's annotation; empty if there is none.
func (o *object) rollbackID() rollout.DecisionID {
	if o == nil || !o.asks {
		return ""
	}
	return rollout.DecisionID(fmt.Sprintf("kube:%s:%s", o.uid, o.version))
}

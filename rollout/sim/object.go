package sim

import (
	"fmt"

	"canarybot.io/rollout"
)

// Manager is what Canarybot's own writes are called in managedFields.
const Manager = "canarybot"

// object is what every object has.
type object struct {
	uid     string
	version string
	stamp   *rollout.Stamp
	asks    bool // canarybot.io/rollback=now
}

func (c *Cluster) newObject() object { return object{uid: c.uid(), version: c.version()} }

// meta reduces the object to what the domain knows of it; nil is an object that does not exist.
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

// mark sets or, for a release, removes what a write of ours leaves on its object.
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

// guard refuses a write that was decided on another object than this one.
func (o *object) guard(w rollout.Write, what string) error {
	switch {
	case w.Verb == rollout.Create && o != nil:
		return rollout.Errorf(rollout.Conflict, "%s exists already; nothing was written.", what)
	case w.Verb == rollout.Create:
		return nil
	case w.UID == "" || w.Version == "":
		return rollout.Errorf(rollout.Invalid, "A write to %s names no resourceVersion and UID; it was not sent.", what)
	case o == nil:
		return rollout.Errorf(rollout.NotFound, "%s does not exist.", what)
	case o.uid != w.UID:
		return rollout.Errorf(rollout.Conflict, "%s was deleted and made anew since it was read; nothing was written.", what)
	case o.version != w.Version:
		return rollout.Errorf(rollout.Conflict, "%s changed since it was read; nothing was written.", what)
	}
	return nil
}

// rollbackID is the decision that the annotation on the object is; empty where there is none.
func (o *object) rollbackID() rollout.DecisionID {
	if o == nil || !o.asks {
		return ""
	}
	return rollout.DecisionID(fmt.Sprintf("kube:%s:%s", o.uid, o.version))
}

package rollout

import (
	"slices"
	"time"
)

// Orphan is a canary that belongs to no rollout in this store: the store is new, was lost, or was restored from an old
// copy. No rollout judges it, so people decide: roll back, or leave it.
type Orphan struct {
	Store   string `json:"store,omitempty"`   // the store in its stamp; empty: it has traffic but no stamp
	Rollout ID     `json:"rollout,omitempty"` // the rollout in its stamp
	Weight  Weight `json:"weight"`            // its share of the traffic when it was found
	// Claims are what its stamp says and nobody believes.
	Claims []Claim `json:"claims,omitempty"`
}

// FindOrphan returns the orphan in the observed cluster, if there is one. Knows reports whether a stamp belongs to a
// rollout in this store.
func FindOrphan(w Observed, knows func(Stamp) bool) (Orphan, bool) {
	if !w.Unreadable.IsZero() || !w.Stable.Exists {
		return Orphan{}, false
	}
	o := Orphan{Weight: w.Route.share()}
	stamped := false
	for _, s := range w.stamps() {
		stamped = true
		if !knows(*s) {
			o.Store, o.Rollout = s.Store, s.Rollout
			return o, true
		}
	}
	return o, !stamped && o.Weight > 0
}

// stamps returns the stamps of the observed objects, the route's first.
func (w Observed) stamps() []*Stamp {
	var all []*Stamp
	for _, m := range []Meta{w.Route.Meta, w.Stable.Meta, w.Canary.Meta, w.Service, w.Scaler.Meta} {
		if m.Exists && m.Stamp != nil {
			all = append(all, m.Stamp)
		}
	}
	return all
}

// left reports whether the stamp belongs to the rollout that left the orphan behind.
func (o Orphan) left(s *Stamp) bool { return s != nil && s.Store == o.Store && s.Rollout == o.Rollout }

// releasesStamp reports whether releasing removes the stamp: this rollout's own, or that of the orphan that it removes.
// Rolling back writes nothing to a stable that somebody else has set, so the orphan's stamp would stay there and the next
// deploy would be refused.
func (r Rollout) releasesStamp(s *Stamp) bool {
	return r.ownStamp(s) || r.Orphan != nil && r.Orphan.left(s)
}

// Adopt makes a new rollout ask what to do with the orphan. It takes its original from the orphan's stamp and counts
// the current state as its own writes, so that rolling back restores the original and changes nothing else. It writes
// nothing and does not hold the service until a person decides.
func Adopt(r Rollout, o Orphan, w Observed, now time.Time) (Rollout, []Entry) {
	r.Orphan = &o
	r.Request = Request{Version: ShortVersion(w.Canary.Image), By: bot, At: now}
	r.Image = w.Canary.Image
	r.Size = max(1, w.Canary.Replicas)
	r.Original, r.Orphan.Claims = r.originalBefore(w)
	weight := w.Route.share()
	r.LastApplied = LastApplied{Weight: &weight, RouteUID: w.Route.UID, StableImage: w.Stable.Image}
	// Where it did not run what the stamp claims, there is nothing to put back.
	told := slices.ContainsFunc(r.Orphan.Claims, func(c Claim) bool { return c.Field == FieldStableImage })
	if o.left(w.Stable.Stamp) && w.Stable.Stamp.Image != "" && !told {
		r.StableWritten, r.LastApplied.StableImage = true, w.Stable.Stamp.Image // a later value was set by somebody else
	}
	if r.Original.Canary.UID == w.Canary.UID || o.left(w.Canary.Stamp) {
		r.LastApplied.CanaryUID, r.LastApplied.CanaryImage, r.LastApplied.CanaryReplicas = w.Canary.UID, w.Canary.Image, w.Canary.Replicas
	}
	if o.left(w.Service.Stamp) {
		r.LastApplied.CanaryServiceUID = w.Service.UID
	}
	entry := func(kind EntryKind, data Data) Entry {
		r.Seq++
		return Entry{Rollout: r.ID, Seq: r.Seq, At: now, Kind: kind, Actor: bot, Data: data}
	}
	entries := []Entry{
		entry(EntryRequested, Data{}),
		entry(EntryAsked, Data{Weight: weight, Reason: Reason{Code: ReasonOrphaned, Detail: string(o.Rollout)}}),
	}
	return r, entries
}

// originalBefore is the state before the orphan: from its stamp as far as that is believed, else the current state without
// the canary's traffic. The Deployments' stamps come first: whoever may write those may run any image anyway.
func (r Rollout) originalBefore(w Observed) (Original, []Claim) {
	service, _, _ := r.Orphan.Rollout.Split()
	for _, s := range []*Stamp{w.Stable.Stamp, w.Canary.Stamp, w.Service.Stamp, w.Scaler.Stamp, w.Route.Stamp} {
		if service == r.Service && r.Orphan.left(s) && s.Original != nil {
			return believed(r, w, *s.Original)
		}
	}
	return presentState(w), nil
}

// Orphaned reports whether the rollout still waits for a decision about an orphan.
func (r Rollout) Orphaned() bool { return r.Phase == Queued && r.Orphan != nil }

// orphanGone reports whether somebody else has removed the orphan: neither its stamp nor its traffic is left.
func (rc *reconciliation) orphanGone() bool {
	if !rc.Orphaned() || !rc.readable() || rc.w.Route.share() > 0 {
		return false
	}
	for _, s := range rc.w.stamps() {
		if rc.Orphan.left(s) {
			return false
		}
	}
	return true
}

package rollout

import (
	"slices"
	"strconv"
)

// ownStamp reports whether the stamp was set by this rollout.
func (r Rollout) ownStamp(s *Stamp) bool {
	return s != nil && s.Store == r.Store && s.Rollout == r.ID
}

// writtenSince reports whether the object's last write of ours is no older than the revision.
func (r Rollout) writtenSince(m Meta, revision Revision) bool {
	return r.ownStamp(m.Stamp) && m.Stamp.Revision >= revision
}

// ourWeight is the canary's share that we last wrote: by the route's stamp, else by the last applied value, else the
// original.
func (r Rollout) ourWeight(route Route) Weight {
	switch {
	case r.ownStamp(route.Stamp) && route.Stamp.Weight != nil && r.couldSend(*route.Stamp.Weight):
		return *route.Stamp.Weight
	case r.LastApplied.Weight != nil:
		return *r.LastApplied.Weight
	default:
		return r.Original.Route.Weight
	}
}

// ourCanary is the image and the replicas that we last gave the canary. ok is false before we ever did.
func (r Rollout) ourCanary(canary Workload) (image string, replicas int, ok bool) {
	switch s := canary.Stamp; {
	case r.ownStamp(s) && s.Replicas != nil && r.couldWrite(s.Image, r.Original.Canary.Image):
		return s.Image, *s.Replicas, true
	case r.LastApplied.CanaryImage != "":
		return r.LastApplied.CanaryImage, r.LastApplied.CanaryReplicas, true
	default:
		return "", 0, false
	}
}

// ourStableImage is the image that stable runs if nobody else changed it.
func (r Rollout) ourStableImage(stable Workload) string {
	switch {
	case r.ByOthers() && r.StableWritten && stable.Image == r.Image: // they do what the promotion asks for
		return r.Image
	case r.ByOthers():
		return r.Original.Stable.Image
	case r.ownStamp(stable.Stamp) && stable.Stamp.Image != "" && r.couldWrite(stable.Stamp.Image, r.Original.Stable.Image):
		return stable.Stamp.Image
	case r.LastApplied.StableImage != "":
		return r.LastApplied.StableImage
	default:
		return r.Original.Stable.Image
	}
}

// couldSend reports whether the rollout may have written the weight: one of its plan, or whatever is left while it ends. A
// stamp that says another one was written by somebody else, who hides a change with it.
func (r Rollout) couldSend(w Weight) bool {
	return w == 0 || r.Phase.Ending() || w == r.Original.Route.Weight ||
		slices.ContainsFunc(r.Spec.Plan.Steps, func(s Step) bool { return s.Weight == w })
}

// couldWrite reports the same of an image: the new one, or the original.
func (r Rollout) couldWrite(image, original string) bool {
	return image == "" || image == r.Image || image == original
}

// share returns the canary's share as the route has it: nothing where it is not named.
func (r Route) share() Weight {
	if !r.Exists || !r.HasCanary {
		return 0
	}
	return r.Weight
}

// drifts returns the fields that we steer and somebody else changed, most telling first. Deleted objects are not
// included: they have rules of their own.
func drifts(r Rollout, w Observed) []Drift {
	var all []Drift
	add := func(field Field, ours, value, by string) {
		if ours != value {
			all = append(all, Drift{Field: field, Wanted: ours, Value: value, By: by})
		}
	}
	if w.Stable.Exists {
		add(FieldStableUID, r.Original.Stable.UID, w.Stable.UID, "")
		add(FieldStableImage, r.ourStableImage(w.Stable), w.Stable.Image, w.Stable.ImageBy)
	}
	if w.Route.Exists {
		if known := r.knownRouteUID(); known != "" {
			add(FieldRouteUID, known, w.Route.UID, "")
		}
		add(FieldWeight, weightText(r.ourWeight(w.Route)), weightText(w.Route.share()), w.Route.WeightBy)
	}
	if ours := r.ourStableMin(w.Scaler); r.scaled(w) && w.Scaler.Min < ours {
		add(FieldStableMin, strconv.Itoa(ours), strconv.Itoa(w.Scaler.Min), w.Scaler.MinBy)
	}
	if image, replicas, ok := r.ourCanary(w.Canary); ok && w.Canary.Exists {
		add(FieldCanaryImage, image, w.Canary.Image, w.Canary.ImageBy)
		if w.Canary.Replicas < replicas {
			add(FieldCanaryReplicas, strconv.Itoa(replicas), strconv.Itoa(w.Canary.Replicas), w.Canary.ReplicasBy)
		}
	}
	if id, unsure := r.like(w, perhapsOther); unsure {
		add(FieldImageID, r.ImageIDs[0].String(), id.String(), "")
	}
	return all
}

// ourStableMin is the minimum that we, or the orphan that we remove, last gave stable's scaler; 0 before we ever did.
func (r Rollout) ourStableMin(s Scaler) int {
	if r.releasesStamp(s.Stamp) && s.Stamp.Replicas != nil {
		return *s.Stamp.Replicas
	}
	return r.LastApplied.StableMin
}

func weightText(w Weight) string { return strconv.Itoa(int(w)) }

// knownRouteUID is the route that we steer: as found, or as made by us.
func (r Rollout) knownRouteUID() string {
	if r.LastApplied.RouteUID != "" {
		return r.LastApplied.RouteUID
	}
	return r.Original.Route.UID
}

// knownCanaryUID is the canary that we steer: as found, or as made by us; empty before it exists.
func (r Rollout) knownCanaryUID() string {
	if r.LastApplied.CanaryUID != "" {
		return r.LastApplied.CanaryUID
	}
	return r.Original.Canary.UID
}

// ownCanary reports whether the observed canary is the one that we steer.
func (r Rollout) ownCanary(w Workload) bool {
	return w.Exists && (r.ownStamp(w.Stamp) || w.UID == r.knownCanaryUID())
}

// ownService reports whether the observed canary's Service is the one that we made, or the orphan's.
func (r Rollout) ownService(m Meta) bool {
	return r.ownStamp(m.Stamp) || m.Exists && m.UID == r.LastApplied.CanaryServiceUID
}

// overridden reports whether a person answered this very change with an override.
func (r Rollout) overridden(d Drift) bool {
	return r.Override != nil && r.Override.Field == d.Field && r.Override.Value == d.Value
}

// lastApplied records which of our values the cluster shows, in case a stamp is removed.
func (r Rollout) lastApplied(w Observed) LastApplied {
	k := r.LastApplied
	if s := w.Route.Stamp; r.ownStamp(s) && w.Route.Exists {
		if k.RouteUID == "" {
			k.RouteUID = w.Route.UID
		}
		if s.Weight != nil && r.couldSend(*s.Weight) && *s.Weight == w.Route.share() && (k.Weight == nil || *k.Weight != *s.Weight) {
			weight := *s.Weight
			k.Weight = &weight
		}
	}
	if s := w.Canary.Stamp; r.ownStamp(s) && w.Canary.Exists {
		if k.CanaryUID == "" {
			k.CanaryUID = w.Canary.UID
		}
		if s.Replicas != nil && r.couldWrite(s.Image, r.Original.Canary.Image) && s.Image == w.Canary.Image && *s.Replicas <= w.Canary.Replicas {
			k.CanaryImage, k.CanaryReplicas = s.Image, *s.Replicas
		}
	}
	if s := w.Scaler.Stamp; r.ownStamp(s) && r.scaled(w) && s.Replicas != nil && w.Scaler.Min >= *s.Replicas {
		k.StableMin = *s.Replicas
	}
	if s := w.Stable.Stamp; r.ownStamp(s) && w.Stable.Exists && s.Image != "" && r.couldWrite(s.Image, r.Original.Stable.Image) { // even if somebody changed it since: it was written
		k.StableImage = s.Image
	}
	return k
}

// maxReverts is how often one manager may revert a field before the rollout is stuck.
const maxReverts = 3

// addRevert notes that the manager reverted the field, once for each resourceVersion, and returns how often it did.
func addRevert(all []Revert, field Field, by, version string) ([]Revert, int) {
	i := slices.IndexFunc(all, func(u Revert) bool { return u.Field == field && u.By == by })
	if i < 0 {
		return append(slices.Clip(all), Revert{Field: field, By: by, Times: 1, Seen: version}), 1
	}
	if all[i].Seen == version {
		return all, all[i].Times
	}
	all = slices.Clone(all)
	all[i].Times++
	all[i].Seen = version
	return all, all[i].Times
}

// version returns the resourceVersion of the object that has the field.
func (w Observed) version(field Field) string {
	switch field {
	case FieldWeight, FieldRouteUID:
		return w.Route.Version
	case FieldCanaryImage, FieldCanaryReplicas, FieldImageID:
		return w.Canary.Version
	case FieldStableImage, FieldStableUID:
		return w.Stable.Version
	case FieldStableMin:
		return w.Scaler.Version
	}
	return ""
}

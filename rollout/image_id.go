package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// ImageID is what a runtime resolved an image to. Its text is what stores and drift have: the platform, "config" and the
// digest, as far as they are known and hold.
type ImageID struct {
	Digest string
	// Config is true where the digest is of the image's own configuration: some runtimes tell that, others the digest
	// under which a registry has it, and one cannot be compared with the other.
	Config bool
	// Platform is the architecture of the pod's node, such as arm64; empty: not known. An image for several platforms has
	// an id on each, with some runtimes.
	Platform string
}

const configDigest = "config"

// String returns the id's text.
func (id ImageID) String() string {
	var words []string
	if id.Platform != "" {
		words = append(words, id.Platform)
	}
	if id.Config {
		words = append(words, configDigest)
	}
	return strings.Join(append(words, id.Digest), " ")
}

// MarshalText returns the id's text.
func (id ImageID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads an id's text; a digest alone is what an earlier Canarybot stored.
func (id *ImageID) UnmarshalText(text []byte) error {
	words := strings.Fields(string(text))
	if len(words) == 0 || len(words) > 3 {
		return fmt.Errorf("%q is no image id", text)
	}
	last := len(words) - 1
	*id = ImageID{Digest: words[last], Config: slices.Contains(words[:last], configDigest)}
	if words = slices.DeleteFunc(words[:last], func(w string) bool { return w == configDigest }); len(words) > 0 {
		id.Platform = words[0]
	}
	return nil
}

// SortImageIDs returns the ids sorted, each once.
func SortImageIDs(ids []ImageID) []ImageID {
	slices.SortFunc(ids, func(a, b ImageID) int {
		return cmp.Or(cmp.Compare(a.Digest, b.Digest), cmp.Compare(a.Platform, b.Platform), cmp.Compare(a.String(), b.String()))
	})
	return slices.Compact(ids)
}

// likeness is what an id is to those that were judged. The greatest over all of them holds.
type likeness int

const (
	incomparable  likeness = iota // of another kind: nothing can be said
	otherPlatform                 // it differs, as it may on another platform
	perhapsOther                  // it differs, and nobody knows the platform
	otherImage                    // it differs on the same platform
	sameImageID
)

// likenessOf compares an id with those that were judged.
func likenessOf(judged []ImageID, id ImageID) likeness {
	found := incomparable
	for _, j := range judged {
		switch {
		case j.Digest == id.Digest:
			return sameImageID
		case j.Config != id.Config:
		case j.Platform == "" || id.Platform == "":
			found = max(found, perhapsOther)
		case j.Platform == id.Platform:
			found = max(found, otherImage)
		default:
			found = max(found, otherPlatform)
		}
	}
	return found
}

// running returns the ids of the pods that run the new image: the canary's, and stable's while everybody gets it.
func (r Rollout) running(w Observed) []ImageID {
	var ids []ImageID
	if r.ownCanary(w.Canary) && w.Canary.Image == r.Image {
		ids = append(ids, w.Canary.ImageIDs...)
	}
	if r.Phase == Promoting && w.Stable.Image == r.Image {
		ids = append(ids, w.Stable.ImageIDs...)
	}
	return ids
}

// like returns the first running id that is so like those that were judged.
func (r Rollout) like(w Observed, l likeness) (ImageID, bool) {
	ids := r.running(w)
	i := slices.IndexFunc(ids, func(id ImageID) bool { return len(r.ImageIDs) > 0 && likenessOf(r.ImageIDs, id) == l })
	if i < 0 {
		return ImageID{}, false
	}
	return ids[i], true
}

// recordImageIDs notes what the canary's pods run at the first bake, and later what the image is on a further platform.
func (rc *reconciliation) recordImageIDs() {
	if rc.Phase == Baking && len(rc.ImageIDs) == 0 {
		rc.ImageIDs = rc.w.Canary.ImageIDs
	}
	for id, further := rc.like(rc.w, otherPlatform); further && rc.Phase.Forward(); id, further = rc.like(rc.w, otherPlatform) {
		rc.ImageIDs = append(slices.Clip(rc.ImageIDs), id)
	}
}

// imageDiffers reports whether a pod of the new version runs another image than the one that was judged: on the same
// platform, or because admission gave stable another digest than the canary.
func (rc *reconciliation) imageDiffers() bool {
	if !rc.readable() {
		return false
	}
	if _, other := rc.like(rc.w, otherImage); other {
		return true
	}
	a, b := parseImage(rc.w.Canary.Admitted), parseImage(rc.w.Stable.Admitted)
	return rc.Phase == Promoting && rc.w.Stable.Image == rc.Image && rc.w.Canary.Image == rc.Image &&
		a.digest != "" && b.digest != "" && a.digest != b.digest
}

// accept counts the id among those that were judged: a person says that it is the same version.
func (r *Rollout) accept(text string) {
	var id ImageID
	if id.UnmarshalText([]byte(text)) == nil {
		r.ImageIDs = append(slices.Clip(r.ImageIDs), id)
	}
}

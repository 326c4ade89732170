package view

import (
	"fmt"
	"slices"
	"strings"

	"canarybot.io/rollout"
)

// maxReference is more than the longest image reference: 255 characters of repository, 128 of tag, 71 of digest.
const maxReference = 512

// imageForms are the names of an image, from what people call it to the whole reference.
var imageForms = []func(image string) string{
	rollout.ShortVersion,
	func(image string) string { // a tag that was pushed twice is told apart by its digest
		short := rollout.ShortVersion(image)
		if _, sum, pinned := strings.Cut(image, "@"); pinned && !strings.HasPrefix(short, "sha256:") {
			return short + "@" + rollout.ShortVersion("@"+sum)
		}
		return short
	},
	func(image string) string { // a registry is told apart from the one before it
		if strings.ContainsAny(image, ":/") {
			return image
		}
		return image + ":latest"
	},
}

// named returns the shortest name of an image by which none of the others is taken for it: where two differ in no more
// than the digest or the repository, all of them have it.
func named(image string, others ...string) string { return namedWithin(maxReference, image, others...) }

// brief is named for dialogs and buttons, where there is little room: what is too long loses its middle.
func brief(image string, others ...string) string { return namedWithin(maxBrief, image, others...) }

// maxBrief lets a question about two versions keep its end.
const maxBrief = 60

func namedWithin(most int, image string, others ...string) string {
	for i, form := range imageForms {
		alike := func(other string) bool { return other != image && other != "" && form(other) == form(image) }
		if i < len(imageForms)-1 && slices.ContainsFunc(others, alike) {
			continue
		}
		return escape(form(image), most)
	}
	return ""
}

// images are the images that a rollout's messages name.
func images(r rollout.Rollout) []string {
	all := []string{r.Image, r.From(), r.Ending.StableImage}
	if d := r.Drift; d != nil && (d.Field == rollout.FieldCanaryImage || d.Field == rollout.FieldStableImage) {
		all = append(all, d.Value, d.Wanted)
	}
	return all
}

// imagesOf are those of a service's rollouts. Versions of different services may have one name.
func imagesOf(service rollout.ServiceName, rollouts []rollout.Rollout) []string {
	var all []string
	for _, r := range rollouts {
		if r.Service == service {
			all = append(all, images(r)...)
		}
	}
	return all
}

// newVersion returns the name of the version that the rollout brings.
func newVersion(r rollout.Rollout) string { return named(r.Image, images(r)...) }

// oldVersion returns the name of the version that the rollout found; what stands for it until the cluster was read.
func oldVersion(r rollout.Rollout) string {
	return orBefore(r, named)
}

// orBefore names the version that the rollout found by the given kind of name.
func orBefore(r rollout.Rollout, name func(image string, others ...string) string) string {
	if r.From() == "" {
		return "the version before"
	}
	return name(r.From(), images(r)...)
}

// change returns what the rollout does to the version: "v1.2.3 → v1.2.4". Among are the images of other rollouts that
// are shown with it.
func change(r rollout.Rollout, among ...string) string {
	among = append(images(r), among...)
	if r.From() == "" {
		return "→ " + named(r.Image, among...)
	}
	return named(r.From(), among...) + " → " + named(r.Image, among...)
}

// fullName names a rollout outside of its own thread: "checkout v1.2.4 (production)".
func fullName(r rollout.Rollout) string {
	return fmt.Sprintf("%s %s (%s)", word(string(r.Service)), newVersion(r), environment(r))
}

// typedVersion returns what has to be typed to deploy an image again: its tag, its digest, which is whole, or both.
func typedVersion(image string) string {
	name, sum, pinned := strings.Cut(image[strings.LastIndexByte(image, '/')+1:], "@")
	_, tag, _ := strings.Cut(name, ":")
	switch {
	case pinned && tag != "":
		return tag + "@" + sum
	case pinned:
		return sum
	}
	return rollout.ShortVersion(image)
}

// wholeImage returns the whole reference, to be copied, where the name of the new version is shorter than what has to be
// typed; empty where it is not.
func wholeImage(r rollout.Rollout) string {
	if _, _, pinned := strings.Cut(r.Image, "@"); !pinned {
		return ""
	}
	return "Image: " + code(r.Image)
}

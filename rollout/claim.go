package rollout

import (
	"slices"
	"strings"
	"time"
)

// Claim is something that the stamp of an orphan says and the cluster does not show. Whoever may edit one object can write
// any stamp on it, so it is not believed: people see both values.
type Claim struct {
	Field Field  `json:"field"`
	Said  string `json:"said"`
	Kept  string `json:"kept"` // what is so now, and stays
}

// longestProgress is longer than any Deployment may reasonably take.
const longestProgress = 24 * time.Hour

// believed returns what is believed of the original state that a stamp claims: what a rollout of this service could have
// found there. Everything else is as it is now.
func believed(r Rollout, w Observed, said Original) (Original, []Claim) {
	now := presentState(w)
	is := said
	var claims []Claim
	is.Stable.UID = w.Stable.UID // if it was recreated since, restore the new one
	if !r.couldHaveRun(said.Stable.Image, w.Stable) {
		is.Stable.Image, is.Stable.Tag, is.Surges = now.Stable.Image, "", true
		claims = append(claims, Claim{Field: FieldStableImage, Said: said.Stable.Image, Kept: now.Stable.Image})
	}
	if most := max(w.Stable.Replicas, w.Scaler.Max); said.Stable.Replicas < 0 || said.Stable.Replicas > most {
		is.Stable.Replicas = now.Stable.Replicas
	}
	switch {
	case said.Canary.UID == "":
		is.Canary = OriginalWorkload{}
	case said.Canary.UID != w.Canary.UID: // another one than it had found
		is.Canary = OriginalWorkload{UID: said.Canary.UID}
	case !r.couldHaveRun(said.Canary.Image, w.Canary):
		is.Canary = now.Canary
		claims = append(claims, Claim{Field: FieldCanaryImage, Said: said.Canary.Image, Kept: now.Canary.Image})
	}
	is.Canary.Replicas = 0
	if said.Route.UID != "" || !r.Spec.Objects.Route.Create { // else the route was made, and is deleted
		is.Route.UID = w.Route.UID
	}
	if said.Route.Weight != 0 { // nothing starts where the canary has traffic already
		is.Route.Weight = 0
	}
	if !isObjectName(said.Scaler.Name) || said.Scaler.Min < 0 {
		is.Scaler = OriginalScaler{}
	}
	if said.Progress < 0 || said.Progress > longestProgress {
		is.Progress = 0
	}
	is.Containers, is.TemplateDiffers = nil, nil // the configuration says them
	return is, claims
}

// couldHaveRun reports whether the Deployment has run the image, which is of the service's repository: as its ReplicaSets
// have it, or by the same tag where admission put a digest beside that.
func (r Rollout) couldHaveRun(image string, w Workload) bool {
	if image == "" || image == w.Image {
		return image == w.Image
	}
	if !InRepository(image, r.Spec.Repository) && !Mirrored(image, r.Spec.Repository) {
		return false
	}
	return slices.ContainsFunc(w.Ran, func(ran string) bool {
		return ran == image || !strings.Contains(image, "@") && SameImage(ran, image)
	})
}

// presentState is the current state without the canary's traffic.
func presentState(w Observed) Original {
	return Original{
		Stable:        OriginalWorkload{UID: w.Stable.UID, Image: w.Stable.Image, Replicas: w.Stable.Replicas},
		Canary:        OriginalWorkload{UID: w.Canary.UID, Image: w.Canary.Image},
		CanaryService: w.Service.Exists,
		Route:         OriginalRoute{UID: w.Route.UID, HasCanary: w.Route.HasCanary},
		Surges:        true,
	}
}

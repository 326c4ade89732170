package rollout

import "slices"

// ByAdmission stands for the manager of an image that we wrote and admission replaced: managedFields name us.
const ByAdmission = "admission"

// ContainerImage is the image of a container whose image a rollout sets.
type ContainerImage struct {
	Name  string
	Image string // empty: there is no such container
	By    string // the manager that last changed it
	// Ours is true where the last write that could have changed it is our own: if it is not what we wrote, admission made
	// it of that.
	Ours bool
	// Admitted is what admission made of Image; empty: it is as we wrote it.
	Admitted string
}

// AsWritten returns the containers of the Deployment with their images as we wrote them, where admission made something
// else of them: by the stamp, which says what we wrote, and by the one who wrote last. Both stand in the object, so
// nothing is lost by a crash, nor where the answer to the write was.
func (r Rollout) AsWritten(o Object, m Meta, all []ContainerImage) []ContainerImage {
	ours := r.ourImage(o, m)
	wrote := ours
	if m.Stamp != nil && m.Stamp.Image != "" {
		wrote = m.Stamp.Image // another rollout's too: an orphan is known by it
	}
	all = slices.Clone(all)
	for i := range all {
		switch c := &all[i]; {
		case o == StableDeployment && r.ByOthers():
			c.asKnown(r.Original.Stable.Image, r.Image)
		case !c.Ours || c.Image == ours || c.Image == wrote:
		case AdmittedAs(wrote, r.Original.Stable.Image, c.Image):
			c.Image, c.Admitted = wrote, c.Image
		case m.Stamp != nil && m.Stamp.Image != "":
			c.By = ByAdmission
		}
	}
	return all
}

// asKnown calls an image that others wrote by the first of the known references that names the same version.
func (c *ContainerImage) asKnown(known ...string) {
	for _, k := range known {
		if c.Image == k {
			return
		}
		if SameImage(c.Image, k) {
			c.Image, c.Admitted = k, c.Image
			return
		}
	}
}

// WithImages returns the Deployment with what its containers run. Where they differ, the one counts that is not as we
// wrote or found it, so that no change by somebody else hides behind the others.
func (r Rollout) WithImages(o Object, w Workload, all []ContainerImage) Workload {
	all = r.AsWritten(o, w.Meta, all)
	if len(all) == 0 {
		return w
	}
	ours := r.ourImage(o, w.Meta)
	if ours == "" {
		ours = all[0].Image
	}
	i := max(0, slices.IndexFunc(all, func(c ContainerImage) bool { return c.Image != ours }))
	w.Image, w.ImageBy, w.Admitted = all[i].Image, all[i].By, all[i].Admitted
	return w
}

// ourImage is the image that the Deployment has if nobody else changed it; empty: not known.
func (r Rollout) ourImage(o Object, m Meta) string {
	if o == StableDeployment {
		return r.ourStableImage(Workload{Meta: m})
	}
	image, _, _ := r.ourCanary(Workload{Meta: m})
	return image
}

// admitted returns what admission made of the new image: on stable, once it runs there, else on the canary.
func (rc *reconciliation) admitted() string {
	for _, w := range []Workload{rc.w.Stable, rc.w.Canary} {
		if w.Image == rc.Image && w.Admitted != "" {
			return w.Admitted
		}
	}
	return rc.Admitted
}

// Released returns the image that stable runs once the rollout has succeeded: what admission made of it, with the tag that
// it was released by.
func (r Rollout) Released() string {
	if r.Admitted == "" {
		return r.Image
	}
	return withTag(r.Admitted, parseImage(r.Image).tag)
}

// TagOf returns the tag by which one of the past rollouts released the image, where admission put a digest in its place.
func TagOf(image string, past []Rollout) string {
	for _, r := range past {
		if r.Ending.Outcome == Succeeded && r.Admitted != "" && r.Admitted == image {
			return parseImage(r.Image).tag
		}
	}
	return ""
}

package kube

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apps "k8s.io/api/apps/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// steered is one field that the rollout writes, in the object that has it.
type steered struct {
	object meta.Object
	ref    rollout.ObjectRef
	of     rollout.Object
	field  rollout.Field
	// pointers are where the field is in the object, as JSON pointers.
	pointers []string
	// path is where managedFields have it; nil: not looked for.
	path []string
}

// lasting reports whether what the rollout writes into the field stays there after its end.
func (f steered) lasting() bool { return f.field == rollout.FieldStableImage }

// steered returns the fields that the rollout writes in objects that were there before it, stable's image first. That is
// among them also where others write it: who they are is told.
func (s *start) steered() []steered {
	var all []steered
	if d := s.stable; d != nil {
		images := s.images(d, rollout.StableDeployment, rollout.FieldStableImage)
		if found, err := ours(d, s.r); err == nil {
			images.path = []string{"f:spec", "f:template", "f:spec", "f:" + found[0].list, fmt.Sprintf("k:{%q:%q}", "name", found[0].Name), "f:image"}
		}
		all = append(all, images)
	}
	if d := s.canary; d != nil {
		all = append(all, s.images(d, rollout.CanaryDeployment, rollout.FieldCanaryImage), steered{
			object: d, ref: deploymentRef(d), of: rollout.CanaryDeployment, field: rollout.FieldCanaryReplicas, pointers: []string{"/spec/replicas"},
		})
	}
	if route := s.route.Route; route != nil {
		o := s.r.Spec.Objects
		all = append(all, steered{
			object: route, ref: object.Ref(o.Route.Kind, o.Namespace, o.Route.Name), of: rollout.RouteObject, field: rollout.FieldWeight,
			pointers: []string{s.route.Weights},
		})
	}
	if o := s.scaler.object; o != nil {
		kind := s.scaler.kind
		all = append(all, steered{
			object: o, ref: object.Ref(kind.kind, o.GetNamespace(), o.GetName()), of: rollout.StableScaler, field: rollout.FieldStableMin,
			pointers: []string{"/spec/" + kind.min},
		})
	}
	return all
}

// images are the images of the containers that the rollout sets.
func (s *start) images(d *apps.Deployment, of rollout.Object, field rollout.Field) steered {
	f := steered{object: d, ref: deploymentRef(d), of: of, field: field}
	found, _ := ours(d, s.r)
	at := map[string]int{}
	for _, c := range containersOf(&d.Spec.Template.Spec) {
		if slices.ContainsFunc(found, func(o container) bool { return o.Name == c.Name }) {
			f.pointers = append(f.pointers, fmt.Sprintf("/spec/template/spec/%s/%d/image", c.list, at[c.list]))
		}
		at[c.list]++
	}
	return f
}

// ownerKinds are where the API server has the tools' own objects that a start reads.
var ownerKinds = map[string]struct{ group, version, resource string }{
	object.Application:   {"argoproj.io", "v1alpha1", "applications"},
	object.Kustomization: {"kustomize.toolkit.fluxcd.io", "v1", "kustomizations"},
	object.HelmRelease:   {"helm.toolkit.fluxcd.io", "v2", "helmreleases"},
}

// OwnerRights returns the rights that a start makes use of in the namespaces of Argo CD and Flux, and does without.
func OwnerRights() []Right {
	var all []Right
	for _, kind := range ownerKinds {
		all = append(all, Right{Group: kind.group, Resource: kind.resource, Verbs: []string{"get"}})
	}
	return all
}

// readOwners reads the owners' own objects, as far as they may be read. What could not be is the answer's code.
func (c *Cluster) readOwners(ctx context.Context, s *start) {
	s.owners = map[rollout.ObjectRef]ownObject{}
	var refs []rollout.ObjectRef
	for _, f := range s.steered() {
		if owner, ok := object.OwnerOf(f.ref.Kind, f.object); ok && owner.Ref.Name != "" && ownerKinds[owner.Ref.Kind].group != "" {
			refs = append(refs, owner.Ref)
		}
	}
	slices.SortFunc(refs, func(a, b rollout.ObjectRef) int { return strings.Compare(a.String(), b.String()) })
	refs = slices.Compact(refs)
	read := make([]ownObject, len(refs))
	var reads []func() error
	for i, ref := range refs {
		reads = append(reads, func() error {
			read[i] = c.readOwner(ctx, ref)
			return nil
		})
	}
	_ = together(reads...) // none returns an error
	for i, ref := range refs {
		s.owners[ref] = read[i]
	}
}

func (c *Cluster) readOwner(ctx context.Context, ref rollout.ObjectRef) ownObject {
	kind := ownerKinds[ref.Kind]
	found, err := read(ctx, reading(ref.Kind, ref.Namespace, ref.Name), func(ctx context.Context) (*unstructured.Unstructured, error) {
		o := &unstructured.Unstructured{}
		return o, c.client.getJSON(ctx, &o.Object, "/apis", kind.group, kind.version, "namespaces", ref.Namespace, kind.resource, ref.Name)
	})
	switch {
	case err == nil:
		return ownObject{object: found}
	case rollout.CodeOf(err) == rollout.Forbidden:
		return ownObject{why: rollout.OwnerForbidden}
	}
	return ownObject{why: rollout.OwnerMissing}
}

// checkOwned refuses owners that would put back what the rollout writes.
func (s *start) checkOwned() []rollout.Problem {
	problems, _ := s.owned()
	return problems
}

// noticeOwned names the other owners.
func (s *start) noticeOwned() []rollout.Problem {
	_, notices := s.owned()
	return notices
}

func (s *start) owned() (problems, notices []rollout.Problem) {
	for _, f := range s.steered() {
		p := s.ruling(f)
		//exhaustive:ignore
		switch p.Code {
		case rollout.NoProblem:
		case rollout.ProblemOwnerReverts:
			problems = append(problems, p)
		case rollout.ProblemOwnerUnread, rollout.ProblemOwnerUnnamed:
			if !s.r.Spec.GitOps {
				problems = append(problems, p)
				continue
			}
			p.Code = rollout.ProblemOwnerPromised
			notices = append(notices, p)
		default:
			notices = append(notices, p)
		}
	}
	return problems, oncePerObject(notices)
}

// oncePerObject leaves out what is said of an object's second field as of its first.
func oncePerObject(all []rollout.Problem) []rollout.Problem {
	var kept []rollout.Problem
	for _, p := range all {
		same := func(other rollout.Problem) bool { return other.Code == p.Code && other.Object == p.Object }
		if p.Code == rollout.ProblemOwnerStops && slices.ContainsFunc(kept, same) {
			continue
		}
		kept = append(kept, p)
	}
	return kept
}

// ruling is what becomes of the field by its owner's hand.
func (s *start) ruling(f steered) rollout.Problem {
	owner, owned := object.OwnerOf(f.ref.Kind, f.object)
	p := rollout.Problem{
		Service: s.r.Service, Object: f.ref, Key: string(f.field), Names: f.pointers, Value: owner.Tool, Other: owner.Ref, Words: owner.Mark,
	}
	others := f.lasting() && s.r.ByOthers()
	switch {
	case !owned && f.path != nil && !others:
		if p.Value = object.Applier(f.object, f.path...); p.Value != "" {
			p.Code = rollout.ProblemOwnerApplies
		}
		return p
	case !owned:
		return rollout.Problem{}
	case owner.Tool == "":
		p.Code = rollout.ProblemOwnerOperator
		if others || f.field == rollout.FieldCanaryReplicas {
			return rollout.Problem{}
		}
		return p
	case others:
		p.Code = rollout.ProblemOwnerWrites
		return p
	}
	code, way := s.rule(f, owner)
	p.Code, p.Want = code, string(way)
	if code == rollout.ProblemOwnerUnread && owner.Ref.Name == "" {
		p.Code = rollout.ProblemOwnerUnnamed
	}
	return p
}

func (s *start) rule(f steered, owner object.Owner) (rollout.ProblemCode, rollout.OwnerWay) {
	own := s.owners[owner.Ref]
	switch owner.Ref.Kind {
	case object.Application:
		return own.argo(f)
	case object.Kustomization:
		if object.Untouched(f.object) && !s.saidItself(f) {
			return rollout.ProblemOwnerAllows, rollout.OwnerSuspended
		}
		if !f.lasting() {
			return rollout.ProblemOwnerStops, rollout.OwnerContinuous
		}
		return own.kustomization(f)
	case object.HelmRelease:
		return own.helmRelease(f)
	}
	switch {
	case owner.Tool != object.Helm:
		return rollout.ProblemOwnerUnread, rollout.OwnerElsewhere
	case !f.lasting():
		return rollout.NoProblem, ""
	case owner.Applies:
		return rollout.ProblemOwnerConflict, rollout.OwnerUpgrades
	}
	return rollout.ProblemOwnerUpgrade, rollout.OwnerUpgrades
}

// saidItself reports whether an ended rollout of the service told the owner to leave the object alone, and left that behind.
func (s *start) saidItself(f steered) bool {
	left := object.Ours(f.object, s.r)
	return left != nil && left.Original != nil && slices.Contains(left.Original.LeftAlone, f.of)
}

// leftAlone returns the objects that their owner is told to leave alone while the rollout lasts.
func (s *start) leftAlone() []rollout.Object {
	var all []rollout.Object
	for _, f := range s.steered() {
		if s.ruling(f).Code == rollout.ProblemOwnerStops && !slices.Contains(all, f.of) {
			all = append(all, f.of)
		}
	}
	return all
}

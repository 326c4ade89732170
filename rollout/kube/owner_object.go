package kube

import (
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// ownObject is the object of a tool that says what it writes and how: an Application, a Kustomization or a HelmRelease.
type ownObject struct {
	object *unstructured.Unstructured // nil: not read
	why    rollout.OwnerWay           // why it was not
}

// list returns a list of the object; what is no list counts as empty.
func (o ownObject) list(path ...string) []any {
	all, _, _ := unstructured.NestedSlice(o.object.Object, path...)
	return all
}

func (o ownObject) yes(path ...string) bool {
	v, _, _ := unstructured.NestedBool(o.object.Object, path...)
	return v
}

// argo says what Argo CD makes of the field. A difference that it ignores is hidden only: a sync writes Git's value all the
// same, unless it is told to respect that too. In a custom resource it then keeps the whole list that has the difference, so
// that later edits of it in Git are lost.
func (o ownObject) argo(f steered) (rollout.ProblemCode, rollout.OwnerWay) {
	if o.object == nil {
		return rollout.ProblemOwnerUnread, o.why
	}
	way := o.argoWay()
	respects := slices.Contains(o.list("spec", "syncPolicy", "syncOptions"), any("RespectIgnoreDifferences=true"))
	ignores := slices.ContainsFunc(o.list("spec", "ignoreDifferences"), func(rule any) bool { return argoIgnores(rule, f) })
	switch {
	case ignores && respects && f.field == rollout.FieldWeight:
		return rollout.ProblemOwnerFreezes, way
	case ignores && respects:
		return rollout.ProblemOwnerAllows, way
	case way == rollout.OwnerManual && !f.lasting():
		return rollout.ProblemOwnerAllows, way
	case ignores:
		return rollout.ProblemOwnerReverts, rollout.OwnerUnrespected
	case respects: // what is ignored in all applications stands in argocd-cm
		return rollout.ProblemOwnerUnread, rollout.OwnerElsewhere
	}
	return rollout.ProblemOwnerReverts, way
}

func (o ownObject) argoWay() rollout.OwnerWay {
	automated, there, err := unstructured.NestedMap(o.object.Object, "spec", "syncPolicy", "automated")
	switch {
	case !there || err != nil || automated["enabled"] == false:
		return rollout.OwnerManual
	case automated["selfHeal"] == true:
		return rollout.OwnerSelfHeals
	}
	return rollout.OwnerAutomated
}

// argoIgnores reports whether an entry of ignoreDifferences covers the field. Of jq's language it knows the ways in which
// people write such a path.
func argoIgnores(rule any, f steered) bool {
	r, _ := rule.(map[string]any)
	is := func(key, want string, any bool) bool {
		v, _ := r[key].(string)
		return v == want || v == "*" || any && v == ""
	}
	if !is("group", groupOf(f.ref.Kind), false) || !is("kind", f.ref.Kind, false) || !is("name", f.ref.Name, true) || !is("namespace", f.ref.Namespace, true) {
		return false
	}
	if slices.Contains(stringsOf(r["managedFieldsManagers"]), object.Manager) {
		return true
	}
	pointers, queries := stringsOf(r["jsonPointers"]), stringsOf(r["jqPathExpressions"])
	for _, p := range f.pointers {
		if !covered(p, pointers) && !slices.ContainsFunc(queries, func(q string) bool { return finds(q, p) }) {
			return false
		}
	}
	return len(f.pointers) > 0
}

// selection is what stands between brackets in jq's path of a list's elements.
var selection = regexp.MustCompile(`\[[^\]]*\]\??(\s*\|\s*select\([^)]*\)\s*\|\s*)?`)

// finds reports whether jq's path is that of the pointer, whichever elements of lists it chooses.
func finds(query, pointer string) bool {
	path := strings.Trim(strings.ReplaceAll(selection.ReplaceAllString(query, ""), "?", ""), ". ")
	var steps []string
	for _, step := range strings.Split(strings.Trim(pointer, "/"), "/") {
		if strings.Trim(step, "0123456789") != "" {
			steps = append(steps, step)
		}
	}
	return path == strings.Join(steps, ".")
}

// kustomization says what Flux makes of the field in an object that it applies.
func (o ownObject) kustomization(f steered) (rollout.ProblemCode, rollout.OwnerWay) {
	switch {
	case o.object == nil:
		return rollout.ProblemOwnerUnread, o.why
	case fluxIgnores(o.list("spec", "ignore"), f):
		return rollout.ProblemOwnerAllows, rollout.OwnerContinuous
	case o.yes("spec", "suspend"):
		return rollout.ProblemOwnerReverts, rollout.OwnerSuspended
	}
	return rollout.ProblemOwnerReverts, rollout.OwnerContinuous
}

// helmRelease says what Flux makes of the field in an object of a chart. An upgrade writes the chart's value whatever is
// ignored: that is about what happens in between.
func (o ownObject) helmRelease(f steered) (rollout.ProblemCode, rollout.OwnerWay) {
	switch {
	case o.object == nil:
		return rollout.ProblemOwnerUnread, o.why
	case f.lasting():
		return rollout.ProblemOwnerReverts, rollout.OwnerUpgrades
	}
	mode, _, _ := unstructured.NestedString(o.object.Object, "spec", "driftDetection", "mode")
	if mode != "enabled" || o.yes("spec", "suspend") || fluxIgnores(o.list("spec", "driftDetection", "ignore"), f) {
		return rollout.ProblemOwnerAllows, rollout.OwnerUpgrades
	}
	return rollout.ProblemOwnerReverts, rollout.OwnerContinuous
}

// fluxIgnores reports whether the rules cover every place of the field.
func fluxIgnores(rules []any, f steered) bool {
	var paths []string
	for _, rule := range rules {
		r, _ := rule.(map[string]any)
		target, _ := r["target"].(map[string]any)
		if fluxSelects(target, f) {
			paths = append(paths, stringsOf(r["paths"])...)
		}
	}
	return len(f.pointers) > 0 && !slices.ContainsFunc(f.pointers, func(p string) bool { return !covered(p, paths) })
}

// fluxSelects reports whether a target selects the field's object. Its words are regular expressions of a whole word.
func fluxSelects(target map[string]any, f steered) bool {
	for key, value := range map[string]string{
		"group": groupOf(f.ref.Kind), "kind": f.ref.Kind, "name": f.ref.Name, "namespace": f.ref.Namespace,
	} {
		want, _ := target[key].(string)
		expression, err := regexp.Compile("^(?:" + want + ")$")
		if want != "" && (err != nil || !expression.MatchString(value)) {
			return false
		}
	}
	for key, set := range map[string]map[string]string{"labelSelector": f.object.GetLabels(), "annotationSelector": f.object.GetAnnotations()} {
		want, _ := target[key].(string)
		selector, err := labels.Parse(want)
		if err != nil || !selector.Matches(labels.Set(set)) {
			return false
		}
	}
	return true
}

// covered reports whether one of the JSON pointers is the pointer, or a part of the object that has it.
func covered(pointer string, by []string) bool {
	return slices.ContainsFunc(by, func(b string) bool { return b == "" || pointer == b || strings.HasPrefix(pointer, b+"/") })
}

func stringsOf(list any) []string {
	items, _ := list.([]any)
	var all []string
	for _, item := range items {
		if text, ok := item.(string); ok {
			all = append(all, text)
		}
	}
	return all
}

// groupOf returns the API group of a kind that a rollout writes.
func groupOf(kind string) string {
	switch kind {
	case "Deployment":
		return "apps"
	case horizontal.kind:
		return horizontal.group
	case scaledObject.kind:
		return scaledObject.group
	case "HTTPRoute":
		return "gateway.networking.k8s.io"
	case "TrafficSplit":
		return "split.smi-spec.io"
	}
	return ""
}

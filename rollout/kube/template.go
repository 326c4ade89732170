package kube

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	apps "k8s.io/api/apps/v1"

	"canarybot.io/rollout"
)

// mostDiffering limits how many fields are named: the thread makes people look, it is not the whole diff.
const mostDiffering = 10

// templateDiffers returns the fields in which the canary's pods differ from stable's, except labels, the image, and what
// a canary made from stable would have of its own, as paths such as "spec.containers[app].env". What is measured on
// other pods than stable's says less about a version.
func templateDiffers(stable, canary *apps.Deployment, r rollout.Rollout) []string {
	mine, own := stable.Spec.Template.Labels, canary.Spec.Template.Labels
	a, b := plain(stable, r, mine, own), plain(canary, r, mine, own)
	var paths []string
	differ("", a, b, &paths)
	slices.Sort(paths)
	return paths[:min(len(paths), mostDiffering)]
}

// plain returns the pod template as plain data, without what may differ between the sides, which have these labels.
func plain(d *apps.Deployment, r rollout.Rollout, stable, canary map[string]string) map[string]any {
	template := d.Spec.Template.DeepCopy()
	ownTemplate(template, d.Namespace, stable, canary)
	template.Labels = nil
	delete(template.Annotations, "kubectl.kubernetes.io/restartedAt")
	for _, c := range containersOf(&template.Spec) {
		if slices.Contains(chosen(d, r), c.Name) {
			c.Image = ""
		}
	}
	data := map[string]any{}
	text, err := json.Marshal(template)
	if err == nil {
		err = json.Unmarshal(text, &data)
	}
	if err != nil {
		return map[string]any{"unreadable": err.Error()}
	}
	return data
}

// differ collects the paths at which the two differ: it goes into objects and into lists of named things, and names
// any other value as a whole.
func differ(path string, a, b any, paths *[]string) {
	const deepest = 4 // spec.containers[app].resources.limits is as near as people need
	if reflect.DeepEqual(a, b) {
		return
	}
	ma, mb := byKey(a), byKey(b)
	if ma == nil || mb == nil || strings.Count(path, ".") >= deepest {
		*paths = append(*paths, path)
		return
	}
	for _, key := range slices.Sorted(maps.Keys(merged(ma, mb))) {
		next := strings.TrimPrefix(path+"."+key, ".")
		if strings.HasPrefix(key, "[") {
			next = path + key
		}
		differ(next, ma[key], mb[key], paths)
	}
}

func merged(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// byKey returns the value as an object: a list of named things by their names; nil for anything else.
func byKey(v any) map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return v
	case []any:
		byName := map[string]any{}
		for _, item := range v {
			fields, ok := item.(map[string]any)
			if !ok || fields["name"] == nil {
				return nil
			}
			byName[fmt.Sprintf("[%v]", fields["name"])] = fields
		}
		return byName
	}
	return nil
}

package kubetest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"
)

// owners are the field managers of an object, each with the paths of the fields that it set last.
type owners map[string]*owned

type owned struct {
	at    int // resourceVersion
	paths map[string][]string
}

// change gives the manager every field that the change sets to another value, and takes it from the others.
func (o owners) change(manager string, version int, before, after Object) owners {
	next := owners{}
	for name, own := range o {
		next[name] = &owned{at: own.at, paths: maps.Clone(own.paths)}
	}
	old, now := leaves(before), leaves(after)
	for id, leaf := range now {
		if had, ok := old[id]; ok && reflect.DeepEqual(had.value, leaf.value) {
			continue
		}
		for _, own := range next {
			delete(own.paths, id)
		}
		if next[manager] == nil {
			next[manager] = &owned{paths: map[string][]string{}}
		}
		next[manager].paths[id] = leaf.path
		next[manager].at = version
	}
	return next
}

// render returns the owners in the form of metadata.managedFields.
func (o owners) render() []any {
	var entries []any
	for _, name := range slices.Sorted(maps.Keys(o)) {
		tree := Object{}
		for _, path := range o[name].paths {
			at := tree
			for _, step := range path {
				if at[step] == nil {
					at[step] = Object{}
				}
				at = at[step].(Object)
			}
		}
		// One second per version: times must show the order, and have no finer resolution.
		when := time.Date(2026, 1, 1, 0, 0, o[name].at, 0, time.UTC).Format(time.RFC3339)
		entries = append(entries, Object{
			"manager": name, "operation": "Update", "time": when, "fieldsType": "FieldsV1", "fieldsV1": tree,
		})
	}
	return entries
}

type leaf struct {
	path  []string
	value any
}

// leaves returns the fields of the spec and the annotations by their paths. Containers are identified by name; any other
// list is one field.
func leaves(o Object) map[string]leaf {
	all := map[string]leaf{}
	if o != nil {
		walk(all, []string{"f:spec"}, clone(o)["spec"])
		if annotations, ok := meta(clone(o))["annotations"]; ok {
			walk(all, []string{"f:metadata", "f:annotations"}, annotations)
		}
	}
	return all
}

func walk(all map[string]leaf, path []string, v any) {
	under := func(step string) []string { return append(slices.Clip(path), step) }
	switch v := v.(type) {
	case Object:
		for k, child := range v {
			walk(all, under("f:"+k), child)
		}
		return
	case []any:
		if last := path[len(path)-1]; last == "f:containers" || last == "f:initContainers" {
			for _, item := range v {
				c := item.(Object)
				walk(all, under(fmt.Sprintf("k:{%q:%q}", "name", c["name"])), c)
			}
			return
		}
	}
	all[fmt.Sprint(path)] = leaf{path, v}
}

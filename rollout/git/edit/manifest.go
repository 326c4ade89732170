package edit

import (
	"slices"

	"canarybot.io/rollout"
)

// manifest finds the images of the Deployment's containers.
func (s search) manifest() ([]value, error) {
	var values []value
	var names []string
	count := 0
	for _, root := range s.objects() {
		found, others, err := s.deployment(root)
		if err != nil {
			return nil, err
		}
		names = append(names, others...)
		if len(found) > 0 {
			count++
			values = append(values, found...)
		}
	}
	place := "image of Deployment " + s.target.Deployment
	if s.target.Key != "" {
		place = "image of container " + s.target.Key + " of Deployment " + s.target.Deployment
	}
	switch {
	case count == 0:
		return nil, missing(place, names)
	case count > 1:
		return nil, twice(place, count)
	}
	_, tag, sum := split(values[0].node.Value)
	for _, v := range values[1:] {
		if _, t, d := split(v.node.Value); t != tag || d != sum {
			return nil, twice(place, len(values))
		}
	}
	return values, nil
}

// objects returns the documents, and the items of those that are lists.
func (s search) objects() []spot {
	var all []spot
	for _, root := range s.roots() {
		all = append(all, root)
		if list, err := root.path("items"); err == nil {
			items, _ := list.items()
			all = append(all, items...)
		}
	}
	return all
}

// deployment returns the values of a Deployment, where it is the target's, and else its name.
func (s search) deployment(object spot) (values []value, others []string, err error) {
	kind, err := object.word("kind")
	if err != nil || kind != "Deployment" {
		return nil, nil, err
	}
	meta, err := object.path("metadata")
	if err != nil || meta.node == nil {
		return nil, nil, err
	}
	name, errName := meta.word("name")
	namespace, errNamespace := meta.word("namespace")
	switch {
	case errName != nil || errNamespace != nil:
		return nil, nil, refuse(meta.problem(rollout.ProblemGitAlias))
	case name != s.target.Deployment, namespace != "" && namespace != s.target.Namespace:
		return nil, []string{"Deployment " + name}, nil
	}
	for _, list := range []string{"initContainers", "containers"} {
		containers, err := object.path("spec", "template", "spec", list)
		if err != nil {
			return nil, nil, err
		}
		items, err := containers.items()
		if err != nil {
			return nil, nil, err
		}
		for _, c := range items {
			v, other, err := s.container(c)
			if err != nil {
				return nil, nil, err
			}
			values, others = append(values, v...), append(others, other...)
		}
	}
	return values, others, nil
}

// container returns the value of a container whose image is to be set, and else its name.
func (s search) container(c spot) (values []value, others []string, err error) {
	name, err := c.word("name")
	if err != nil {
		return nil, nil, err
	}
	image, err := c.field("image", "image of container "+name)
	if err != nil {
		return nil, nil, err
	}
	text, err := c.word("image")
	if err != nil {
		return nil, nil, err
	}
	base, _, _ := split(text)
	meant := rollout.Mirrored(base, s.target.Repository)
	switch {
	case s.target.Key != "":
		meant = name == s.target.Key
	case len(s.target.Containers) > 0:
		meant = slices.Contains(s.target.Containers, name)
	}
	switch {
	case !meant:
		return nil, []string{"container " + name}, nil
	case image.node == nil:
		return nil, nil, missing(image.place, c.keys())
	}
	return []value{{spot: image, form: whole, name: base}}, nil, s.ours(image, base)
}

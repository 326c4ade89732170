package edit

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"canarybot.io/rollout"
)

// spot is a node with those above it, and its place as people write it.
type spot struct {
	node  *yaml.Node
	above []*yaml.Node
	place string
}

func (s spot) problem(code rollout.ProblemCode) rollout.Problem {
	return rollout.Problem{Code: code, Other: rollout.ObjectRef{Name: s.place}}
}

// within returns a node below this one.
func (s spot) within(node *yaml.Node, place string) spot {
	return spot{node: node, above: append(slices.Clip(s.above), s.node), place: place}
}

// field returns the value of a mapping's key; its node is nil where there is none.
func (s spot) field(key, place string) (spot, error) {
	below := s.within(nil, place)
	if s.node.Kind == yaml.AliasNode {
		return spot{}, refuse(below.problem(rollout.ProblemGitAlias))
	}
	if s.node.Kind != yaml.MappingNode {
		return below, nil
	}
	merged := false
	for i := 0; i+1 < len(s.node.Content); i += 2 {
		k, v := s.node.Content[i], s.node.Content[i+1]
		switch {
		case k.Tag == "!!merge" || k.Kind == yaml.AliasNode:
			merged = true
		case k.Kind != yaml.ScalarNode || k.Value != key:
		case below.node != nil:
			p := below.problem(rollout.ProblemGitTwice)
			p.Count = 2
			return spot{}, refuse(p)
		default:
			below.node = v
		}
	}
	if below.node == nil && merged {
		return spot{}, refuse(below.problem(rollout.ProblemGitAlias))
	}
	return below, nil
}

// word returns the text of a mapping's key; empty where there is none, or something else.
func (s spot) word(key string) (string, error) {
	f, err := s.field(key, s.place+"."+key)
	if err != nil || f.node == nil {
		return "", err
	}
	n := f.node
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return "", nil
	}
	return n.Value, nil
}

// path follows keys down; its node is nil where one is missing.
func (s spot) path(keys ...string) (spot, error) {
	for _, key := range keys {
		place := key
		if s.place != "" {
			place = s.place + "." + key
		}
		var err error
		if s, err = s.field(key, place); err != nil || s.node == nil {
			return s, err
		}
	}
	return s, nil
}

// items returns the entries of a list.
func (s spot) items() ([]spot, error) {
	if s.node == nil {
		return nil, nil
	}
	if s.node.Kind == yaml.AliasNode {
		return nil, refuse(s.problem(rollout.ProblemGitAlias))
	}
	var all []spot
	if s.node.Kind == yaml.SequenceNode {
		for _, n := range s.node.Content {
			all = append(all, s.within(n, s.place+"[]"))
		}
	}
	return all, nil
}

// keys returns the names in a mapping, for whoever looks for one.
func (s spot) keys() []string {
	var names []string
	if s.node != nil && s.node.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(s.node.Content); i += 2 {
			names = append(names, s.node.Content[i].Value)
		}
	}
	return names
}

// shared reports whether the value is also another one's: to change it would change both.
func (s spot) shared(docs []*yaml.Node) bool {
	if s.node.Kind == yaml.AliasNode || s.node.Anchor != "" {
		return true
	}
	var aliased func(n *yaml.Node) bool
	aliased = func(n *yaml.Node) bool {
		return n.Kind == yaml.AliasNode && slices.Contains(s.above, n.Alias) || slices.ContainsFunc(n.Content, aliased)
	}
	return slices.ContainsFunc(docs, aliased)
}

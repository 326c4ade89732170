package edit

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"canarybot.io/rollout"
)

// search looks for the values of a target.
type search struct {
	target Target
	docs   []*yaml.Node
}

// roots returns what the documents hold.
func (s search) roots() []spot {
	var all []spot
	for _, d := range s.docs {
		if len(d.Content) == 1 {
			all = append(all, spot{node: d.Content[0], above: []*yaml.Node{d}})
		}
	}
	return all
}

// missing is what is said where the target is not there. Names are what there is instead.
func missing(place string, names []string) error {
	if len(names) == 0 {
		names = []string{"none"}
	}
	return refuse(rollout.Problem{Code: rollout.ProblemGitNoValue, Other: rollout.ObjectRef{Name: place}, Names: names})
}

func twice(place string, count int) error {
	return refuse(rollout.Problem{Code: rollout.ProblemGitTwice, Other: rollout.ObjectRef{Name: place}, Count: count})
}

// ours returns an error unless the image's name may be the service's.
func (s search) ours(at spot, name string) error {
	if rollout.Mirrored(name, s.target.Repository) {
		return nil
	}
	p := at.problem(rollout.ProblemGitOtherImage)
	p.Words = name
	return refuse(p)
}

// kustomize finds newTag and digest of the entry of images that has the key as its name.
func (s search) kustomize() ([]value, error) {
	var entries []spot
	var names []string
	for _, root := range s.roots() {
		images, err := root.path("images")
		if err != nil {
			return nil, err
		}
		all, err := images.items()
		if err != nil {
			return nil, err
		}
		for _, entry := range all {
			name, err := entry.word("name")
			if err != nil {
				return nil, err
			}
			names = append(names, name)
			if is, err := s.meant(entry, name); err != nil {
				return nil, err
			} else if is {
				entries = append(entries, entry)
			}
		}
	}
	place := "images[] named " + s.target.Key
	if s.target.Key == "" {
		place = "images[] of " + s.target.Repository
	}
	switch len(entries) {
	case 0:
		return nil, missing(place, names)
	case 1:
		return s.entry(entries[0])
	}
	return nil, twice(place, len(entries))
}

// meant reports whether an entry of images is the target's.
func (s search) meant(entry spot, name string) (bool, error) {
	if s.target.Key != "" {
		return name == s.target.Key, nil
	}
	newName, err := entry.word("newName")
	return rollout.InRepository(name, s.target.Repository) || rollout.InRepository(newName, s.target.Repository), err
}

// entry returns the values of an entry of images.
func (s search) entry(entry spot) ([]value, error) {
	name, err := entry.word("newName")
	if name == "" && err == nil {
		name, err = entry.word("name")
	}
	if err == nil {
		err = s.ours(entry, name)
	}
	if err != nil {
		return nil, err
	}
	return pair(entry, name, "newTag", "digest")
}

// pair returns the values for a tag and a digest that stand side by side. An absent or empty digest is none.
func pair(at spot, name, tagKey, digestKey string) ([]value, error) {
	tag, err := at.field(tagKey, tagKey)
	if err != nil {
		return nil, err
	}
	sum, err := at.field(digestKey, digestKey)
	if err != nil {
		return nil, err
	}
	pinned := sum.node != nil && (sum.node.Kind != yaml.ScalarNode || sum.node.Value != "" && sum.node.Tag != "!!null")
	switch {
	case tag.node != nil && pinned:
		return []value{{spot: tag, form: bareTag, name: name}, {spot: sum, form: digestForm, name: name}}, nil
	case pinned:
		return []value{{spot: sum, form: digestForm, name: name}}, nil
	case tag.node != nil:
		return []value{{spot: tag, form: tagForm, name: name}}, nil
	}
	return nil, missing(tagKey, at.keys())
}

// step is one part of a path in a chart's values.
type step struct {
	key   string
	index int // in a list, where key is empty
}

// steps reads a path as Helm does: a.b, a\.b for a key with a dot, list[0].
func steps(path string) ([]step, bool) {
	var all []step
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			all = append(all, step{key: word.String()})
			word.Reset()
		}
	}
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c == '\\' && i+1 < len(path):
			i++
			word.WriteByte(path[i])
		case c == '.':
			end()
		case c == '[':
			end()
			closing := strings.IndexByte(path[i:], ']')
			if closing < 0 {
				return nil, false
			}
			n, err := strconv.Atoi(path[i+1 : i+closing])
			if err != nil || n < 0 {
				return nil, false
			}
			all = append(all, step{index: n})
			i += closing
		default:
			word.WriteByte(c)
		}
	}
	end()
	return all, len(all) > 0 && all[len(all)-1].key != ""
}

// ValidKey reports whether the key can name a value in such a file.
func ValidKey(kind rollout.GitEdit, key string) bool {
	if kind != rollout.HelmValues {
		return true
	}
	_, ok := steps(key)
	return ok
}

// helm finds the value at the key's path.
func (s search) helm() ([]value, error) {
	path, ok := steps(s.target.Key)
	if !ok {
		return nil, missing(s.target.Key, nil)
	}
	last := path[len(path)-1].key
	var found []spot // of the mapping that has the value
	var names []string
	for _, root := range s.roots() {
		at, err := follow(root, path[:len(path)-1])
		if err != nil {
			return nil, err
		}
		if at.node == nil {
			names = append(names, root.keys()...)
			continue
		}
		if v, err := at.field(last, s.target.Key); err != nil {
			return nil, err
		} else if v.node == nil {
			names = append(names, at.keys()...)
			continue
		}
		found = append(found, at)
	}
	switch len(found) {
	case 0:
		return nil, missing(s.target.Key, names)
	case 1:
		return s.chartValue(found[0], last)
	}
	return nil, twice(s.target.Key, len(found))
}

// follow goes down a path; the node is nil where it ends.
func follow(at spot, path []step) (spot, error) {
	for _, p := range path {
		if p.key != "" {
			var err error
			if at, err = at.path(p.key); err != nil || at.node == nil {
				return at, err
			}
			continue
		}
		items, err := at.items()
		if err != nil {
			return spot{}, err
		}
		if p.index >= len(items) {
			return at.within(nil, at.place), nil
		}
		at = items[p.index]
	}
	return at, nil
}

// chartValue returns the value of a chart: a whole reference, or a tag beside which a repository and a digest may stand.
func (s search) chartValue(at spot, key string) ([]value, error) {
	v, err := at.field(key, s.target.Key)
	if err != nil {
		return nil, err
	}
	if name, _, _ := split(v.node.Value); v.node.Kind == yaml.ScalarNode && strings.ContainsRune(name, '/') {
		return []value{{spot: v, form: whole, name: name}}, s.ours(v, name)
	}
	name, err := s.chartImage(at)
	if err != nil {
		return nil, err
	}
	if digestText.MatchString(v.node.Value) {
		return []value{{spot: v, form: digestForm, name: name}}, nil
	}
	values, err := pair(at, name, key, "digest")
	for i := range values {
		if values[i].place == key {
			values[i].place = s.target.Key
		}
	}
	return values, err
}

// chartImage returns the name of the image whose tag stands beside it, as most charts have it.
func (s search) chartImage(at spot) (string, error) {
	repository, err := at.word("repository")
	if err != nil || repository == "" {
		return s.target.Repository, err
	}
	registry, err := at.word("registry")
	if err != nil {
		return "", err
	}
	if registry != "" {
		repository = registry + "/" + repository
	}
	return repository, s.ours(at.within(nil, "repository"), repository)
}

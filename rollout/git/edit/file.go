package edit

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"canarybot.io/rollout"
)

// Target says which value of a file is meant.
type Target struct {
	Edit       rollout.GitEdit
	Key        string // as rollout.GitFile has it; empty: found by the repository
	Repository string // of the service's images
	// Deployment, in Namespace, with Containers, is what a manifest is searched for; no Containers: those that run an image
	// of the repository.
	Deployment, Namespace string
	Containers            []string
}

// TargetOf returns what a rollout means in its file.
func TargetOf(r rollout.Rollout) Target {
	o := r.Spec.Objects
	containers := slices.Clone([]string(o.Containers))
	if len(containers) == 0 {
		containers = r.Original.Containers
	}
	return Target{
		Edit: r.Spec.Promote.Git.Edit, Key: r.Spec.Promote.Git.Key, Repository: r.Spec.Repository,
		Deployment: o.Stable, Namespace: o.Namespace, Containers: containers,
	}
}

// File is a file with the values in it that say what stable runs.
type File struct {
	data   []byte
	docs   []*yaml.Node
	values []value
}

// Most that is read of a file, in bytes.
const Most = 1 << 20

// Read finds the target in a file. The error is Invalid, with a problem that lacks only where the file is.
func Read(data []byte, t Target) (File, error) {
	f := File{data: data}
	if len(data) > Most {
		return File{}, refuse(rollout.Problem{Code: rollout.ProblemGitFileTooLarge, Limit: Most >> 10})
	}
	docs, err := parse(data)
	if err != nil {
		return File{}, refuse(rollout.Problem{Code: rollout.ProblemGitNotYAML, Words: strings.TrimPrefix(err.Error(), "yaml: ")})
	}
	f.docs = docs
	s := search{target: t, docs: docs}
	switch t.Edit {
	case rollout.Kustomize:
		f.values, err = s.kustomize()
	case rollout.HelmValues:
		f.values, err = s.helm()
	case rollout.Manifest:
		f.values, err = s.manifest()
	default:
		return File{}, refuse(rollout.Problem{Code: rollout.ProblemInternal})
	}
	if err != nil {
		return File{}, err
	}
	for i := range f.values {
		if err := f.values[i].locate(data, docs); err != nil {
			return File{}, err
		}
	}
	return f, nil
}

func refuse(p rollout.Problem) error { return rollout.Refuse(rollout.Invalid, p) }

// parse reads every document of a file.
func parse(data []byte) ([]*yaml.Node, error) {
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		return nil, errors.New("it is not text in UTF-8")
	}
	var docs []*yaml.Node
	for d := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var doc yaml.Node
		switch err := d.Decode(&doc); {
		case errors.Is(err, io.EOF) && len(docs) > 0:
			return docs, nil
		case errors.Is(err, io.EOF):
			return nil, errors.New("it is empty")
		case err != nil:
			return nil, err
		}
		docs = append(docs, &doc)
	}
}

// Image returns the image that the file says, in full.
func (f File) Image() string {
	var tag, sum string
	for _, v := range f.values {
		_, t, d := split(v.image())
		tag, sum = max(tag, t), max(sum, d) // a tag and a digest of their own are two values
	}
	return join(f.values[0].name, tag, sum)
}

// Says reports whether the file says the image already, as Write would write it.
func (f File) Says(image string) bool {
	return !slices.ContainsFunc(f.values, func(v value) bool {
		text, err := v.text(image)
		return err != nil || text != v.node.Value
	})
}

// Write returns the file with another image; as it is, where it says that already. The error is Invalid where the image
// has not what the file needs.
func (f File) Write(image string) ([]byte, error) {
	if f.Says(image) {
		return f.data, nil
	}
	var err error
	for _, quote := range []bool{false, true} {
		var out []byte
		if out, err = f.splice(image, quote); err != nil {
			return nil, err
		}
		if f.differsInValuesAlone(out, image) {
			return out, nil
		}
	}
	return nil, refuse(f.values[0].problem(rollout.ProblemGitForm))
}

// splice puts the image into the bytes of the file. Plain words are put in quotes where they would mean something else.
func (f File) splice(image string, quote bool) ([]byte, error) {
	ordered := slices.SortedFunc(slices.Values(f.values), func(a, b value) int { return a.from - b.from })
	var out []byte
	at := 0
	for _, v := range ordered {
		text, err := v.text(image)
		if err != nil {
			return nil, err
		}
		out = append(append(out, f.data[at:v.from]...), v.quoted(text, quote)...)
		at = v.to
	}
	return append(out, f.data[at:]...), nil
}

// differsInValuesAlone reports whether the text parses to the same tree as the file, with the image in its place.
func (f File) differsInValuesAlone(text []byte, image string) bool {
	docs, err := parse(text)
	if err != nil || len(docs) != len(f.docs) {
		return false
	}
	want := map[*yaml.Node]string{}
	for _, v := range f.values {
		want[v.node], _ = v.text(image)
	}
	for i := range docs {
		if !same(f.docs[i], docs[i], want) {
			return false
		}
	}
	return true
}

// same compares two trees, in which the nodes of want have other values.
func same(a, b *yaml.Node, want map[*yaml.Node]string) bool {
	if a.Kind != b.Kind || a.Anchor != b.Anchor || a.Line != b.Line || len(a.Content) != len(b.Content) ||
		a.HeadComment != b.HeadComment || a.LineComment != b.LineComment || a.FootComment != b.FootComment {
		return false
	}
	if text, changed := want[a]; changed {
		return b.Value == text && b.Tag == "!!str"
	}
	if a.Value != b.Value || a.Tag != b.Tag || a.Style != b.Style {
		return false
	}
	for i := range a.Content {
		if !same(a.Content[i], b.Content[i], want) {
			return false
		}
	}
	return true
}

package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// reader collects what is wrong while the tree is read.
type reader struct {
	problems []Problem
	seen     map[Problem]bool
	keys     map[string]bool // with a problem
	nulls    []Problem       // keys without a value
}

// add adds a problem unless it was added before: what is wrong with a default is found again for each service.
func (r *reader) add(p Problem) {
	if r.seen[p] {
		return
	}
	if r.seen == nil {
		r.seen, r.keys = map[Problem]bool{}, map[string]bool{}
	}
	r.problems = append(r.problems, p)
	r.seen[p], r.keys[p.Key] = true, true
}

// under reports whether a problem was found with the key, or with anything below it.
func (r *reader) under(key string) bool {
	return slices.ContainsFunc(r.problems, func(p Problem) bool {
		return p.Key == key || strings.HasPrefix(p.Key, key+".") || strings.HasPrefix(p.Key, key+"[")
	})
}

// node is a place in the configuration, whether or not something is written there.
type node struct {
	r    *reader
	key  string
	line int        // where it is, or would be
	y    *yaml.Node // nil: nothing is written here
}

// there reports whether a value is written here. A key without a value has none: it is read as if it were absent, and a
// problem of its own.
func (n node) there() bool { return n.y != nil }

// wrong reports whether a problem with what is written here was found already.
func (n node) wrong() bool { return n.r.keys[n.key] }

// or returns the node, or the other one when only that is written.
func (n node) or(other node) node {
	if !n.there() && other.there() {
		return other
	}
	return n
}

// bad adds a problem with what is written here, or with nothing being written.
func (n node) bad(format string, args ...any) {
	n.r.add(Problem{Key: n.key, Line: n.line, Text: fmt.Sprintf(format, args...)})
}

// most bounds how much is written and how deep: beyond it no person wrote the file.
const (
	mostNodes = 50_000
	mostItems = 1_000 // in one list
	deepest   = 20
)

// document parses the file. ok is false when it cannot be read further.
func (r *reader) document(data []byte) (root node, ok bool) {
	top := node{r: r}
	if len(data) > largest {
		top.bad("the configuration is larger than 1 MiB")
		return top, false
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	switch err := decoder.Decode(&doc); {
	case errors.Is(err, io.EOF):
		top.bad("the configuration is empty")
		return top, false
	case err != nil:
		top.bad("it is not valid YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
		return top, false
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		top.bad("it has more than one document, or something unreadable after the first")
		return top, false
	}
	if len(doc.Content) != 1 {
		top.bad("the configuration is empty")
		return top, false
	}
	if problem := unfit(&doc); problem != nil {
		r.add(*problem)
		return top, false
	}
	top.line, top.y = 1, doc.Content[0]
	r.valueless(top)
	if top.y.Kind != yaml.MappingNode {
		top.bad("the configuration is not a mapping of keys to values")
		return top, false
	}
	return top, true
}

// unfit returns the problem with a tree that is not to be read at all.
func unfit(doc *yaml.Node) *Problem {
	count := 0
	var walk func(y *yaml.Node, depth int) *Problem
	walk = func(y *yaml.Node, depth int) *Problem {
		count++
		switch {
		case y.Kind == yaml.AliasNode:
			return &Problem{Line: y.Line, Text: fmt.Sprintf(
				"*%s: aliases are not read; write it in full, or once for all services under defaults", short(y.Value))}
		case depth > deepest:
			return &Problem{Line: y.Line, Text: fmt.Sprintf("it is nested more than %d levels deep", deepest)}
		case count > mostNodes:
			return &Problem{Line: y.Line, Text: fmt.Sprintf("it holds more than %d values", mostNodes)}
		}
		for _, child := range y.Content {
			if p := walk(child, depth+1); p != nil {
				return p
			}
		}
		return nil
	}
	return walk(doc, 0)
}

// valueless notes the keys without a value, in what Prometheus's own code reads too. What is left out, or commented out,
// would have a default take its place without a word: a wider policy, another plan, no signing in.
func (r *reader) valueless(n node) {
	for i := 0; n.y.Kind == yaml.MappingNode && i+1 < len(n.y.Content); i += 2 {
		key, value := n.y.Content[i], n.y.Content[i+1]
		child := n.child(key.Value, key.Line)
		if child.y = value; value.Tag != "!!null" {
			r.valueless(child)
			continue
		}
		text := "has no value; write one, or remove the key"
		switch {
		case slices.Contains(policyKeys(), key.Value), key.Value == "policy":
			text = isEmpty
		case slices.Contains(signInKeys(), key.Value):
			text = "has no value; write {} to sign in with what the environment has"
		}
		r.nulls = append(r.nulls, Problem{Key: child.key, Line: child.line, Text: text})
	}
	for i, y := range n.y.Content {
		if n.y.Kind == yaml.SequenceNode {
			r.valueless(node{r: r, key: fmt.Sprintf("%s[%d]", n.key, i), y: y})
		}
	}
}

// fields is a mapping's values by key.
type fields struct {
	node
	values map[string]node
	names  []string // in the order of the file
}

// fields reads a mapping of exactly these keys, or of any when none are given. Problems with keys are added.
func (n node) fields(known ...string) fields {
	f := fields{node: n, values: map[string]node{}}
	if !n.there() {
		return f
	}
	if n.y.Kind != yaml.MappingNode {
		n.bad("%s", n.wanted("a mapping of keys to values"))
		f.r = &reader{} // drops the problem that its keys are missing
		return f
	}
	for i := 0; i+1 < len(n.y.Content); i += 2 {
		key, value := n.y.Content[i], n.y.Content[i+1]
		child := n.child(key.Value, key.Line)
		switch {
		case key.Kind != yaml.ScalarNode || key.Value == "":
			n.r.add(Problem{Key: n.key, Line: key.Line, Text: "a key here is not a plain word"})
			continue
		case key.Value == "<<":
			child.bad("merge keys are not read; write it in full, or once for all services under defaults")
			continue
		case key.Value == "on_call" && slices.Contains(known, "notify"):
			child.bad("is called notify now, and also calls for what is stuck or waits; as it was: notify: {rolled_back: [S0614TZR7]}")
			continue
		case len(known) > 0 && !slices.Contains(known, key.Value):
			child.bad("this key is unknown%s", meant(key.Value, known))
			continue
		}
		if _, twice := f.values[key.Value]; twice {
			child.bad("this key is written twice")
			continue
		}
		if value.Tag != "!!null" {
			child.y = value
		}
		f.names = append(f.names, key.Value)
		f.values[key.Value] = child
	}
	return f
}

// at returns the value of the key, or the place where it would be.
func (f fields) at(name string) node {
	if n, ok := f.values[name]; ok {
		return n
	}
	return f.child(name, f.line)
}

func (n node) child(name string, line int) node {
	name = short(name)
	if n.key != "" {
		name = n.key + "." + name
	}
	return node{r: n.r, key: name, line: line}
}

// items reads a list.
func (n node) items(example string) []node {
	if !n.there() {
		return nil
	}
	if n.y.Kind != yaml.SequenceNode {
		n.bad("%s, for example %s", n.wanted("a list"), example)
		return nil
	}
	if len(n.y.Content) > mostItems {
		n.bad("this list holds more than %d values", mostItems)
		return nil
	}
	var all []node
	for i, y := range n.y.Content {
		all = append(all, node{r: n.r, key: fmt.Sprintf("%s[%d]", n.key, i), line: y.Line, y: y})
	}
	return all
}

// wanted returns what should be here instead of what is. How Prometheus is reached may hold a password.
func (n node) wanted(what string) string {
	found := fmt.Sprintf("%q", short(n.y.Value))
	switch {
	case n.y.Kind == yaml.MappingNode:
		found = "a mapping"
	case n.y.Kind == yaml.SequenceNode:
		found = "a list"
	case strings.HasPrefix(n.key, "prometheus"):
		found = "what is written here"
	}
	return "this must be " + what + ", not " + found
}

// short cuts what was written to what fits a line.
func short(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

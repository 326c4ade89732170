package config

import (
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"

	"canarybot.io/rollout"
)

var (
	userID  = regexp.MustCompile(`^[UW][A-Z0-9]{2,}$`)
	groupID = regexp.MustCompile(`^S[A-Z0-9]{2,}$`)
)

func policyKeys() []string { return []string{"deployers", "approvers", "rollback"} }

// readPolicy reads who may do what, each key from the first of the layers that has it: the service's own, the
// defaults', the global one.
func readPolicy(layers ...node) rollout.Policy {
	var all []fields
	for _, layer := range layers {
		if layer.there() && layer.y.Kind == yaml.MappingNode && len(layer.y.Content) == 0 {
			layer.bad(isEmpty)
		}
		all = append(all, layer.fields(policyKeys()...))
	}
	at := func(key string) node {
		for _, f := range all {
			if n := f.at(key); n.there() {
				return n
			}
		}
		return all[0].at(key)
	}
	p := rollout.Policy{Deployers: readPeople(at("deployers"))}
	if p.Approvers = p.Deployers; at("approvers").there() {
		p.Approvers = readPeople(at("approvers"))
	}
	p.Rollback = readRollback(at("rollback"), p.Deployers)
	return p
}

// isEmpty is said of a policy, or a key of one, that names nobody: by mistake, as a rule, and then a wider policy would
// take its place, or a rollout start that nobody may promote.
const isEmpty = "is empty; list who may, write nobody, or remove the key"

// readRollback reads who may roll back: the safe direction, open to everybody by default.
func readRollback(n node, deployers []string) []string {
	switch {
	case !n.there():
		return []string{rollout.Everyone}
	case n.y.Kind == yaml.ScalarNode:
		if n.word(rollout.Everyone, rollout.Everyone, "deployers") == "deployers" {
			return deployers
		}
		return []string{rollout.Everyone}
	}
	if n.y.Kind == yaml.SequenceNode && len(n.y.Content) == 0 {
		n.bad("nobody would be allowed to roll back; write everyone, deployers or a list of Slack user ids")
		return nil
	}
	return readPeople(n)
}

// readOnCall reads who is mentioned when a canary is rolled back by itself, from the first of the layers that says so. A
// mention allows nothing, so a user group may be one of them.
func readOnCall(layers ...node) []string {
	var ids []string
	for _, n := range layers {
		if !n.there() {
			continue
		}
		for _, item := range n.items("[S0614TZR7]") {
			id, ok := item.text()
			switch {
			case ok && !groupID.MatchString(id) && !userID.MatchString(id):
				item.bad("%q is not the id of a Slack user group (S…) or user (U… or W…)", short(id))
			case ok && !slices.Contains(ids, id):
				ids = append(ids, id)
			}
		}
		break
	}
	return ids
}

// nobody is how a policy says that nobody may.
const nobody = "nobody"

// readPeople reads a list of people, or the word nobody.
func readPeople(n node) []string {
	switch {
	case !n.there():
		return nil
	case n.y.Kind == yaml.ScalarNode && n.y.Value == nobody:
		return nil
	case n.y.Kind == yaml.SequenceNode && len(n.y.Content) == 0:
		n.bad(isEmpty)
	}
	var people []string
	for _, item := range n.items("[U024BE7LH]") {
		id, ok := item.text()
		switch {
		case !ok:
			continue
		case groupID.MatchString(id):
			item.bad("%s is a user group; groups are not supported yet: list the people's ids (U… or W…)", id)
		case !userID.MatchString(id):
			item.bad("%q is not a Slack user id (U… or W…); it is in the person's profile, under Copy member ID", short(id))
		case !slices.Contains(people, id):
			people = append(people, id)
		}
	}
	return people
}

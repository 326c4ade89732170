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

func policyKeys() []string {
	return []string{"deployers", "approvers", "rollback", "second_person", "self_promote", "promote_now", "emergency"}
}

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
	p.PromoteNow, p.Emergency = readPeople(at("promote_now")), readPeople(at("emergency"))
	p.SecondPerson, p.SelfPromote = at("second_person").yes(), at("self_promote").yes()
	if p.SecondPerson && p.SelfPromote {
		at("self_promote").bad("contradicts second_person: who asked for a rollout either counts or does not; remove one of them")
	}
	return p
}

// readApprovals reads how many people have to approve; 0: nothing is said.
func readApprovals(n node) int {
	count := n.whole(0)
	if n.there() && !n.wrong() && (count < 1 || count > rollout.MaxApprovals) {
		n.bad("%d is not a number from 1 to %d", count, rollout.MaxApprovals)
	}
	return count
}

// readOnFail reads what follows where the bot would roll back by itself; empty: nothing is said.
func readOnFail(n node) rollout.OnFail {
	if !n.there() {
		return ""
	}
	return rollout.OnFail(n.word(string(rollout.RollbackOnFail), string(rollout.RollbackOnFail), string(rollout.HoldOnFail)))
}

// refuseLonely refuses a service of which some step could never be approved: by the ids, fewer people may than have to. How
// many a user group has is known to Slack alone.
func refuseLonely(n node, s rollout.Service) {
	isGroup := func(id string) bool { return groupID.MatchString(id) }
	if len(s.Policy.Approvers) == 0 || slices.ContainsFunc(s.Policy.Approvers, isGroup) {
		return
	}
	needed := 1
	for _, plan := range append([]rollout.Plan{s.Spec.Plan}, s.Plans...) {
		for _, step := range plan.Steps {
			if step.Gate == rollout.Manual {
				needed = max(needed, step.ApprovalsNeeded())
			}
		}
	}
	if may := len(s.Policy.Approvers); may < needed {
		n.bad("%d people have to approve and policy.approvers has %d: no rollout could ever be promoted", needed, may)
		return
	}
	apart := s.Policy.SecondPerson || needed > 1 && !s.Policy.SelfPromote
	alone := func(id string) bool { return slices.Contains(s.Policy.Approvers, id) }
	others := slices.ContainsFunc(s.Policy.Deployers, func(id string) bool { return !alone(id) }) || len(s.Policy.Pipelines) > 0
	if apart && !others && len(s.Policy.Approvers) == needed {
		n.bad("whoever deploys does not count as one of the %d who have to approve, and policy.approvers has no other: no rollout could ever be promoted", needed)
	}
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
		n.bad("nobody would be allowed to roll back; write everyone, deployers or a list of Slack ids")
		return nil
	}
	return readPeople(n)
}

// nobody is how a policy says that nobody may.
const nobody = "nobody"

// readPeople reads a list of people and user groups, or the word nobody.
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
		case !groupID.MatchString(id) && !userID.MatchString(id):
			item.bad("%q is not the id of a Slack user (U… or W…; in their profile, under Copy member ID) or user group (S…)", short(id))
		case !slices.Contains(people, id):
			people = append(people, id)
		}
	}
	return people
}

package rollout

import (
	"slices"
	"strings"
)

// ActorKind says what an actor is.
type ActorKind string

// The kinds of actors.
const (
	Person   ActorKind = "person"
	Pipeline ActorKind = "pipeline"
	Kube     ActorKind = "kube" // somebody with rights on the cluster, by annotation
	Bot      ActorKind = "bot"
)

// Actor is who made a decision. A person's ID is their Slack id: names are never asked.
type Actor struct {
	Kind ActorKind `json:"kind"`
	ID   string    `json:"id,omitempty"`
	// Member is true for full members of the home workspace: no guest, no stranger, no bot, not deactivated.
	Member bool `json:"member,omitempty"`
	// Also is another Slack id of the same person, in an Enterprise Grid; empty: none is known.
	Also string `json:"also,omitempty"`
	// Groups are the user groups that a policy names and the person is in.
	Groups []string `json:"groups,omitempty"`
	// Run is what of a pipeline decided, by the claims of its token: "github.com/acme/shop, run 812". Link is where to read it:
	// an address that these claims make, or that the configuration allows.
	Run  string `json:"run,omitempty"`
	Link string `json:"link,omitempty"`
}

// Action is what somebody wants done to a rollout.
type Action string

// The actions. Deploy makes a rollout; the others decide about one.
const (
	Deploy   Action = "deploy"
	Promote  Action = "promote"
	Rollback Action = "rollback"
	Pause    Action = "pause"
	Resume   Action = "resume"
	Override Action = "set_ours" // as stored records and the buttons of posted cards have it
	Retry    Action = "retry"
	Abandon  Action = "abandon"
	Accept   Action = "accept" // what the rollout is held by is fine: it goes on
	Extend   Action = "extend" // this step bakes longer, by Extension
	AutoGate Action = "auto"   // deploy with every gate on auto
	// PromoteNow promotes although the step has not baked as long as it should, and EmergencyDeploy deploys without bakes and
	// gates. Review is what somebody else says of an emergency afterwards.
	PromoteNow      Action = "promote_now"
	EmergencyDeploy Action = "emergency"
	Review          Action = "review"
	Freeze          Action = "freeze"   // keep rollouts from starting, by a freeze or a lock; whoever did may end it
	Unfreeze        Action = "unfreeze" // end somebody else's
	Requeue         Action = "requeue"  // remove somebody else's pending deploy, or let one go ahead of the others
)

// Why an action is forbidden.
const (
	ProblemNotAMember ProblemCode = "not_a_member"
	ProblemNotAllowed ProblemCode = "not_allowed" // Key is the actor's id, Value the action
)

// Everyone is the rollback rule that lets every full member of the home workspace roll back.
const Everyone = "everyone"

// Policy says who may do what, by the Slack ids of people and user groups. Empty lists mean nobody. It is read live, when a decision is committed.
type Policy struct {
	Deployers []string `json:"deployers"`
	Approvers []string `json:"approvers"`
	Rollback  []string `json:"rollback"` // ids, or the one word Everyone
	// SecondPerson demands that somebody else approves than who asked for the rollout, at every manual gate. Where several
	// have to approve, who asked counts only with SelfPromote.
	SecondPerson bool `json:"second_person,omitempty"`
	SelfPromote  bool `json:"self_promote,omitempty"`
	// PromoteNow are those of the approvers who may skip the rest of a bake; Emergency are those who may deploy alone and
	// without bakes.
	PromoteNow []string `json:"promote_now,omitempty"`
	Emergency  []string `json:"emergency,omitempty"`
	// Pipelines says what each pipeline may do, by its name.
	Pipelines map[string][]Action `json:"pipelines,omitempty"`
}

// Who returns the ids that may do the action, and whether every member may.
func (p Policy) Who(action Action) (ids []string, everyone bool) {
	switch action {
	case Deploy, Pause, Resume, Extend, Retry, Freeze:
		return p.Deployers, false
	case Promote, Accept, Override, Abandon, AutoGate, Unfreeze, Requeue, Review:
		return p.Approvers, false
	case PromoteNow:
		return p.PromoteNow, false
	case EmergencyDeploy:
		return p.Emergency, false
	case Rollback:
		return p.Rollback, slices.Contains(p.Rollback, Everyone)
	}
	return nil, false
}

// Named returns every id that the policy names, as often as it does.
func (p Policy) Named() []string {
	return slices.Concat(p.Deployers, p.Approvers, p.Rollback, p.PromoteNow, p.Emergency)
}

// Groups returns the user groups that the policy names.
func (p Policy) Groups() []string {
	var all []string
	for _, id := range p.Named() {
		if strings.HasPrefix(id, "S") && !slices.Contains(all, id) { // people begin with U or W
			all = append(all, id)
		}
	}
	return all
}

// Is reports whether both are the same person, by either of their ids.
func (a Actor) Is(other Actor) bool {
	same := func(x, y string) bool { return x != "" && x == y }
	return a.Kind == other.Kind &&
		(same(a.ID, other.ID) || same(a.Also, other.ID) || same(a.ID, other.Also) || same(a.Also, other.Also))
}

// Allows returns nil when the actor may do the action, else a forbidden error that names the actor's own id. The bot
// itself decides in Next only and is refused here.
func (p Policy) Allows(actor Actor, action Action) error {
	if action == PromoteNow { // it is a promotion, and more
		if err := p.Allows(actor, Promote); err != nil {
			return err
		}
	}
	ids, everyone := p.Who(action)
	switch actor.Kind {
	case Kube:
		if action == Rollback { // Kubernetes rights are the permission
			return nil
		}
	case Person:
		in := func(id string) bool { return id == actor.ID || slices.Contains(actor.Groups, id) }
		if actor.Member && (everyone || slices.ContainsFunc(ids, in)) {
			return nil
		}
		if !actor.Member {
			return Refuse(Forbidden, Problem{Code: ProblemNotAMember})
		}
	case Pipeline:
		if action == AutoGate { // every gate on auto promotes without asking
			action = Promote
		}
		if slices.Contains(p.Pipelines[actor.ID], action) {
			return nil
		}
	case Bot:
	}
	return Refuse(Forbidden, Problem{Code: ProblemNotAllowed, Key: actor.ID, Value: string(action)})
}

package rollout

import "slices"

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
	AutoGate Action = "auto"   // deploy with every gate on auto
)

// Why an action is forbidden.
const (
	ProblemNotAMember ProblemCode = "not_a_member"
	ProblemNotAllowed ProblemCode = "not_allowed" // Key is the actor's id, Value the action
)

// Everyone is the rollback rule that lets every full member of the home workspace roll back.
const Everyone = "everyone"

// Policy says who may do what. Empty lists mean nobody. It is read live, when a decision is committed.
type Policy struct {
	Deployers []string `json:"deployers"`
	Approvers []string `json:"approvers"`
	Rollback  []string `json:"rollback"` // ids, or the one word Everyone
}

// Who returns the ids that may do the action, and whether every member may.
func (p Policy) Who(action Action) (ids []string, everyone bool) {
	switch action {
	case Deploy, Pause, Resume, Retry:
		return p.Deployers, false
	case Promote, Accept, Override, Abandon, AutoGate:
		return p.Approvers, false
	case Rollback:
		return p.Rollback, slices.Contains(p.Rollback, Everyone)
	}
	return nil, false
}

// Allows returns nil when the actor may do the action, else a forbidden error that names the actor's own id. The bot
// itself decides in Next only and is refused here.
func (p Policy) Allows(actor Actor, action Action) error {
	ids, everyone := p.Who(action)
	switch actor.Kind {
	case Kube:
		if action == Rollback { // Kubernetes rights are the permission
			return nil
		}
	case Person:
		if actor.Member && (everyone || slices.Contains(ids, actor.ID)) {
			return nil
		}
		if !actor.Member {
			return Refuse(Forbidden, Problem{Code: ProblemNotAMember})
		}
	case Pipeline:
		if slices.Contains(ids, actor.ID) {
			return nil
		}
	case Bot:
	}
	return Refuse(Forbidden, Problem{Code: ProblemNotAllowed, Key: actor.ID, Value: string(action)})
}

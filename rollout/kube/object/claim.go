package object

import (
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/rollout"
)

// Problems returns what in an object's metadata keeps the rollout from starting: the stamp of somebody else, or a
// standing request to roll back.
func Problems(o meta.Object, kind string, r rollout.Rollout) []rollout.Problem {
	var problems []rollout.Problem
	add := func(p rollout.Problem) {
		p.Object = Ref(kind, o.GetNamespace(), o.GetName())
		problems = append(problems, p)
	}
	switch s := stamp(o.GetAnnotations()); {
	case !Stamped(o):
	case s == nil:
		add(rollout.Problem{Code: rollout.ProblemStampUnreadable, Key: Applied})
	case s.Store != r.Store:
		add(rollout.Problem{Code: rollout.ProblemStampOtherStore, Rollout: s.Rollout, Value: s.Store, Key: Applied})
	case !sameService(s, r):
		add(rollout.Problem{Code: rollout.ProblemStampOtherService, Rollout: s.Rollout, Key: Applied})
	}
	if o.GetAnnotations()[Rollback] == RollbackNow {
		add(rollout.Problem{Code: rollout.ProblemRollbackAsked, Key: Rollback, Value: RollbackNow})
	}
	return problems
}

// Ours returns the stamp that an earlier rollout of the service left on the object, or nil. Such a rollout has ended: a
// service has one live rollout, and the preflight runs while it has none.
func Ours(o meta.Object, r rollout.Rollout) *rollout.Stamp {
	if s := stamp(o.GetAnnotations()); s != nil && s.Store == r.Store && sameService(s, r) {
		return s
	}
	return nil
}

// MaySweep reports whether the preflight of the rollout may delete leftovers: only once the rollout is committed. A dry
// run changes nothing, and may run while another rollout of the service is live.
func MaySweep(r rollout.Rollout) bool { return r.Revision > 0 }

func sameService(s *rollout.Stamp, r rollout.Rollout) bool {
	service, _, ok := s.Rollout.Split()
	return ok && service == r.Service
}

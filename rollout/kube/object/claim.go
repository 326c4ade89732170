package object

import (
	"fmt"
	"strings"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/rollout"
)

// Problems returns what in an object's metadata keeps the rollout from starting, one sentence each: the stamp of
// somebody else, a standing request to roll back, a tool that would undo our writes.
func Problems(o meta.Object, kind string, r rollout.Rollout) []string {
	var problems []string
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	what := fmt.Sprintf("%s %s/%s", kind, o.GetNamespace(), o.GetName())
	annotate := fmt.Sprintf("kubectl -n %s annotate %s/%s ", o.GetNamespace(), strings.ToLower(kind), o.GetName())
	switch s := stamp(o.GetAnnotations()); {
	case !Stamped(o):
	case s == nil:
		add("%s bears an annotation %s that cannot be read; when no rollout is under way there, remove it: %s%s-", what, Applied, annotate, Applied)
	case s.Store != r.Store:
		add("%s bears the stamp of rollout %s of another Canarybot, whose store is %s; when that one is gone for good, put the object right and remove the stamp: %s%s-",
			what, s.Rollout, s.Store, annotate, Applied)
	case !sameService(s, r):
		add("%s bears the stamp of rollout %s, of another service: wait for its end. Only if it has ended and left the stamp, remove it: %s%s-", what, s.Rollout, annotate, Applied)
	}
	if o.GetAnnotations()[Rollback] == RollbackNow {
		add("%s bears the annotation %s=%s, which rolls back every rollout; remove it: %s%s-", what, Rollback, RollbackNow, annotate, Rollback)
	}
	if tool, mark := GitOps(o); tool != "" && !r.Spec.GitOps {
		add("services.%s.gitops: %s owns %s (%s) and may undo what Canarybot writes. Let it ignore images, replicas and weights there, and set gitops: acknowledged.",
			r.Service, tool, what, mark)
	}
	return problems
}

// Ours returns the stamp that an earlier rollout of the service left on the object; nil when there is none. Such a
// rollout has ended: a service has one live rollout, and preflight is asked while it has none.
func Ours(o meta.Object, r rollout.Rollout) *rollout.Stamp {
	if s := stamp(o.GetAnnotations()); s != nil && s.Store == r.Store && sameService(s, r) {
		return s
	}
	return nil
}

// MaySweep reports whether the preflight of the rollout may delete leftovers: only of one that was committed. The one
// of a dry run changes nothing, and may be asked while another rollout of the service is alive.
func MaySweep(r rollout.Rollout) bool { return r.Revision > 0 }

func sameService(s *rollout.Stamp, r rollout.Rollout) bool {
	service, _, ok := s.Rollout.Split()
	return ok && service == r.Service
}

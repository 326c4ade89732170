package webhook

import "slices"

// The types of targets, as the configuration names them.
const (
	PlainType      = "webhook"
	CDEventsType   = "cdevents"
	GrafanaType    = "grafana"
	GitHubType     = "github"
	KubernetesType = "kubernetes"
)

// Types returns every type.
func Types() []string {
	return []string{PlainType, CDEventsType, GrafanaType, GitHubType, KubernetesType}
}

// KindsOf returns what a type of target can be told: what it has a form for.
func KindsOf(typ string) []Kind {
	not := map[string][]Kind{
		CDEventsType:   {Asked, Settled, Decided, Promoting, Committed, RollingBack, Stuck},
		GrafanaType:    {Requested, Passed, Asked, Settled, Decided, Committed},
		GitHubType:     {Requested, Passed, Settled, Decided, Committed, Promoted},
		KubernetesType: {Requested, Passed, Settled, Decided},
	}[typ]
	return slices.DeleteFunc(Kinds(), func(k Kind) bool { return slices.Contains(not, k) })
}

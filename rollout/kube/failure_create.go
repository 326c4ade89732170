package kube

import (
	"strings"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// creationFailure says what it means that a ReplicaSet could not make its pods, by the API server's words: there is no
// pod that could show it, and nothing but words tells a policy, which refuses the next try as well, from a webhook that
// is down.
func creationFailure(reason, words string) rollout.FailureKind {
	has := func(said ...string) bool {
		for _, s := range said {
			if strings.Contains(words, s) {
				return true
			}
		}
		return false
	}
	switch {
	case reason != "FailedCreate":
		return rollout.NotReady
	case has("denied the request", "denied request"): // by a webhook or an admission policy, whatever it says then
		return rollout.Refused
	case has("failed calling webhook"), object.Passing(words):
		return rollout.NotCreated
	case has("exceeded quota"):
		return rollout.OverQuota
	case has("error looking up service account") && !has("not found"):
		return rollout.NotCreated
	case has(" is forbidden: ", " is invalid: "):
		return rollout.Refused
	}
	return rollout.NotCreated // the API server or its store was in trouble
}

package gateway

import (
	"encoding/json"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// status is what the controllers of the route's Gateways report about it.
type status struct {
	Parents []parent `json:"parents"`
}

type parent struct {
	Ref struct {
		Name string `json:"name"`
	} `json:"parentRef"`
	Conditions []condition `json:"conditions"`
}

type condition struct {
	Type               string `json:"type"`
	Status             string `json:"status"`
	Reason             string `json:"reason"`
	Message            string `json:"message"`
	ObservedGeneration int64  `json:"observedGeneration"`
}

// acknowledged reports whether every parent accepted the route as it is now, and else why not. References need to
// resolve only while the canary has a weight: at 0 its Service may not exist. A route without a Gateway sends no
// traffic at all: that is as good as weight 0, and an end must not wait for a Gateway that was deleted.
func acknowledged(route *unstructured.Unstructured, weight rollout.Weight) (bool, rollout.Problem) {
	conditions := []string{"Accepted"}
	if weight > 0 {
		conditions = append(conditions, "ResolvedRefs")
	}
	why := refused(route, route.GetGeneration(), conditions...)
	return why.IsZero() || weight == 0 && why.Code == rollout.ProblemNoGateway, why
}

// refused returns why the conditions of a parent do not hold for this generation of the route, or a newer one.
func refused(route *unstructured.Unstructured, generation int64, conditions ...string) rollout.Problem {
	about := object.Ref(Kind, route.GetNamespace(), route.GetName())
	var s status
	raw, err := json.Marshal(route.Object["status"])
	if err == nil {
		err = json.Unmarshal(raw, &s)
	}
	switch {
	case err != nil:
		return rollout.Problem{Code: rollout.ProblemRouteStatusMalformed, Object: about}
	case len(s.Parents) == 0:
		return rollout.Problem{Code: rollout.ProblemNoGateway, Object: about}
	}
	for _, p := range s.Parents {
		for _, kind := range conditions {
			if why := p.lacks(kind, generation); !why.IsZero() {
				why.Object, why.Other = about, rollout.ObjectRef{Kind: "Gateway", Name: p.Ref.Name}
				return why
			}
		}
	}
	return rollout.Problem{}
}

// lacks returns why the parent's condition does not hold for this generation of the route, if it does not.
func (p parent) lacks(kind string, generation int64) rollout.Problem {
	for _, c := range p.Conditions {
		switch {
		case c.Type != kind:
		case c.ObservedGeneration < generation:
			return rollout.Problem{Code: rollout.ProblemGatewayBehind, Key: kind}
		case c.Status != "True":
			return rollout.Problem{Code: rollout.ProblemGatewayRefuses, Key: kind, Value: c.Status, Want: c.Reason, Words: c.Message}
		default:
			return rollout.Problem{}
		}
	}
	return rollout.Problem{Code: rollout.ProblemGatewaySilent, Key: kind}
}

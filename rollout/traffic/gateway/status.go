package gateway

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"canarybot.io/rollout"
)

// status is what the controllers of the route's Gateways say about it.
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

// acknowledged reports whether every parent took the route as it is now, and else why not. References need to resolve
// only while the canary has a weight: at 0 its Service may not exist yet, or no more. A route that no Gateway serves
// sends nobody anywhere: that is as good as weight 0, and an end must not wait for a Gateway that was taken away.
func acknowledged(route *unstructured.Unstructured, weight rollout.Weight) (bool, string) {
	wanted := []string{"Accepted"}
	if weight > 0 {
		wanted = append(wanted, "ResolvedRefs")
	}
	ok, why := taken(route, route.GetGeneration(), wanted...)
	return ok || weight == 0 && why == unserved, why
}

// unserved is what is said of a route that no Gateway has looked at.
const unserved = "no Gateway has taken the route yet"

// taken reports whether every parent says so of a generation of the route that is no older.
func taken(route *unstructured.Unstructured, generation int64, wanted ...string) (bool, string) {
	var s status
	raw, err := json.Marshal(route.Object["status"])
	if err == nil {
		err = json.Unmarshal(raw, &s)
	}
	switch {
	case err != nil:
		return false, "the route's status is not what the Gateway API describes"
	case len(s.Parents) == 0:
		return false, unserved
	}
	for _, p := range s.Parents {
		for _, kind := range wanted {
			if why := p.lacks(kind, generation); why != "" {
				return false, fmt.Sprintf("Gateway %s: %s", p.Ref.Name, why)
			}
		}
	}
	return true, ""
}

// lacks returns why the parent's condition does not hold for this generation of the route; empty: it holds.
func (p parent) lacks(kind string, generation int64) string {
	for _, c := range p.Conditions {
		switch {
		case c.Type != kind:
		case c.ObservedGeneration < generation:
			return "has not seen the newest weights yet"
		case c.Status != "True":
			return fmt.Sprintf("%s is %s, %s: %s", kind, c.Status, c.Reason, c.Message)
		default:
			return ""
		}
	}
	return "has not said whether it took the route (" + kind + ")"
}

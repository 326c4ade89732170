package config

import (
	"fmt"

	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
)

// entry is one service as it was read, and where.
type entry struct {
	at      written
	name    string // as it is written; at.name may stand in for it
	service rollout.Service
}

// readSelect reads the template that selects one arm's series, and checks that it differs between the arms.
func readSelect(w written, o rollout.Objects) string {
	n := w.at("select")
	if !n.there() {
		if rollout.IsDNSLabel(o.Stable) && rollout.IsDNSLabel(o.Canary) && o.Stable != o.Canary && prom.PodsAlike(o.Stable, o.Canary) {
			w.at("canary").bad("the pods of %s and %s cannot be told apart by their names, which Kubernetes cuts; write select", o.Stable, o.Canary)
		}
		return ""
	}
	text, ok := n.text()
	if !ok {
		return ""
	}
	switch t, err := prom.ParseSelect(text); {
	case err != nil:
		n.bad("%s", err)
	case !t.Twin():
		n.bad(`it selects the same series for canary and stable; use {{.Arm}}, for example version="{{.Arm}}"`)
	}
	return text
}

// selectors returns what selects each arm's series; empty when a name is wrong.
func selectors(s rollout.Service) (canary, stable string) {
	o := s.Spec.Objects
	names := prom.Names{Namespace: o.Namespace, Service: s.Name, Stable: o.Stable, Canary: o.Canary}
	canary, err := prom.Selector(s.Spec.Select, names, prom.CanaryArm)
	if err != nil {
		return "", ""
	}
	stable, err = prom.Selector(s.Spec.Select, names, prom.StableArm)
	if err != nil {
		return "", ""
	}
	return canary, stable
}

// apart adds a problem where two services steer the same object or are judged by the same series. Each thing that only
// one service may have is a claim; the second claim to the same thing is the problem.
func apart(all []entry) {
	claims := map[string]string{}
	for _, e := range all {
		for _, c := range e.claims() {
			holder, taken := claims[c.what]
			switch {
			case !taken:
				claims[c.what] = e.name
			case holder != e.name:
				c.at.bad(c.problem, holder)
			}
		}
	}
}

// claim is a thing that only one service may have.
type claim struct {
	what    string
	at      node
	problem string // with %s for the other service
}

func (e entry) claims() []claim {
	o := e.service.Spec.Objects
	if o.Namespace == "" {
		return nil // already a problem; everything would seem to be in the same place
	}
	deployment := func(name, key string) claim {
		return claim{
			what:    fmt.Sprintf("deployment %s/%s", o.Namespace, name),
			at:      e.at.own.at(key),
			problem: "the Deployment " + name + " already belongs to %s",
		}
	}
	claims := []claim{deployment(o.Stable, "stable"), deployment(o.Canary, "canary")}
	if o.Route.Name != "" && o.Route.Kind != "" {
		claims = append(claims, claim{
			what:    fmt.Sprintf("route %s/%s/%s %s %s", o.Namespace, o.Route.Kind, o.Route.Name, o.StableService, o.CanaryService),
			at:      e.at.own.at("route"),
			problem: "it splits the traffic between the same two Services as %s does",
		})
	}
	if p := place(e.service.Spec); p != "" {
		claims = append(claims, claim{
			what: "value " + p, at: e.at.own.at("promote"),
			problem: "it writes the same value of the same file as %s does, so that one promotion would change both; give each a value of its own",
		})
	}
	canary, stable := selectors(e.service)
	for _, s := range []string{canary, stable} {
		if s != "" && e.service.Spec.Select != "" {
			claims = append(claims, claim{
				what: "series " + s, at: e.at.own.at("select"),
				problem: "it selects the same series as %s does; use {{.Service}} or another label that differs between the services",
			})
		}
	}
	return claims
}

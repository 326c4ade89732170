package config

import (
	"go.yaml.in/yaml/v3"

	"canarybot.io/rollout"
)

// readReport reads what the report compares with.
func readReport(n node) rollout.Baseline {
	f := n.fields("baseline")
	refuseBare(n, f)
	return readBaseline(f.at("baseline"))
}

// refuseBare refuses a mapping without keys.
func refuseBare(n node, f fields) {
	if n.there() && n.y.Kind == yaml.MappingNode && len(f.names) == 0 {
		n.bad("is empty; write a value, or remove the key")
	}
}

// readBaseline reads how it was before Canarybot, as far as the team knows.
func readBaseline(n node) rollout.Baseline {
	f := n.fields("rollback_rate", "detection", "incidents", "deploys")
	refuseBare(n, f)
	b := rollout.Baseline{
		RollbackRate: notNegative(f.at("rollback_rate")), Incidents: notNegative(f.at("incidents")), Deploys: notNegative(f.at("deploys")),
	}
	if b.RollbackRate != nil && *b.RollbackRate > 1 {
		f.at("rollback_rate").bad("%g is not a share of all deploys; write for example 0.15 for 15 %%", *b.RollbackRate)
	}
	if at := f.at("detection"); at.there() {
		d := at.duration(0)
		b.Detection = &d
	}
	return b
}

// notNegative reads a number that is not below 0; nil where there is none.
func notNegative(n node) *float64 {
	if !n.there() {
		return nil
	}
	v := n.number(0)
	if v < 0 {
		n.bad("%g is negative", v)
	}
	return &v
}

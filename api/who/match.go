package who

import (
	"slices"
	"strings"

	"canarybot.io/rollout"
)

// differs returns the first claim, by name, in which the token is not what the pipeline asks for; empty: it is the
// pipeline's. A claim has to be one of the values whole; of a claim that is a list one element has to be.
func (p Pipeline) differs(c claims) string {
	for _, name := range sorted(p.Claims) {
		has := c.values(name)
		if !slices.ContainsFunc(p.Claims[name], func(value string) bool { return value != "" && slices.Contains(has, value) }) {
			return name
		}
	}
	return ""
}

// match returns those of the pipelines that the claims prove, or why they prove none: by the pipeline that comes nearest.
func match(all []Pipeline, c claims) ([]Pipeline, error) {
	var found []Pipeline
	var audience, differing error
	for _, p := range all {
		if aud := c.values("aud"); p.Audience == "" || !slices.Contains(aud, p.Audience) {
			audience = rollout.Refuse(rollout.Forbidden, rollout.Problem{Code: ProblemAudience, Value: strings.Join(aud, ", "), Want: p.Audience})
			continue
		}
		name := p.differs(c)
		if name == "" {
			found = append(found, p)
			continue
		}
		value := strings.Join(c.values(name), ", ")
		differing = rollout.Refuse(rollout.Forbidden, rollout.Problem{Code: ProblemClaims, Key: name, Value: value})
	}
	switch {
	case len(found) > 0:
		return found, nil
	case differing != nil:
		return nil, differing
	}
	return nil, audience
}

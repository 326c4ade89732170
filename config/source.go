package config

import (
	"regexp"

	"canarybot.io/rollout"
	"canarybot.io/rollout/git"
)

// tagTemplate is how versions are tagged: what a tag of Git may have, and once the version.
var tagTemplate = regexp.MustCompile(`^([A-Za-z0-9_][A-Za-z0-9_./+@-]{0,99})?\{version\}[A-Za-z0-9_./+@-]{0,100}$`)

// readSource reads where a service's code is, and how its versions are tagged there.
func readSource(repository, tag node, o git.Options) rollout.Source {
	s := rollout.Source{Repository: repository.textOr(""), Tag: tag.textOr("")}
	if repository.there() && !repository.wrong() {
		if err := o.CanCompare(s); err != nil {
			repository.bad("%s", err)
		}
	}
	if tag.there() && !tag.wrong() && (!tagTemplate.MatchString(s.Tag) || git.CheckBranch(example(s.Tag)) != nil) {
		tag.bad(`%q does not say how versions are tagged; write for example "v{version}" or "checkout/v{version}"`, short(s.Tag))
	}
	return s
}

// example is what a template makes of a version.
func example(tag string) string { return rollout.Source{Tag: tag}.Ref("app:1.2.4") }

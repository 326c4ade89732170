package command

import (
	"slices"
	"strings"
)

// deploy reads SERVICE VERSION, options before, between and after them, and the reason.
func (p *parser) deploy() *Error {
	positional := []func() *Error{p.deployService, p.version}
	for {
		word := p.peek()
		switch {
		case strings.HasPrefix(word, "--") && word != "--":
			p.next()
			if err := p.option(word); err != nil {
				return err
			}
			continue
		case len(positional) > 0:
			if err := positional[0](); err != nil {
				return err
			}
			positional = positional[1:]
			continue
		}
		return p.deployReason()
	}
}

// deployService is service, but in a thread it may be left out only when what stands there is no misspelt service:
// a version is no reason, and a wrong one is a wrong rollout.
func (p *parser) deployService() *Error {
	word := p.peek()
	if _, _, ok := p.target(word); !ok && word != "" {
		if near := p.nearestService(word); near != "" {
			return p.wrong(UnknownService, word, near)
		}
	}
	if err := p.service(); err != nil {
		return err
	}
	p.cmd.Rollout = "" // a deploy is about a service; a rollout is what it makes
	return nil
}

func (p *parser) version() *Error {
	p.cmd.Version = p.next()
	if p.cmd.Version == "" || p.cmd.Version == "--" {
		return p.wrong(MissingVersion, "", "")
	}
	return nil
}

// option reads one option, and its value where it has one: --plan NAME or --plan=NAME.
func (p *parser) option(word string) *Error {
	name, value, valued := strings.Cut(word, "=")
	name = strings.ToLower(name)
	flag := map[string]*bool{optAuto: &p.cmd.Auto, optReplace: &p.cmd.Replace, optDryRun: &p.cmd.DryRun}[name]
	switch {
	case flag != nil && valued:
		return p.wrong(UnwantedValue, name, "")
	case flag != nil:
		*flag = true // said twice is said once
		return nil
	case name != optPlan:
		return p.wrong(UnknownOption, word, nearest(name, options))
	case p.cmd.Plan != "":
		return p.wrong(RepeatedOption, optPlan, "")
	case !valued:
		value = p.peek()
		if !strings.HasPrefix(value, "-") {
			p.next()
		}
	}
	value = clean(value)
	if value == "" || strings.HasPrefix(value, "-") {
		return p.wrong(MissingValue, optPlan, "")
	}
	p.cmd.Plan = value
	return nil
}

// deployReason reads the rest of the line. An option in it was hardly meant as a word: --dry-run that is overlooked
// would be a rollout that nobody wanted. After a dash everything is words.
func (p *parser) deployReason() *Error {
	dashed := p.peek() == "--"
	p.cmd.Reason = p.reason()
	if word := lateOption(p.cmd.Reason); word != "" && !dashed {
		return p.wrong(LateOption, word, "")
	}
	return nil
}

// lateOption returns the first word of a reason that is an option.
func lateOption(reason string) string {
	for _, w := range strings.FieldsFunc(reason, space) {
		name, _, _ := strings.Cut(strings.ToLower(clean(w)), "=")
		if slices.Contains(options, name) {
			return name
		}
	}
	return ""
}

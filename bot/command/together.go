package command

import (
	"strings"

	"canarybot.io/rollout"
)

// several returns how to read a deploy of several services, each written SERVICE=VERSION; ok is false where it is one of one.
func (p *parser) several() (read func() *Error, ok bool) {
	rest, pairs, together := p.line, 0, false
	for word := rest.next(); word != ""; word = rest.next() {
		name, _, _ := strings.Cut(strings.ToLower(word), "=")
		switch _, _, isPair := p.pair(word); {
		case isPair:
			pairs++
		case name == optTogether:
			together = true
		case name == optPlan && !strings.Contains(word, "="):
			rest.next()
		case !strings.HasPrefix(word, "--") || word == "--":
			rest = line{} // the reason begins
		}
	}
	switch {
	case pairs > 0 && together:
		return p.together, true
	case pairs > 1:
		return p.notTogether, true
	}
	return nil, false
}

// pair splits SERVICE=VERSION; ok is false where no known service stands before the sign.
func (p *parser) pair(word string) (service rollout.ServiceName, version string, ok bool) {
	name, version, found := strings.Cut(word, "=")
	service, id, known := p.target(name)
	return service, version, found && known && id == ""
}

// notTogether refuses several services without the option that says what is meant.
func (p *parser) notTogether() *Error {
	err := p.wrong(NotTogether, p.peek(), "")
	if p.together() == nil {
		err.Meant = Command{Verb: Deploy, Together: p.cmd.Together}.String()
	}
	return err
}

// together reads SERVICE=VERSION several times, options among them, and the reason.
func (p *parser) together() *Error {
	for {
		word := p.peek()
		service, version, isPair := p.pair(word)
		switch {
		case strings.ToLower(word) == optTogether:
			p.next()
		case strings.HasPrefix(word, "--") && word != "--":
			p.next()
			if err := p.option(word); err != nil {
				return err
			}
		case isPair:
			p.next()
			if err := p.add(service, version); err != nil {
				return err
			}
		case strings.Contains(word, "="):
			name, _, _ := strings.Cut(word, "=")
			return p.wrong(UnknownService, name, p.nearestService(name))
		default:
			return p.endTogether()
		}
	}
}

// add takes one more service.
func (p *parser) add(service rollout.ServiceName, version string) *Error {
	p.cmd.Service = service // for whoever says what is wrong
	switch {
	case version == "":
		return p.wrong(MissingVersion, "", "")
	case !isVersion(version):
		return p.wrong(NoVersion, version, "")
	}
	for _, d := range p.cmd.Together {
		if d.Service == service {
			return p.wrong(Twice, string(service), "")
		}
	}
	p.cmd.Together = append(p.cmd.Together, Deployment{Service: service, Version: version})
	p.cmd.Service = ""
	return nil
}

func (p *parser) endTogether() *Error {
	switch n := len(p.cmd.Together); {
	case n < 2:
		return p.wrong(Alone, "", "")
	case n > rollout.MostTogether:
		return p.wrong(TooMany, "", "")
	}
	return p.deployReason()
}

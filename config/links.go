package config

import (
	"regexp"
	"strings"

	"canarybot.io/rollout"
)

// linksMost is how many links a service may have: they stand in one line below its card.
const linksMost = 8

var (
	linkName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 _-]{0,29}$`)
	// linkTemplate is an address whose host is written out: what changes comes after it, and is one of these.
	linkTemplate = regexp.MustCompile("^https?://[A-Za-z0-9._:-]+([/?#]([^{}<>|\"`\\s]|\\{(" + strings.Join(rollout.LinkWords(), "|") + ")\\})*)?$")
)

// readServiceLinks reads a service's links, in the order in which they are written.
func readServiceLinks(n node) []rollout.Link {
	f := n.fields()
	if len(f.names) > linksMost {
		n.bad("these are more than %d links; keep those that people need when a canary fails", linksMost)
	}
	var links []rollout.Link
	for _, name := range f.names {
		at := f.at(name)
		template, ok := at.text()
		if !linkName.MatchString(name) {
			at.bad("%q cannot be read as a link's name: use at most 30 letters, digits, spaces, dashes and underscores", short(name))
		}
		switch {
		case !ok && !at.there():
			at.bad("this link needs an address, for example https://grafana.example.com/d/canary?var-service={service}")
		case ok && (len(template) > rollout.MaxLink || !linkTemplate.MatchString(template)):
			at.bad("%q is no address that a link can be made of: begin with https:// and a host, and write what changes as one of {%s}",
				short(template), strings.Join(rollout.LinkWords(), "}, {"))
		case ok:
			links = append(links, rollout.Link{Name: name, Template: template})
		}
	}
	return links
}

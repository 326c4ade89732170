package view

import "canarybot.io/rollout"

// links returns the service's links for the rollout, side by side; empty: there are none that lead anywhere.
func links(r rollout.Rollout, of []rollout.Link) string {
	var all []string
	for _, l := range of {
		if address, ok := l.Address(r); ok {
			all = append(all, anchor(address, word(l.Name)))
		}
	}
	return dotted(all...)
}

// withLinks appends the service's links.
func (m Message) withLinks(r rollout.Rollout, of []rollout.Link) Message {
	if line := links(r, of); line != "" {
		return m.withBlocks(context(line))
	}
	return m
}

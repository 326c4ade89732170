package view

import "canarybot.io/rollout"

// Reply returns the thread reply that tells a timeline entry; ok is false for an entry that the thread does not tell.
// Approvers are mentioned where a person is asked. Link leads to the card; empty: none is known.
func Reply(r rollout.Rollout, e rollout.Entry, approvers []string, link string) (m Message, ok bool) {
	return simple(string(e.Kind)), true
}

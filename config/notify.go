package config

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"canarybot.io/rollout"
)

// readNotify reads who is called when, from the first of the layers that says so: a list is called each time. A mention
// allows nothing.
func readNotify(layers ...node) rollout.Notify {
	for _, n := range layers {
		switch {
		case !n.there():
		case n.y.Kind == yaml.MappingNode:
			if len(n.y.Content) == 0 {
				n.bad("is empty; list whom to call, write [] for nobody, or remove the key")
			}
			f := n.fields("rolled_back", "stuck", "waits")
			return rollout.Notify{RolledBack: readCalled(f.at("rolled_back")), Stuck: readCalled(f.at("stuck")), Waits: readCalled(f.at("waits"))}
		default:
			all := readCalled(n)
			return rollout.Notify{RolledBack: all, Stuck: all, Waits: all}
		}
	}
	return rollout.Notify{}
}

// readCalled reads people and user groups.
func readCalled(n node) []string {
	var ids []string
	for _, item := range n.items("[S0614TZR7]") {
		id, ok := item.text()
		switch {
		case ok && !groupID.MatchString(id) && !userID.MatchString(id):
			item.bad("%q is not the id of a Slack user group (S…) or user (U… or W…)", short(id))
		case ok && !slices.Contains(ids, id):
			ids = append(ids, id)
		}
	}
	return ids
}

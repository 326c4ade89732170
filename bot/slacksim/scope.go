package slacksim

import (
	"maps"
	"slices"
)

// AllScopes returns every scope that a bot token needs for something here, sorted.
func AllScopes() []string {
	all := map[string]bool{}
	for _, scope := range []string{"app_mentions:read", "chat:write.customize", "chat:write.public", "commands", "reactions:read"} {
		all[scope] = true
	}
	for _, m := range methods() {
		for _, scope := range m.scopes {
			all[scope] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// AllEvents returns every type of event that is simulated, as a manifest names them, sorted.
func AllEvents() []string {
	return []string{
		"app_home_opened", "app_mention", "channel_archive", "channel_left", "channel_rename", "channel_unarchive",
		"group_archive", "group_left", "group_rename", "group_unarchive", "member_joined_channel",
		"message.channels", "message.groups", "message.im", "reaction_added", "reaction_removed",
		"subteam_created", "subteam_members_changed", "subteam_updated",
	}
}

package slacksim

// tellChannel delivers the events about what changed in a channel. The caller holds the lock.
func (s *Sim) tellChannel(before, now Channel) {
	if before.BotAbsent && now.BotAbsent {
		return // what happens there is no business of the bot's
	}
	kind, scope, letter := "channel", "channels:read", "C"
	if now.Private {
		kind, scope, letter = "group", "groups:read", "G"
	}
	admin := s.opts.Users[0].ID
	if now.BotAbsent {
		s.tell(scope, map[string]any{"type": kind + "_left", "channel": now.ID, "actor_id": admin})
		return
	}
	if before.BotAbsent {
		s.tell(scope, map[string]any{
			"type": "member_joined_channel", "user": s.opts.Bot.UserID, "channel": now.ID, "channel_type": letter,
			"team": s.opts.Workspace.ID, "inviter": admin,
		})
	}
	if before.Name != now.Name {
		s.tell(scope, map[string]any{"type": kind + "_rename", "channel": map[string]any{"id": now.ID, "name": now.Name, "created": 0}})
	}
	switch {
	case now.Archived && !before.Archived:
		s.tell(scope, map[string]any{"type": kind + "_archive", "channel": now.ID, "user": admin})
	case before.Archived && !now.Archived:
		s.tell(scope, map[string]any{"type": kind + "_unarchive", "channel": now.ID, "user": admin})
	}
}

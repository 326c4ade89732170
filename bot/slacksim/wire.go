package slacksim

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"
)

// wireMessage is a message as the Web API and payloads carry it.
type wireMessage struct {
	Type            string           `json:"type"`
	Subtype         string           `json:"subtype,omitempty"`
	User            string           `json:"user,omitempty"`
	BotID           string           `json:"bot_id,omitempty"`
	AppID           string           `json:"app_id,omitempty"`
	Team            string           `json:"team,omitempty"`
	Text            string           `json:"text"`
	TS              string           `json:"ts"`
	ThreadTS        string           `json:"thread_ts,omitempty"`
	ParentUserID    string           `json:"parent_user_id,omitempty"`
	Blocks          json.RawMessage  `json:"blocks,omitempty"`
	Metadata        *Metadata        `json:"metadata,omitempty"`
	Files           []any            `json:"files,omitempty"`
	Reactions       []map[string]any `json:"reactions,omitempty"`
	Edited          *wireEdit        `json:"edited,omitempty"`
	BotProfile      *wireBotProfile  `json:"bot_profile,omitempty"`
	ReplyCount      int              `json:"reply_count,omitempty"`
	ReplyUsers      []string         `json:"reply_users,omitempty"`
	ReplyUsersCount int              `json:"reply_users_count,omitempty"`
	LatestReply     string           `json:"latest_reply,omitempty"`
}

type wireEdit struct {
	User string `json:"user"`
	TS   string `json:"ts"`
}

type wireBotProfile struct {
	ID      string            `json:"id"`
	Deleted bool              `json:"deleted"`
	Name    string            `json:"name"`
	Updated int64             `json:"updated"`
	AppID   string            `json:"app_id"`
	Icons   map[string]string `json:"icons"`
	TeamID  string            `json:"team_id"`
}

// wire renders a message for the bot; the caller holds the lock.
func (s *Sim) wire(r *room, m *Message, metadata bool) wireMessage {
	w := wireMessage{
		Type: "message", User: m.User, Team: s.opts.Workspace.ID, Text: m.Text, TS: m.TS,
		ThreadTS: m.ThreadTS, Blocks: m.Blocks, Reactions: wireReactions(m),
	}
	if m.FromBot {
		b := s.opts.Bot
		w.BotID, w.AppID = b.BotID, b.AppID
		w.BotProfile = &wireBotProfile{
			ID: b.BotID, Name: b.Name, AppID: b.AppID, Icons: map[string]string{}, TeamID: s.opts.Workspace.ID,
		}
	}
	if m.App != "" {
		w.BotID = m.App
	}
	if w.Blocks == nil && w.BotID == "" && m.Text != "" {
		w.Blocks = richText(m)
	}
	for _, id := range m.Files {
		if f := s.file(id); f != nil {
			w.Files = append(w.Files, s.wireFile(f, s.base, time.Now()))
		} else {
			w.Files = append(w.Files, map[string]any{"id": id, "mode": "tombstone"})
		}
	}
	if metadata {
		w.Metadata = m.Metadata
	}
	if n := len(m.History); n > 0 {
		w.Edited = &wireEdit{User: m.User, TS: eventTS(m.History[n-1].At)}
	}
	if m.Broadcast {
		w.Subtype = "thread_broadcast"
	}
	if root := r.message(m.ThreadTS); root != nil {
		w.ParentUserID = root.User
	}
	replies := r.replies(m.TS)
	if len(replies) == 0 {
		return w
	}
	w.ThreadTS = m.TS
	w.ReplyCount = len(replies)
	w.LatestReply = replies[len(replies)-1].TS
	for _, reply := range replies {
		if !slices.Contains(w.ReplyUsers, reply.User) {
			w.ReplyUsers = append(w.ReplyUsers, reply.User)
		}
	}
	w.ReplyUsersCount = len(w.ReplyUsers)
	return w
}

// wireUser is a person as users.info shows them.
type wireUser struct {
	ID                string         `json:"id"`
	TeamID            string         `json:"team_id"`
	Name              string         `json:"name"`
	Deleted           bool           `json:"deleted"`
	RealName          string         `json:"real_name"`
	TZ                string         `json:"tz"`
	TZLabel           string         `json:"tz_label"`
	TZOffset          int            `json:"tz_offset"`
	Profile           map[string]any `json:"profile"`
	IsAdmin           bool           `json:"is_admin"`
	IsOwner           bool           `json:"is_owner"`
	IsBot             bool           `json:"is_bot"`
	IsAppUser         bool           `json:"is_app_user"`
	IsRestricted      bool           `json:"is_restricted"`
	IsUltraRestricted bool           `json:"is_ultra_restricted"`
	IsStranger        bool           `json:"is_stranger,omitempty"`
	Enterprise        map[string]any `json:"enterprise_user,omitempty"`
	Updated           int64          `json:"updated"`
}

func (s *Sim) wireUser(u User) wireUser {
	w := wireUser{
		ID: u.ID, TeamID: u.TeamID, Name: u.Name, Deleted: u.Deactivated, RealName: u.RealName,
		TZ: cmp.Or(u.TZ, "Etc/UTC"), TZLabel: "Coordinated Universal Time",
		Profile:      map[string]any{"real_name": u.RealName, "display_name": u.Name, "title": u.Title},
		IsRestricted: u.Restricted, IsUltraRestricted: u.UltraRestricted,
		IsStranger: u.TeamID != s.opts.Workspace.ID && u.EnterpriseID == "",
	}
	if s.granted("users:read.email") {
		w.Profile["email"] = u.Name + "@" + s.opts.Workspace.Domain + ".example"
	}
	if u.EnterpriseID != "" {
		w.Enterprise = map[string]any{
			"id": u.EnterpriseID, "enterprise_id": s.opts.Workspace.Enterprise, "enterprise_name": s.opts.Workspace.EnterpriseName,
			"is_admin": false, "is_owner": false, "teams": u.Teams,
		}
	}
	return w
}

// wireBot is the bot as a user.
func (s *Sim) wireBot() wireUser {
	b := s.opts.Bot
	w := s.wireUser(User{ID: b.UserID, Name: b.Name, RealName: b.Name, TeamID: s.opts.Workspace.ID})
	w.IsBot = true
	return w
}

// wireChannel is a channel as conversations.info shows it.
type wireChannel struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	IsChannel   bool           `json:"is_channel"`
	IsGroup     bool           `json:"is_group"`
	IsIM        bool           `json:"is_im"`
	IsMPIM      bool           `json:"is_mpim"`
	IsPrivate   bool           `json:"is_private"`
	IsArchived  bool           `json:"is_archived"`
	IsGeneral   bool           `json:"is_general"`
	IsMember    bool           `json:"is_member"`
	IsShared    bool           `json:"is_shared"`
	IsOpen      bool           `json:"is_open,omitempty"`
	User        string         `json:"user,omitempty"` // the other side of a direct message
	IsExtShared bool           `json:"is_ext_shared"`
	IsPending   bool           `json:"is_pending_ext_shared"`
	IsOrgShared bool           `json:"is_org_shared"`
	Created     int64          `json:"created"`
	Creator     string         `json:"creator"`
	ContextTeam string         `json:"context_team_id"`
	Topic       map[string]any `json:"topic"`
	Purpose     map[string]any `json:"purpose"`
}

func (s *Sim) wireChannel(r *room) wireChannel {
	if r.direct {
		return wireChannel{ID: r.ID, IsIM: true, IsOpen: true, IsPrivate: true, User: r.Members[0], ContextTeam: s.opts.Workspace.ID}
	}
	return wireChannel{
		ID: r.ID, Name: r.Name, IsChannel: !r.Private, IsGroup: r.Private, IsPrivate: r.Private,
		IsArchived: r.Archived, IsMember: !r.BotAbsent, ContextTeam: s.opts.Workspace.ID,
		IsShared: r.ExtShared || r.OrgShared, IsExtShared: r.ExtShared, IsPending: r.PendingExtShared, IsOrgShared: r.OrgShared,
		Topic:   map[string]any{"value": r.Topic, "creator": "", "last_set": 0},
		Purpose: map[string]any{"value": "", "creator": "", "last_set": 0},
	}
}

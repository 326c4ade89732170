package slacksim

import (
	"cmp"
	"encoding/json"
	"slices"
)

// shownMessages bounds how much of a channel the page gets.
const shownMessages = 500

// snapshot is everything one visitor sees, and all that the page renders.
type snapshot struct {
	Version     uint64            `json:"version"`
	Workspace   string            `json:"workspace"`
	Domain      string            `json:"domain"`
	Bot         snapshotBot       `json:"bot"`
	Me          string            `json:"me"`
	Users       []snapshotUser    `json:"users"`
	Channels    []snapshotChannel `json:"channels"`
	Groups      []snapshotGroup   `json:"groups"`
	Down        bool              `json:"down"`
	Completions []Completion      `json:"completions"`
	Prefill     string            `json:"prefill"`
	Channel     string            `json:"channel"`
	Panel       string            `json:"panel"`
	PanelTitle  string            `json:"panelTitle"`
	Storybook   bool              `json:"storybook"`
	snapshotViews
}

type snapshotBot struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Emoji  string `json:"emoji"`
	Online bool   `json:"online"`
}

type snapshotUser struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Real  string `json:"real"`
	Title string `json:"title"`
	Guest bool   `json:"guest"`
}

type snapshotGroup struct {
	ID     string `json:"id"`
	Handle string `json:"handle"`
	Mine   bool   `json:"mine"` // the visitor is in it
}

type snapshotChannel struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Topic    string            `json:"topic"`
	Private  bool              `json:"private"`
	Archived bool              `json:"archived"`
	Messages []snapshotMessage `json:"messages"`
}

type snapshotMessage struct {
	TS        string           `json:"ts"`
	Thread    string           `json:"thread,omitempty"`
	User      string           `json:"user"` // empty: Slack itself
	Bot       bool             `json:"bot,omitempty"`
	Text      string           `json:"text"`
	Blocks    json.RawMessage  `json:"blocks,omitempty"`
	Files     []snapshotFile   `json:"files,omitempty"`
	Reactions []map[string]any `json:"reactions,omitempty"`
	At        int64            `json:"at"` // milliseconds since 1970
	Broadcast bool             `json:"broadcast,omitempty"`
	Private   bool             `json:"private,omitempty"` // only this visitor sees it
	Edits     int              `json:"edits,omitempty"`
	Warned    bool             `json:"warned,omitempty"`
}

type snapshotFile struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Alt     string `json:"alt"`
	Picture bool   `json:"picture"`
}

// snapshot collects what the visitor sees; an unknown visitor is the default one.
func (s *Sim) snapshot(as string) snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	me, found := s.user(as)
	if !found || me.Deactivated {
		me, _ = s.user(s.opts.Page.User)
	}
	p, b := s.opts.Page, s.opts.Bot
	snap := snapshot{
		Version: s.version, Workspace: s.opts.Workspace.Name, Domain: s.opts.Workspace.Domain,
		Bot: snapshotBot{ID: b.UserID, Name: b.Name, Emoji: b.Emoji, Online: len(s.liveSockets()) > 0},
		Me:  me.ID, Down: s.outage, snapshotViews: s.snapshotViews(me.ID),
		Completions: p.Completions, Prefill: p.Prefill, Channel: p.Channel,
		Panel: p.Panel, PanelTitle: cmp.Or(p.PanelTitle, "Panel"), Storybook: p.Stories != nil,
	}
	if s.acted {
		snap.Prefill = ""
	}
	for _, u := range s.users {
		if !u.Deactivated {
			snap.Users = append(snap.Users, snapshotUser{
				ID: u.ID, Name: u.Name, Real: u.RealName, Title: u.Title,
				Guest: u.Restricted || u.UltraRestricted || u.TeamID != s.opts.Workspace.ID,
			})
		}
	}
	for _, g := range s.groups {
		mine := !g.Disabled && slices.Contains(s.membersOf(g), me.ID)
		snap.Groups = append(snap.Groups, snapshotGroup{ID: g.ID, Handle: g.Handle, Mine: mine})
	}
	for _, r := range s.rooms {
		if r.hasMember(me.ID) {
			snap.Channels = append(snap.Channels, snapshotChannel{
				ID: r.ID, Name: r.Name, Topic: r.Topic, Private: r.Private, Archived: r.Archived,
				Messages: s.shown(r, me),
			})
		}
	}
	return snap
}

// shownFiles returns the files of a message, without those that were deleted.
func (s *Sim) shownFiles(m *Message) []snapshotFile {
	var out []snapshotFile
	for _, id := range m.Files {
		if f := s.file(id); f != nil {
			out = append(out, snapshotFile{ID: f.ID, Title: f.Title, Alt: f.Alt, Picture: f.picture()})
		}
	}
	return out
}

// shown returns a channel's messages as one visitor sees them, in order of time.
func (s *Sim) shown(r *room, me User) []snapshotMessage {
	out := []snapshotMessage{}
	for _, m := range r.messages[max(0, len(r.messages)-shownMessages):] {
		out = append(out, snapshotMessage{
			TS: m.TS, Thread: m.ThreadTS, User: m.User, Bot: m.FromBot, Text: m.Text, Blocks: m.Blocks,
			At: m.At.UnixMilli(), Broadcast: m.Broadcast, Edits: m.Edits(),
			Warned: slices.Contains(m.WarnedFor, me.ID), Files: s.shownFiles(m), Reactions: wireReactions(m),
		})
	}
	for _, e := range s.ephemerals {
		if e.Channel != r.ID || e.User != me.ID || e.Deleted {
			continue
		}
		m := snapshotMessage{
			TS: e.TS, Thread: e.ThreadTS, Bot: e.FromBot, Text: e.Text, Blocks: e.Blocks,
			At: e.At.UnixMilli(), Private: true, Edits: e.Edits,
		}
		if e.FromBot {
			m.User = s.opts.Bot.UserID
		}
		out = append(out, m)
	}
	slices.SortStableFunc(out, func(a, b snapshotMessage) int { return cmp.Compare(a.TS, b.TS) })
	return out
}

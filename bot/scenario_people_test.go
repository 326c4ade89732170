package bot_test

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"canarybot.io/bot/slacksim"
	"canarybot.io/bot/slacksim/blockkit"
	"canarybot.io/rollout"
)

// peopleCommands are what people do in Slack.
func peopleCommands() []command {
	return []command{
		{"slash", "USER LINE", "types a slash command in the channel", func(w *world, s words) string {
			user, line := s.cut()
			return w.seen(user, "", func() { w.slash(user, string(line)) })
		}},
		{"say", "USER LINE", "writes a message in the newest card's thread", func(w *world, s words) string {
			user, line := s.cut()
			return w.says(user, w.card().TS, string(line))
		}},
		{"post", "USER LINE", "writes a message in the channel", func(w *world, s words) string {
			user, line := s.cut()
			return w.says(user, "", string(line))
		}},
		{"press", "USER LABEL", "presses a button: of the newest card or reply that has it, else of what only they see", (*world).presses},
		{"press-old", "USER LABEL", "presses the newest card's button as an earlier edit of the card had it", (*world).pressesOld},
		{"twice", "COMMAND...", "has Slack deliver what the person does twice", func(w *world, s words) string {
			w.slack.DuplicateNext()
			return w.play(string(s))
		}},
		{"user", "NAME KIND", "makes somebody a member, a guest, a stranger or deactivated", quiet(func(w *world, s words) {
			name, kind := s.cut()
			w.putUser(name, string(kind))
		})},
		{"group", "NAMES", "puts these alone in the user group releasers: group oncall nia; or it is deleted, or the workspace has none (off)", quiet((*world).putGroup)},
		{"policy", "SETTINGS", "restarts the bot with this policy of checkout: approvals 2, group (releasers approve), groups (they deploy, too), or-oncall (who approves as well), called (they and oncall when it rolls back), second_person, self_promote, hurry (oncall promotes before bakes are over, dev deploys in an emergency), hold (on failure)", quiet((*world).putPolicy)},
		{"zone", "NAME ZONE", "puts somebody's clock into a time zone, for a member", quiet(func(w *world, s words) {
			name, zone := s.cut()
			w.zones[name] = string(zone)
			w.putUser(name, "member")
		})},
		{"channel", "STATE", "has the bot in it (invited), or not (removed), lets it post nothing (restricted), or is archived", quiet((*world).putChannel)},
	}
}

// says posts a message, into a thread or the channel.
func (w *world) says(user, thread, text string) string {
	return w.seen(user, thread, func() {
		out, err := w.slack.As(user).Say("#deploys", thread, text)
		if err != nil || out.Delivery == slacksim.TimedOut || out.Delivery == slacksim.Undelivered {
			w.t.Fatalf("%s: %v, %v", text, out.Delivery, err)
		}
	})
}

// presses finds the button and presses it.
func (w *world) presses(s words) string {
	user, label := s.cut()
	var on, only, thread string
	for _, card := range w.cards() {
		for _, m := range append(w.slack.Thread("#deploys", card.TS), card) {
			if m.FromBot && has(m.Buttons(), string(label)) {
				on, thread = m.TS, m.ThreadTS
			}
		}
	}
	for _, e := range w.slack.Ephemerals(user) {
		if has(e.Buttons(), string(label)) {
			only = e.TS
		}
	}
	on = cmp.Or(on, only)
	return w.pressed(user, thread, func() (slacksim.Outcome, error) {
		return w.slack.As(user).Press("#deploys", on, string(label))
	})
}

func has(all []blockkit.Button, label string) bool {
	return slices.ContainsFunc(all, func(b blockkit.Button) bool { return b.Label == label })
}

// pressesOld presses what the card asked before its last question.
func (w *world) pressesOld(s words) string {
	user, label := s.cut()
	card := w.card()
	value := func(all []blockkit.Button) (v string) {
		for _, b := range all {
			if b.Label == string(label) {
				v, _ = b.Raw["value"].(string)
			}
		}
		return v
	}
	now, old := value(card.Buttons()), ""
	for _, edit := range card.History {
		if v := value(blockkit.Buttons(edit.Blocks)); v != "" && v != now {
			old = v
		}
	}
	return w.pressed(user, "", func() (slacksim.Outcome, error) {
		return w.slack.As(user).PressShown("#deploys", card.TS, string(label), old)
	})
}

// pressed returns the dialog that came first, and what only the person saw afterwards.
func (w *world) pressed(user, thread string, press func() (slacksim.Outcome, error)) string {
	var dialog string
	answer := w.seen(user, thread, func() {
		out, err := press()
		if err != nil || out.Delivery != slacksim.Acked {
			w.t.Fatalf("press: %v, %v\n%s\n%s", out.Delivery, err, w.slack.Transcript("#deploys"), w.log)
		}
		if c := out.Confirm; c != nil {
			dialog = fmt.Sprintf("    (%s) %s (%s) (%s)\n", c.Title.Value, c.Text.Value, c.Confirm.Value, c.Deny.Value)
		}
	})
	return dialog + answer
}

// putUser makes somebody known to Slack, or changes who they are.
func (w *world) putUser(name, kind string) {
	u := slacksim.User{Name: name, TZ: w.zones[name], ID: w.idOf(name)}
	w.oneOf(kind, map[string]func(){
		"member":      func() {},
		"guest":       func() { u.Restricted = true },
		"stranger":    func() { u.TeamID = "T0OTHER001" },
		"deactivated": func() { u.Deactivated = true },
	})
	w.slack.PutUser(u)
}

// releasers is the id of a user group.
const releasers = "S0RELEASE1"

func (w *world) putGroup(s words) {
	g := slacksim.Group{ID: releasers, Handle: "releasers", Disabled: s == "deleted"}
	w.slack.SetUserGroups(s != "off")
	for _, name := range strings.Fields(string(s)) {
		if s == "off" || s == "deleted" {
			break
		}
		g.Members = append(g.Members, w.idOf(name))
	}
	w.slack.PutGroup(g)
}

func (w *world) idOf(name string) string {
	id, ok := map[string]string{"dev": dev, "oncall": oncall, "guest": guest, "nia": "U0000NIA01", "otto": "U0STRANGE1"}[name]
	if !ok {
		w.t.Fatalf("nobody is called %s", name)
	}
	return id
}

func (w *world) putPolicy(s words) {
	next := service()
	all := strings.Fields(string(s))
	for i := 0; i < len(all); i++ {
		w.oneOf(all[i], map[string]func(){
			"approvals": func() {
				i++
				n, err := strconv.Atoi(all[i])
				if err != nil {
					w.t.Fatal(err)
				}
				next.Spec.Plan = next.Spec.Plan.WithApprovals(n)
			},
			"groups": func() { next.Policy.Deployers, next.Policy.Approvers = []string{releasers}, []string{releasers} },
			"group":  func() { next.Policy.Approvers = []string{releasers} },
			"hurry": func() {
				next.Policy.PromoteNow, next.Policy.Emergency = next.Policy.Approvers, []string{dev}
			},
			"called":        func() { next.Notify.RolledBack = []string{releasers, oncall} },
			"or-oncall":     func() { next.Policy.Approvers = append(next.Policy.Approvers, oncall) },
			"hold":          func() { next.Spec.Plan.OnFail = rollout.HoldOnFail },
			"second_person": func() { next.Policy.SecondPerson = true },
			"self_promote":  func() { next.Policy.SelfPromote = true },
		})
	}
	w.stop()
	w.services["checkout"] = next
	w.start()
	w.settle()
}

func (w *world) putChannel(s words) {
	c := slacksim.Channel{ID: channel, Name: "deploys"}
	w.oneOf(string(s), map[string]func(){
		"invited":    func() {},
		"removed":    func() { c.BotAbsent = true },
		"restricted": func() { c.Restricted = true },
		"archived":   func() { c.Archived = true },
	})
	w.slack.PutChannel(c)
}

// seen returns what only the person saw because of what they did in the channel or in a thread: what is new, and what
// was changed or taken away.
func (w *world) seen(user, thread string, do func()) string {
	before := map[string]string{}
	for _, e := range w.slack.Ephemerals(user) {
		before[e.TS] = w.slack.Plain(slacksim.Message{Text: e.Text, Blocks: e.Blocks})
	}
	do()
	w.settle()
	var out strings.Builder
	for _, e := range w.slack.Ephemerals(user) {
		text := w.slack.Plain(slacksim.Message{Text: e.Text, Blocks: e.Blocks})
		old, known := before[e.TS]
		switch delete(before, e.TS); {
		case known && old == text:
			continue
		case known:
			out.WriteString("    (instead of what they saw before)\n")
		case e.ThreadTS != thread:
			out.WriteString("    (somewhere else)\n")
		}
		out.WriteString(indent(text))
	}
	if len(before) > 0 {
		out.WriteString("    (something that they saw before is gone)\n")
	}
	return out.String()
}

// checked is the newest answer that a card shows: of two things that happen at the same moment it may be either.
var checked = regexp.MustCompile(`last checked [0-9:]+`)

// noted is an entry of the audit with its hash, which any new field of an entry changes.
var noted = regexp.MustCompile(`--noted ([0-9]+):[0-9a-f]+`)

func indent(s string) string {
	s = checked.ReplaceAllString(s, "last checked …")
	s = noted.ReplaceAllString(s, "--noted $1:…")
	return "    " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n    ") + "\n"
}

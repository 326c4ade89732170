package bot_test

import (
	"errors"
	"fmt"
	"strings"

	"canarybot.io/bot/slacksim"
)

// viewCommands are what people do in modals.
func viewCommands() []command {
	return []command{
		{"modal", "USER", "prints the modal that somebody has open", func(w *world, s words) string {
			w.settle()
			return w.modal(string(s))
		}},
		{"fill", "USER FIELD: TEXT", "fills in a field of it, or chooses there", func(w *world, s words) string {
			user, field, text := s.filled()
			return w.inModal(user, func() (slacksim.Outcome, error) { return w.slack.As(user).Fill(field, text) })
		}},
		{"suggest", "USER FIELD: TEXT", "prints what is suggested there for what is typed", func(w *world, s words) string {
			user, field, text := s.filled()
			all, err := w.slack.As(user).Suggest(field, text)
			if err != nil {
				w.t.Fatalf("suggest %s: %v\n%s", s, err, w.log)
			}
			var out strings.Builder
			group := ""
			for _, o := range all {
				if o.Group != group {
					fmt.Fprintf(&out, "    %s\n", o.Group)
				}
				group = o.Group
				out.WriteString("      " + strings.TrimRight(o.Text+"  "+o.Description, " ") + "\n")
			}
			return out.String()
		}},
		{"submit", "USER", "presses the modal's button", func(w *world, s words) string {
			return w.inModal(string(s), func() (slacksim.Outcome, error) { return w.slack.As(string(s)).Submit() })
		}},
		{"shortcut", "USER NAME", "uses a shortcut: one of messages on the newest in the channel", (*world).shortcut},
		{"app", "TEXT", "has a build system post a message in the channel", quiet(func(w *world, s words) {
			if _, err := w.slack.Say(slacksim.App{BotID: "B0CI000001", Name: "ci"}, "#deploys", "", string(s)); err != nil {
				w.t.Fatal(err)
			}
		})},
		{"home", "USER", "opens the app's home tab, and prints it", func(w *world, s words) string {
			if out, err := w.slack.As(string(s)).OpenHome(); err != nil || out.Delivery != slacksim.Acked {
				w.t.Fatalf("home: %v, %v\n%s", out.Delivery, err, w.log)
			}
			w.settle()
			return w.home(string(s))
		}},
		{"press-home", "USER LABEL", "presses a button of the home tab", func(w *world, s words) string {
			user, label := s.cut()
			return w.inModal(user, func() (slacksim.Outcome, error) { return w.slack.As(user).PressHome(string(label)) })
		}},
		{"close", "USER", "closes the modal", func(w *world, s words) string {
			return w.inModal(string(s), func() (slacksim.Outcome, error) { return w.slack.As(string(s)).CloseModal(false) })
		}},
	}
}

// filled returns who fills in which field, and what.
func (s words) filled() (user, field, text string) {
	user, rest := s.cut()
	field, text, _ = strings.Cut(string(rest), ":")
	return user, field, strings.TrimSpace(text)
}

// inModal does something in a modal, and prints the modal where that made another of it.
func (w *world) inModal(user string, do func() (slacksim.Outcome, error)) string {
	w.t.Helper()
	before := w.modal(user)
	told := w.seen(user, "", func() {
		out, err := do()
		if err != nil || out.Delivery == slacksim.TimedOut || out.Delivery == slacksim.Undelivered {
			w.t.Fatalf("in the modal: %v, %v\n%s\n%s", out.Delivery, err, before, w.log)
		}
	})
	if after := w.modal(user); after != before {
		told = after + told
	}
	return told
}

// shortcut uses a shortcut.
func (w *world) shortcut(s words) string {
	user, name := s.cut()
	return w.inModal(user, func() (slacksim.Outcome, error) {
		out, err := w.slack.As(user).Shortcut(string(name))
		if !errors.Is(err, slacksim.ErrNoShortcut) {
			return out, err
		}
		all := w.slack.Messages("#deploys")
		return w.slack.As(user).ShortcutOn("#deploys", all[len(all)-1].TS, string(name))
	})
}

// home returns what the person's home tab shows.
func (w *world) home(user string) string {
	v, there := w.slack.Home(user)
	if !there {
		return "    (nothing)\n"
	}
	return indent(w.slack.PlainView(v))
}

// modal returns what the person's topmost modal shows.
func (w *world) modal(user string) string {
	v, open := w.slack.Modal(user)
	if !open {
		return "    (no modal)\n"
	}
	return indent(w.slack.PlainView(v))
}

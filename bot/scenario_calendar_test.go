package bot_test

import (
	"time"

	"canarybot.io/bot/slacksim"
	"canarybot.io/rollout"
	"canarybot.io/rollout/calendar"
)

// putCalendar adds to what the configuration says about time. The world begins on Saturday, 1 January 2000.
func (w *world) putCalendar(s words) {
	w.t.Helper()
	w.stop()
	w.oneOf(string(s), map[string]func(){
		"office": func() {
			open, err := calendar.Recur(time.UTC, 8*time.Hour, "0 9 * * MON-FRI")
			if err != nil {
				w.t.Fatal(err)
			}
			w.calendar.Windows = map[string]calendar.Window{"office": {Open: open}}
			checkout := w.services["checkout"]
			checkout.DeployWindow, checkout.Team = "office", "shop"
			w.services["checkout"] = checkout
		},
		"holiday": func() { w.calendar.Holidays = append(w.calendar.Holidays, calendar.Day{Year: 2000, Month: 1, Day: 3}) },
		"sale": func() {
			w.calendar.Freezes = append(w.calendar.Freezes, calendar.Freeze{
				Name: "sale", From: time.Date(2000, 1, 4, 12, 0, 0, 0, time.UTC), Until: time.Date(2000, 1, 5, 12, 0, 0, 0, time.UTC),
				Scopes: []rollout.Scope{{Team: "shop"}},
			})
		},
		"quiet": func() {
			hours, err := calendar.Recur(time.UTC, 7*time.Hour, "0 0 * * *")
			if err != nil {
				w.t.Fatal(err)
			}
			w.calendar.QuietHours = map[rollout.ServiceName]calendar.Recurrence{"checkout": hours}
			checkout := w.services["checkout"]
			checkout.Spec.Limits.Wait = 12 * time.Hour
			w.services["checkout"] = checkout
		},
		"audit":  func() { w.freezes("audit", rollout.PauseRunning) },
		"outage": func() { w.freezes("outage", rollout.ReturnRunning) },
		"night": func() {
			open, err := calendar.Recur(time.UTC, time.Hour, "0 3 * * *")
			if err != nil {
				w.t.Fatal(err)
			}
			w.calendar.Windows = map[string]calendar.Window{"night": {Open: open}}
			checkout := w.services["checkout"]
			checkout.PromoteWindow = "night"
			w.services["checkout"] = checkout
		},
	})
	w.start()
	w.settle()
}

// freezes adds a freeze from 0:01:13 until 1:01:13, which does something to rollouts that are under way.
func (w *world) freezes(name string, running rollout.Running) {
	from := time.Date(2000, 1, 1, 0, 1, 13, 0, time.UTC)
	w.calendar.Freezes = append(w.calendar.Freezes, calendar.Freeze{Name: name, From: from, Until: from.Add(time.Hour), Running: running})
}

// putDigest adds a digest in the channel #releases to what the configuration says, or says how that channel is.
func (w *world) putDigest(s words) {
	w.t.Helper()
	channel := slacksim.Channel{ID: "C0RELEASES", Name: "releases"}
	switch s {
	case "archived":
		channel.Archived = true
	case "restricted":
		channel.Restricted = true
	case "shared":
		channel.ExtShared = true
	case "open":
	default:
		schedule, err := calendar.ReadSchedule(time.UTC, string(s))
		if err != nil {
			w.t.Fatal(err)
		}
		w.stop()
		w.slack.PutChannel(channel)
		w.digests = append(w.digests, calendar.Digest{Channel: "#releases", Schedule: schedule})
		w.start()
		w.settle()
		time.Sleep(10 * time.Second) // until it is known
		return
	}
	w.slack.PutChannel(channel)
}

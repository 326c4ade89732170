package bot_test

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"canarybot.io/bot"
	"canarybot.io/bot/chart"
	"canarybot.io/bot/slacksim"
	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
	"canarybot.io/store/mem"
)

// outageCommands are what others fail at.
func outageCommands() []command {
	return []command{
		{"slack", "STATE", "is down, up, or fails a call: slack METHOD lost|500|slow|ERROR [TIMES]", quiet((*world).slackIs)},
		{"kubernetes", "STATE", "is down, up, or refuses to change an object: kubernetes refuses route", quiet((*world).kubernetesIs)},
		{"disk", "STATE", "of the store is low (nothing new starts), full, gone (not even read) or well", quiet(func(w *world, s words) {
			w.oneOf(string(s), map[string]func(){
				"low": func() {
					w.store.Refuse(rollout.Refuse(rollout.Forbidden, rollout.Problem{Code: "store_low", Key: "store.db", Value: "7.5 MiB", Want: "32.0 MiB"}))
				},
				"full": func() { w.store.Refuse(errors.New("write store.db: no space left on device")) },
				"gone": func() { w.store.RefuseReads(errors.New("stat store.db: no such file or directory")) },
				"well": func() {
					w.store.Refuse(nil)
					w.store.RefuseReads(nil)
				},
			})
		})},
		{"prometheus", "STATE", "is down or up", quiet(func(w *world, s words) {
			w.oneOf(string(s), map[string]func(){
				"down": func() { w.metrics.unplug(true) },
				"up":   func() { w.metrics.unplug(false) },
			})
		})},
		{"webhook", "STATE", "of a webhook's receiver is down, up, or gone (it wants no more)", quiet(func(w *world, s words) {
			w.oneOf(string(s), map[string]func(){
				"down": func() { w.hook.answers(http.StatusBadGateway) },
				"up":   func() { w.hook.answers(http.StatusOK) },
				"gone": func() { w.hook.answers(http.StatusGone) },
			})
		})},
	}
}

// recovery is how long Slack is back before anything else happens: the bot connects again after waits that are random.
const recovery = 2 * time.Minute

func (w *world) slackIs(s words) {
	method, fault := s.cut()
	switch method {
	case "down":
		w.slack.Outage(true)
	case "up":
		w.slack.ClearFaults()
		w.slack.Outage(false)
		time.Sleep(recovery)
	default:
		w.slack.SetFault(method, w.slackFault(fault))
	}
}

func (w *world) slackFault(s words) (f slacksim.Fault) {
	what, times := s.cut()
	if times != "" {
		f.Times = int(w.number(string(times)))
	}
	switch what {
	case "lost":
		f.LoseResponse = true
	case "500":
		f.HTTPStatus = 500
	case "slow":
		f.Latency = time.Minute
	default:
		f.Error = what
	}
	return f
}

func (w *world) kubernetesIs(s words) {
	state, object := s.cut()
	w.oneOf(state, map[string]func(){
		"down": func() { w.cluster.Unreachable(true) },
		"up": func() {
			w.cluster.Unreachable(false)
			w.cluster.SetFault(nil)
		},
		"refuses": func() {
			refused := w.object(string(object))
			w.cluster.SetFault(func(c sim.Call) error {
				if c.Op == sim.Do && !c.After && c.Write.Object == refused {
					return rollout.Refuse(rollout.Forbidden, rollout.Text("admission webhook is down"))
				}
				return nil
			})
		},
	})
}

// processCommands are what becomes of the bot's process.
func processCommands() []command {
	return []command{
		{"stop", "", "ends the bot's process in order", quiet(func(w *world, _ words) { w.stop() })},
		{"crash", "", "kills the bot's process", quiet(func(w *world, _ words) { w.crash() })},
		{"start", "", "starts the bot's process on what the last one left", quiet(func(w *world, _ words) {
			w.restart()
			w.settle()
		})},
		{"lose-store", "", "loses the store of a process that has ended", quiet(func(w *world, _ words) {
			w.store = mem.New(mem.Options{ID: w.store.ID() + "-lost"})
			w.notes = &notes{Store: w.store}
		})},
		{"service", "NAME [STATE]", "restarts the bot with one more service, in the same channel or apart, or with it gone, or without its plan quick (unplanned)", quiet(func(w *world, s words) {
			w.stop()
			name, state := s.cut()
			w.putService(rollout.ServiceName(name), string(state))
			w.start()
			w.settle()
		})},
		{"blocks", "STATE", "restarts the bot with auto or classic blocks, or classic ones and pictures; or makes the workspace refuse types: blocks refused plan", quiet((*world).blocksAre)},
		{"ends", "STATE", "restarts the bot with a second channel for ends; lets it post nothing there (restricted), or is shared", quiet((*world).endsIn)},
		{"calendar", "WHAT", "restarts the bot with a window (office, or night for promotions), a day on which it is shut (holiday), a freeze (sale, audit, outage), or quiet hours (quiet) more", quiet((*world).putCalendar)},
		{"digest", "WHAT", "restarts the bot with a digest in the channel for digests: digest 0 9 * * MON; or makes that channel archived, restricted, shared or open", quiet((*world).putDigest)},
		{"environment", "NAME", "restarts the bot with another environment's configuration", quiet(func(w *world, s words) {
			w.stop()
			w.change = func(o *bot.Options) { o.Environment = string(s) }
			w.start()
			w.settle()
		})},
	}
}

// blocksAre says which blocks the bot sends, or which of them the workspace does not take.
func (w *world) blocksAre(s words) {
	state, types := s.cut()
	if state == "refused" {
		w.slack.SetUnsupported(strings.Fields(string(types))...)
		return
	}
	w.stop()
	w.oneOf(state, map[string]func(){"auto": func() { w.native = true }, "classic": func() { w.native = false }, "pictures": func() { w.native, w.draw = false, chart.PNG }})
	w.start()
	w.settle()
}

// endsIn has ends told in a channel of their own.
func (w *world) endsIn(s words) {
	c := slacksim.Channel{ID: "C00SHIPPED", Name: "shipped"}
	w.oneOf(string(s), map[string]func(){
		"told": func() {}, "restricted": func() { c.Restricted = true }, "shared": func() { c.ExtShared = true },
	})
	w.slack.PutChannel(c)
	if checkout := w.services["checkout"]; checkout.EndsChannel == "" {
		w.stop()
		checkout.EndsChannel = "#shipped"
		w.services["checkout"] = checkout
		w.start()
		w.settle()
	}
}

// addService adds one like checkout.
// putService has the configuration with one more service, or with what was taken out of it.
func (w *world) putService(name rollout.ServiceName, state string) {
	w.t.Helper()
	w.oneOf(state, map[string]func(){
		"":     func() { w.addService(name) },
		"gone": func() { delete(w.services, name) },
		"apart": func() {
			w.addService(name)
			w.slack.PutChannel(slacksim.Channel{ID: "C000APART1", Name: string(name)})
			apart := w.services[name]
			apart.Channel = "#" + string(name)
			w.services[name] = apart
		},
		"unplanned": func() {
			s := w.services[name]
			s.Plans = nil
			w.services[name] = s
		},
	})
}

func (w *world) addService(name rollout.ServiceName) {
	s := service()
	s.Name = name
	s.Spec.Repository = strings.ReplaceAll(s.Spec.Repository, "checkout", string(name))
	s.Spec.Objects = sim.Objects("shop", string(name))
	w.services[name] = s
	w.cluster.add(s)
}

// timeCommands let time pass, and print what people see then.
func timeCommands() []command {
	return []command{
		{"until", "PHASE [ID]", "lets time pass until the newest rollout, or this one, is there", quiet((*world).waitsFor)},
		{"wait", "TEXT", "lets time pass until the newest card shows the text", quiet(func(w *world, s words) {
			w.await("the card", func() bool {
				all := w.cards()
				return len(all) > 0 && strings.Contains(w.slack.Plain(all[len(all)-1]), string(s))
			})
			w.settle()
		})},
		{"advance", "DURATION", "lets time pass", quiet(func(w *world, s words) { time.Sleep(w.duration(string(s))) })},
		{"card", "", "prints the newest card", func(w *world, _ words) string { return indent(w.shown()) }},
		{"transcript", "", "prints what everybody sees: the cards and their threads", func(w *world, _ words) string {
			return w.transcript()
		}},
		{"ended", "", "prints the channel for ends", func(w *world, _ words) string { return indent(w.slack.Transcript("#shipped")) }},
		{"digests", "", "prints the channel for digests", func(w *world, _ words) string { return indent(w.slack.Transcript("#releases")) }},
		{"told", "", "prints what a webhook's receiver was told", func(w *world, _ words) string { return indent(w.hook.String()) }},
	}
}

func (w *world) waitsFor(s words) {
	name, id := s.cut()
	var phase rollout.Phase
	if err := phase.UnmarshalText([]byte(name)); err != nil {
		w.t.Fatal(err)
	}
	if id == "" {
		all, err := w.store.History(w.t.Context(), "checkout", 1)
		if err != nil || len(all) == 0 {
			w.t.Fatalf("there is no rollout: %v", err)
		}
		id = words(all[0].ID)
	}
	w.awaitPhase(rollout.ID(id), phase)
}

// transcript returns what everybody sees: each card, and its thread under it.
func (w *world) transcript() string {
	var out strings.Builder
	out.WriteString(w.transcriptOf("#deploys", w.cards()))
	for name, s := range w.services {
		if s.Channel != "#deploys" {
			out.WriteString("    #" + string(name) + "\n" + w.transcriptOf(s.Channel, w.cardsIn(s.Channel)))
		}
	}
	return out.String()
}

func (w *world) transcriptOf(channel string, cards []slacksim.Message) string {
	var out strings.Builder
	for _, card := range cards {
		out.WriteString(indent(w.slack.Plain(card)))
		for _, m := range w.slack.Thread(channel, card.TS) {
			mark := m.At.UTC().Format("15:04")
			if m.Broadcast {
				mark += " (also in the channel)"
			}
			out.WriteString("      " + mark + "\n    " + strings.TrimRight(strings.ReplaceAll(indent(w.slack.Plain(m)), "\n", "\n    "), " "))
		}
	}
	return out.String()
}

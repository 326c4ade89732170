package bot_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/bot/slacksim"
	"canarybot.io/rollout"
)

// TestScenarios plays what people type and press, from testdata/NAME.txt, and compares what they see with
// testdata/NAME.golden:
//
//	slash USER LINE        a slash command in the channel
//	press USER LABEL       a button on the newest card
//	say USER LINE          a message in the newest card's thread
//	errors PERCENT         the canary's error rate from now on
//	until PHASE [ID]       lets time pass until the rollout is there; ID: checkout-1
//	advance DURATION       lets time pass
//	card                   prints the newest card
//	transcript             prints what everybody sees: the cards and their threads
func TestScenarios(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".txt"), func(t *testing.T) {
			raw, err := os.ReadFile(script)
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			inWorld(t, slacksim.Options{}, func(w *world) {
				guestMember(w)
				for _, line := range strings.Split(string(raw), "\n") {
					if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
						continue
					}
					fmt.Fprintf(&out, "> %s\n%s", line, w.play(line))
				}
			})
			golden := strings.TrimSuffix(script, ".txt") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), out.String()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", golden, diff)
			}
		})
	}
}

// checked is the newest answer that a card shows: of two things that happen at the same moment it may be either.
var checked = regexp.MustCompile(`last checked [0-9:]+`)

// play does one line and returns what is seen.
func (w *world) play(line string) string {
	w.t.Helper()
	verb, rest, _ := strings.Cut(line, " ")
	user, text, _ := strings.Cut(rest, " ")
	switch verb {
	case "slash":
		return w.seen(user, func() { w.slash(user, text) })
	case "press":
		return w.seen(user, func() { w.press(user, text) })
	case "say":
		return w.seen(user, func() {
			if _, err := w.slack.As(user).Say("#deploys", w.card().TS, text); err != nil {
				w.t.Fatal(err)
			}
		})
	case "errors":
		percent, err := strconv.ParseFloat(strings.TrimSuffix(rest, "%"), 64)
		if err != nil {
			w.t.Fatal(err)
		}
		w.metrics.set(percent / 100)
	case "advance":
		d, err := time.ParseDuration(rest)
		if err != nil {
			w.t.Fatal(err)
		}
		time.Sleep(d)
	case "until":
		var phase rollout.Phase
		if err := phase.UnmarshalText([]byte(user)); err != nil {
			w.t.Fatal(err)
		}
		id := rollout.ID("checkout-1")
		if text != "" {
			id = rollout.ID(text)
		}
		w.awaitPhase(id, phase)
	case "card":
		return indent(w.shown())
	case "transcript":
		return w.transcript()
	default:
		w.t.Fatalf("unknown line: %s", line)
	}
	return ""
}

// seen returns what only the person saw because of what they did.
func (w *world) seen(user string, do func()) string {
	before := w.slack.Ephemerals(user)
	do()
	w.settle()
	var out strings.Builder
	for _, e := range w.slack.Ephemerals(user) {
		if !slices.ContainsFunc(before, func(b slacksim.Ephemeral) bool { return b.TS == e.TS }) {
			out.WriteString(indent(w.slack.Plain(slacksim.Message{Text: e.Text, Blocks: e.Blocks})))
		}
	}
	return out.String()
}

// transcript returns what everybody sees: each card, and its thread under it.
func (w *world) transcript() string {
	var out strings.Builder
	for _, card := range w.cards() {
		out.WriteString(indent(w.slack.Plain(card)))
		for _, m := range w.slack.Thread("#deploys", card.TS) {
			mark := m.At.UTC().Format("15:04")
			if m.Broadcast {
				mark += " (also in the channel)"
			}
			out.WriteString("      " + mark + "\n    " + strings.TrimRight(strings.ReplaceAll(indent(w.slack.Plain(m)), "\n", "\n    "), " "))
		}
	}
	return out.String()
}

func indent(s string) string {
	s = checked.ReplaceAllString(s, "last checked …")
	return "    " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n    ") + "\n"
}

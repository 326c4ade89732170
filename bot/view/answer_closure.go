package view

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"canarybot.io/rollout"
)

// Closed refuses a deploy: a freeze, a lock or a window keeps it from starting. It says until when, as far as is known.
func (a Answers) Closed(l rollout.DeployRequest, closed rollout.Closed) Message {
	name := word(string(l.Service))
	lines := []string{fmt.Sprintf("%s *Nothing was started*: %s.", closureIcon(closed.By[0]), name+" "+closedBy(closed.By[0]))}
	for _, c := range closed.By[1:] {
		lines = append(lines, "It "+strings.Replace(closedBy(c), "is", "is also", 1)+".")
	}
	opens := opensAt(closed)
	if c := closed.By[0]; c.Kind == rollout.LockClosure {
		opens += fmt.Sprintf(" %s or an approver may unlock it: %s", actorName(c.By), a.typed("unlock "+string(l.Service)))
	}
	return message(paragraph(append(lines, opens, "Rolling back works all the while.")...)).
		withText("Nothing was started: %s %s.", name, closedBy(closed.By[0]))
}

// closedBy says what keeps a service closed, as what the service is.
func closedBy(c rollout.Closure) string {
	switch c.Kind {
	case rollout.LockClosure:
		return joined(" ", "is locked by "+actorName(c.By), untilWhen(c)) + reasonOf(c)
	case rollout.WindowClosure:
		return "is deployed in its window " + word(c.Name) + " only"
	case rollout.HolidayClosure:
		return "is not deployed today, which is a holiday of its window " + word(c.Name)
	case rollout.FreezeClosure:
	}
	what := "is frozen"
	if c.By.ID != "" {
		what += " by " + actorName(c.By)
	}
	return joined(" ", what, untilWhen(c)) + reasonOf(c)
}

// untilWhen says until when a closure holds.
func untilWhen(c rollout.Closure) string {
	if c.Until.IsZero() {
		return "until somebody ends that"
	}
	return "until " + at(c.Until)
}

// reasonOf is a colon and why, or nothing.
func reasonOf(c rollout.Closure) string {
	if why := quoted(c.Text); why != "" {
		return ": " + why
	}
	if c.Name != "" && c.Kind == rollout.FreezeClosure {
		return ": " + word(c.Name)
	}
	return ""
}

func closureIcon(c rollout.Closure) string {
	if c.Kind == rollout.LockClosure {
		return iconLocked
	}
	return iconFrozen
}

// scopeName is what a closure is about, in words.
func scopeName(s rollout.Scope) string {
	switch {
	case s.Service != "":
		return word(string(s.Service))
	case s.Team != "":
		return "team " + word(s.Team)
	}
	return "everything"
}

// subject is what a closure is about, at the beginning of a sentence: a service keeps its name.
func subject(s rollout.Scope) string {
	if s.Service != "" {
		return scopeName(s)
	}
	return capitalize(scopeName(s))
}

// closureLine says what is frozen or locked, until when, why and by whom, at the time.
func closureLine(c rollout.Closure, now time.Time) string {
	is := map[rollout.ClosureKind]string{rollout.LockClosure: "locked"}[c.Kind]
	if is == "" {
		is = "frozen"
	}
	line := fmt.Sprintf("%s *%s* is %s %s", closureIcon(c), subject(c.Scope), is, untilWhen(c))
	if c.From.After(now) {
		line = fmt.Sprintf("%s *%s* will be %s from %s %s", closureIcon(c), subject(c.Scope), is, at(c.From), untilWhen(c))
	}
	by := ""
	if c.By.ID != "" {
		by = actorName(c.By)
	}
	return dotted(line+reasonOf(c), by, runningWords(c.Running))
}

// runningWords says what a freeze does to rollouts that are under way.
func runningWords(r rollout.Running) string {
	switch r {
	case rollout.PauseRunning:
		return "what is under way waits"
	case rollout.ReturnRunning:
		return "what is under way is rolled back"
	case rollout.Finish:
	}
	return ""
}

// ClosureSet confirms a freeze or a lock to whoever set it.
func (a Answers) ClosureSet(c rollout.Closure) Message {
	end, ends := "unfreeze ", "Rollouts under way go on; rolling back works all the while."
	if c.Running != rollout.Finish {
		ends = "Rolling back works all the while." // the line says what becomes of the others
	}
	if c.Kind == rollout.LockClosure {
		end, ends = "unlock ", "Only you start rollouts of it; rolling back works for everybody."
	}
	end = "To end it: " + a.typed(end+c.Scope.String())
	if c.Kind == rollout.LockClosure { // it always ends, whether somebody said when or not
		end += " · to have it end at another time: " + a.typed("lock "+c.Scope.String()+" for 2h REASON")
	}
	return message(paragraph(closureLine(c, c.At), ends, end)).withText("%s", closureLine(c, c.At))
}

// ClosureTold tells a channel of a freeze or a lock.
func (a Answers) ClosureTold(c rollout.Closure) Message {
	return message(closureLine(c, c.At))
}

// Reopened tells that freezes, or a lock, ended: the person who did it, and the channel.
func (a Answers) Reopened(r rollout.Reopening, ended []rollout.Closure) Message {
	line := fmt.Sprintf("%s *The %s of %s is over*: %s ended it", iconDone, word(string(r.Kind)), scopeName(r.Scope), actorName(r.Actor))
	if why := quoted(r.Text); why != "" {
		line += ": " + why
	}
	lines := []string{line + "."}
	for _, c := range ended {
		if !c.By.Is(r.Actor) { // they should hear of it
			lines = append(lines, fmt.Sprintf("It was set by %s%s.", actorName(c.By), reasonOf(c)))
		}
	}
	return message(paragraph(lines...)).withText("%s", line)
}

// Locked refuses a lock: somebody else has the service locked.
func (a Answers) Locked(c rollout.Closure) Message {
	name := string(c.Scope.Service)
	return message(paragraph(
		fmt.Sprintf("%s *Nothing was locked*: %s %s.", iconLocked, word(name), closedBy(c)),
		fmt.Sprintf("%s or an approver may unlock it: %s", actorName(c.By), a.typed("unlock "+name)))).
		withText("Nothing was locked: %s %s.", word(name), closedBy(c))
}

// Closures lists what is frozen and locked at the time, and what will be.
func (a Answers) Closures(all []rollout.Closure, now time.Time) Message {
	more := context("To freeze: " + a.typed("freeze all until Monday 9:00 REASON") + " · to lock: " + a.typed("lock SERVICE for 2h REASON"))
	if len(all) == 0 {
		return message("Nothing is frozen or locked.").withBlocks(more)
	}
	lines := make([]string, len(all))
	for i, c := range all {
		lines[i] = closureLine(c, now)
	}
	return message("*What is frozen and locked*").withText("%s", lines[0]).withBlocks(list(lines)...).withBlocks(more)
}

// Closing adds to an answer what is frozen and locked at the time; nothing where nothing is.
func (m Message) Closing(all []rollout.Closure, now time.Time) Message {
	var lines []string
	for _, c := range all {
		if c.Holds(now) {
			lines = append(lines, closureLine(c, now))
		}
	}
	return m.withBlocks(list(lines)...)
}

// MeantTime puts a freeze or a lock into words before it counts, with the dates and the zone that the typed times mean. The
// line is the command that says the same with exact times: a button types it.
func (a Answers) MeantTime(environment string, c rollout.Closure, line string) Message {
	verb, from := "Freeze", ""
	if c.Kind == rollout.LockClosure {
		verb = "Lock"
	}
	if c.From.After(c.At) {
		from = " from *" + inZone(c.From) + "*"
	}
	until := " until somebody ends that"
	if !c.Until.IsZero() {
		until = " until *" + inZone(c.Until) + "*"
	}
	ask := fmt.Sprintf("%s %s %s%s%s?", closureIcon(c), verb, scopeName(c.Scope), from, until)
	do := button{action: SayLine, label: verb, style: "primary"}
	running := ""
	if words := runningWords(c.Running); words != "" {
		running = fullStop(capitalize(words))
	}
	m := message(paragraph(ask, quoted(c.Text), running, "Nothing was changed yet.")).withText("%s", ask)
	if buttons := lineButton(environment, line, do); buttons != nil {
		return m.withBlocks(buttons...)
	}
	return m.withBlocks(context("If so: " + a.typed(line)))
}

// inZone is a moment in its own zone, with day, date and the zone's name: "Monday, 30 November 2026, 09:00 (Europe/Berlin,
// UTC+01:00)".
func inZone(t time.Time) string {
	zone := "UTC"
	if name := t.Location().String(); name != "UTC" && name != "Etc/UTC" {
		zone = joined(", ", word(name), "UTC"+t.Format("-07:00"))
	}
	if again(t) {
		zone += ", the first of the two that day"
	}
	return t.Format("Monday, 2 January 2006, 15:04") + " (" + zone + ")"
}

// again reports whether the clocks of the moment's zone show it once more, because they are put back behind it.
func again(t time.Time) bool {
	_, end := t.ZoneBounds()
	if end.IsZero() {
		return false
	}
	_, before := t.Zone()
	_, after := end.Zone()
	back := time.Duration(before-after) * time.Second
	return back > 0 && !t.Add(back).Before(end)
}

// SayLine is the action of a button that types a line for whoever presses it.
const SayLine rollout.Action = "say"

// Typed is what such a button carries.
type Typed struct {
	Environment string `json:"environment"`
	Text        string `json:"line"`
}

// ParseLine reads what such a button carried. The error is a sentence for people.
func ParseLine(s string) (t Typed, err error) {
	if len(s) > maxValue || json.Unmarshal([]byte(s), &t) != nil || strings.TrimSpace(t.Text) == "" {
		return Typed{}, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: problemMalformedButton})
	}
	return t, nil
}

// lineButton returns the block with a button that types the line; none where it is too long for one.
func lineButton(environment, line string, b button) []slack.Block {
	value, err := json.Marshal(Typed{environment, line})
	if err != nil || len(value) > maxValue {
		return nil
	}
	e := slack.NewButtonBlockElement(ActionPrefix+string(b.action), string(value), plain(b.label, maxLabel))
	e.Style = b.style
	return []slack.Block{slack.NewActionBlock("buttons", e)}
}

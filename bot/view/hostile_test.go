package view_test

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"canarybot.io/bot/command"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// hostile is what somebody might put wherever text comes from outside.
const hostile = "<!channel> <@U0HOSTILE> <!subteam^S1> <#C1> <!date^1^{time}|x> <https://evil.example|click> *bold* _sly_ ~gone~ " +
	"`tick` &lt;!here&gt; &amp; :fire: | \n> quote \u202egnp.exe\u200b\x00\x1b[31m \u2066a\u2069 z" +
	"\u0336\u0337\u0338\u0336\u0337\u0338\u0336\u0337\u0338"

// closed are types whose values are ours: poisoned apart, since another value only leads to another sentence.
var closed = []reflect.Type{
	reflect.TypeFor[rollout.Outcome](), reflect.TypeFor[rollout.ReasonCode](), reflect.TypeFor[rollout.Result](),
	reflect.TypeFor[rollout.Why](), reflect.TypeFor[rollout.ActorKind](), reflect.TypeFor[rollout.Action](),
	reflect.TypeFor[rollout.EntryKind](), reflect.TypeFor[rollout.Gate](), reflect.TypeFor[rollout.Comparison](),
	reflect.TypeFor[rollout.Unit](), reflect.TypeFor[rollout.OnUnknown](), reflect.TypeFor[rollout.Doubt](), reflect.TypeFor[rollout.OnDoubt](), reflect.TypeFor[rollout.FailureKind](),
	reflect.TypeFor[rollout.Field](), reflect.TypeFor[rollout.ProblemCode](), reflect.TypeFor[rollout.APICall](),
	reflect.TypeFor[rollout.ClosureKind](), reflect.TypeFor[rollout.Running](),
}

// poison puts the text into every string, of closed types only where all is set. Nothing is shared with the original.
func poison[T any](value T, text string, all bool) T {
	out := reflect.New(reflect.TypeFor[T]()).Elem()
	out.Set(reflect.ValueOf(value))
	pour(out, text, all)
	return out.Interface().(T)
}

func pour(v reflect.Value, text string, all bool) {
	switch v.Kind() {
	case reflect.String:
		for _, c := range closed {
			if v.Type() == c && !all {
				return
			}
		}
		v.SetString(text)
	case reflect.Pointer:
		if !v.IsNil() {
			fresh := reflect.New(v.Type().Elem())
			fresh.Elem().Set(v.Elem())
			pour(fresh.Elem(), text, all)
			v.Set(fresh)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 || v.Len() == 0 {
			if v.Type().Elem().Kind() == reflect.String {
				v.Set(reflect.MakeSlice(v.Type(), 2, 2))
				pour(v.Index(0), text, all)
				pour(v.Index(1), text, all)
			}
			return
		}
		fresh := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(fresh, v)
		for i := range fresh.Len() {
			pour(fresh.Index(i), text, all)
		}
		v.Set(fresh)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			pour(v.Field(i), text, all)
		}
	default:
	}
}

var (
	ourDate    = regexp.MustCompile(`<!date\^\d+\^[^|<>]*\|[^|<>]* UTC>`)
	ourMention = regexp.MustCompile(`(<@[UW][A-Z0-9]{2,24}>|<!subteam\^S[A-Z0-9]{2,24}>)`)
	ourLink    = regexp.MustCompile(regexp.QuoteMeta("<"+permalink+"|") + `([^|<>]*)>`)
	ourCode    = regexp.MustCompile("`[^`\n]*`")
	emojiCode  = regexp.MustCompile(`:[a-z_+-][a-z0-9_'+-]*:`)
	piledUp    = regexp.MustCompile(`\p{M}{5}`)
)

var entities = strings.NewReplacer("&amp;", "", "&lt;", "", "&gt;", "")

// live returns what of a text would do something in Slack though it is none of ours.
func live(text string) error {
	if strings.Contains(text, "<@U0HOSTILE>") {
		return fmt.Errorf("a live mention in %q", text)
	}
	rest := ourLink.ReplaceAllString(text, " $1 ") // the label may be from outside
	for _, ours := range []*regexp.Regexp{ourDate, ourMention} {
		rest = ours.ReplaceAllString(rest, " ")
	}
	if i := strings.IndexAny(rest, "<>"); i >= 0 {
		return fmt.Errorf("a live construct in %q", text)
	}
	if strings.Contains(entities.Replace(rest), "&") {
		return fmt.Errorf("a bare & in %q", text)
	}
	for _, r := range text {
		if r != '\n' && (unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r)) {
			return fmt.Errorf("the character %U in %q", r, text)
		}
	}
	if strings.Count(rest, "`")%2 != 0 {
		return fmt.Errorf("an open code span in %q", text)
	}
	rest = ourCode.ReplaceAllString(rest, " ")
	for _, mark := range []string{"*bold*", "_sly_", "~", "`"} {
		if strings.Contains(rest, mark) {
			return fmt.Errorf("live formatting %s in %q", mark, text)
		}
	}
	if found := emojiCode.FindString(rest); found != "" {
		return fmt.Errorf("the emoji code %s in %q", found, text)
	}
	if piledUp.MatchString(text) {
		return fmt.Errorf("accents over the line above in %q", text)
	}
	for _, line := range strings.Split(rest, "\n") {
		if strings.HasPrefix(line, "&gt;") {
			return fmt.Errorf("a quotation in %q", text)
		}
	}
	return nil
}

// states is the card of every state, and the end of every ending, each made of poisoned values.
func states(text string, all bool) map[string]view.Message {
	made := map[string]view.Message{}
	rollouts := special()
	for _, p := range rollout.Phases() {
		rollouts[p.String()] = in(p)
	}
	for name, r := range ends() {
		rollouts["end_"+name] = r
	}
	for name, r := range rollouts {
		r = poison(r, text, all)
		made["card_"+name] = view.Card(r, view.CardOptions{})
		if end := r.Ending; end.Outcome != "" {
			if m, ok := view.Reply(r, rollout.Entry{Kind: rollout.EntryEnded, Data: rollout.Data{Ending: &end}}, view.Audience{}, text); ok {
				made["reply_end_"+name] = m
			}
		}
	}
	return made
}

// everything is every message but the states, each made of poisoned values.
func everything(text string, all bool) map[string]view.Message {
	made := map[string]view.Message{}
	link := permalink
	if all {
		link = text
	}
	a := view.Answers{Command: text}
	told := entries()
	for name, r := range map[string]rollout.Rollout{"baking": baking(), "queued": special()["queued_behind"], "back": in(rollout.RollingBack)} {
		r = poison(r, text, all)
		decided := rollout.Entry{Kind: rollout.EntryDecided, Actor: person(text), Data: rollout.Data{Action: rollout.Pause, Text: text}}
		made["card_"+name] = view.Card(r, view.CardOptions{Restarting: all, Approvers: []string{text, "U0LAN0Z89"}, Decided: &decided})
		made["stalled_"+name] = view.Stalled(r, time.Hour, link)
		made["ended_"+name] = view.Ended(r, link)
		made["status_"+name] = a.StatusOf(r, []string{text, "U0LAN0Z89"}, link)
		made["busy_"+name] = a.Busy(poison(launch(), text, all), &rollout.BusyError{Live: r, Waiting: &r, Before: &r}, link)
		made["before_"+name] = a.RolledBackBefore(poison(launch(), text, all), r)
		made["accepted_"+name] = a.Accepted(r, rollout.Deploy, link)
		made["back_"+name] = a.OfferRollback(r, text, text)
		made["nothing_"+name] = a.NothingLive(rollout.ServiceName(text), r)
		made["reason_"+name] = a.NeedsReason(r, rollout.Abandon)
		made["list_"+name] = a.Status([]rollout.Rollout{r, r})
		made["history_"+name] = a.History(rollout.ServiceName(text), []rollout.Rollout{r})
		for entry, e := range told {
			if m, ok := view.Reply(r, poison(e, text, all), view.Audience{Approvers: []string{text, "U0LAN0Z89"}, Notify: rollout.Notify{RolledBack: []string{text, "S0614TZR7"}, Stuck: []string{text}, Waits: []string{text}}}, link); ok {
				made["reply_"+entry+"_"+name] = m
			}
		}
	}
	service := poison(rollout.Service{Spec: spec(), Plans: []rollout.Plan{{}}, Policy: policy()}, text, all)
	running := view.RunningOf(rollout.ServiceName(text), []rollout.Rollout{poison(baking(), text, all), poison(ending(rollout.Succeeded, nil), text, all)})
	made["list"] = a.List([]view.Running{running})
	hostileLinks := []rollout.Link{{Name: text, Template: "https://x.example/{service}/{from}...{to}?{environment}"}, {Name: "x", Template: text}}
	made["show"] = a.Show(view.Shown{Rollout: poison(baking(), text, all), Timeline: poison(timeline(), text, false), Approvers: []string{text}, Card: link})
	made["incident_told"] = a.IncidentTold(poison(incident(), text, all))
	made["incident_meant"] = a.MeantIncident(text, poison(incident(), text, all), text)
	made["diff"] = a.Diff(poison(baking(), text, all), nil, nil)
	made["diff_links"] = view.Card(poison(baking(), text, all), view.CardOptions{Links: hostileLinks[1:]})
	made["services"] = a.Services([]rollout.Service{service}, []rollout.Rollout{poison(baking(), text, all)})
	made["checks"] = a.Checks(rollout.ServiceName(text), poison(unknown(rollout.WhyNoData), text, all))
	made["checks_part"] = a.Checks(rollout.ServiceName(text), poison(inPart(text), text, all))
	made["why_part"] = a.Why(poison(with(func(r *rollout.Rollout) { r.Verdict = inPart("x") }), text, all))
	made["whoami"] = a.Whoami(person(text), service.Policy, []rollout.Service{{Name: rollout.ServiceName(text), Policy: rollout.Policy{Deployers: []string{text}}}})
	made["forbidden"] = a.Forbidden(person(text), rollout.Promote, service.Policy)
	made["plan"] = a.UnknownPlan(service, text)
	made["same"] = a.SameVersion(rollout.ServiceName(text), text)
	made["stale"] = a.Stale(rollout.Text(text))
	made["error"] = a.Error(rollout.Refuse(rollout.Invalid, rollout.Text(text)))
	made["none"] = a.NoRollout(rollout.ID(text))
	made["dry"] = a.DryRun(poison(baking(), text, all), rollout.Preflight{
		Original: poison(baking().Original, text, all), Backtests: []rollout.Backtest{{Check: text, Problem: text}, {Check: text, Series: 2}},
	})
	poisoned := rollout.DryRun{Request: rollout.DeployRequest{Service: rollout.ServiceName(text)}, Rollout: poison(baking(), text, all), Preflight: rollout.Preflight{Problems: []rollout.Problem{rollout.Text(text)}}}
	made["dry_together"] = a.DryRunTogether([]rollout.DryRun{poisoned, {Rollout: poisoned.Rollout}}, make([]view.Message, 2), map[rollout.ServiceName]rollout.Commits{poisoned.Request.Service: poison(between(27, 2), text, all)})
	for name, c := range comparisons() {
		c = poison(c, text, all)
		made["diff_"+name] = a.Diff(poison(baking(), text, all), nil, &c)
	}
	made["asking_forge"] = a.AskingForge(rollout.Source{Repository: text})
	made["dry_refused"] = a.DryRun(baking(), rollout.Preflight{Problems: []rollout.Problem{rollout.Text(text)}})
	made["dry_unreadable"] = a.DryRun(baking(), rollout.Preflight{Unreadable: rollout.Text(text)})
	for code := range view.Sentences() {
		p := poison(rollout.Problem{Code: code}, text, all)
		made["problem_"+string(code)] = a.Error(rollout.Refuse(rollout.Invalid, p))
	}
	made["help"] = a.Help("")
	poisonedWeek, upcoming := poison(week(), text, all), poison(view.Upcoming{Channel: "x", Scopes: []rollout.Scope{{}}, Next: noon, Trouble: rollout.Text("x")}, text, all)
	poisonedWeek.Links = map[rollout.ID]string{rollout.ID(text): link}
	made["digest"] = a.DigestNow(poisonedWeek, upcoming, []view.Upcoming{upcoming})
	made["digest_unknown"] = a.NoDigest(text, []view.Upcoming{upcoming})
	maps.Copy(made, closedBy(a, text, all))
	for _, problem := range []command.Problem{
		command.UnknownCommand, command.UnknownService, command.UnknownOption, command.MissingVersion, command.OtherThread, command.TooManyWords,
		command.NoVersion, command.TwoVersions, command.Question, command.Talk, command.NoTime, command.AtOnce, command.OneService,
	} {
		made["parse_"+string(problem)] = a.ParseError(&command.Error{
			Problem: problem, Verb: command.Deploy, Word: text, Nearest: text, Meant: text, Service: rollout.ServiceName(text), Thread: rollout.ServiceName(text),
		})
	}
	return made
}

// closedBy is every message about freezes, locks and windows.
func closedBy(a view.Answers, text string, all bool) map[string]view.Message {
	made := map[string]view.Message{}
	for i, c := range closures() {
		c = poison(c, text, all)
		for name, m := range map[string]view.Message{
			"closed": a.Closed(poison(launch(), text, all), rollout.Closed{By: []rollout.Closure{c, c}}), "set": a.ClosureSet(c), "told": a.ClosureTold(c),
			"locked": a.Locked(c), "list": a.Closures([]rollout.Closure{c}, noon), "status": a.Status(nil).Closing([]rollout.Closure{c}, noon),
			"meant": a.MeantTime(text, c, text), "ended": a.Reopened(rollout.Reopening{Kind: c.Kind, Scope: c.Scope, Actor: person(text), Text: text}, []rollout.Closure{c}),
			"card": view.Card(with(func(r *rollout.Rollout) { r.Frozen, r.Shut = &c, &c }), view.CardOptions{}),
		} {
			made[fmt.Sprintf("closure_%d_%s", i, name)] = m
		}
	}
	return made
}

func harmless(t *testing.T, text string, made map[string]view.Message) {
	t.Helper()
	for name, m := range made {
		if err := refusal(m); err != nil {
			t.Fatalf("%s of %q: Slack would refuse it: %v", name, text, err)
		}
		for _, shown := range texts(m) {
			if err := live(shown); err != nil {
				t.Fatalf("%s of %q: %v", name, text, err)
			}
		}
	}
}

func TestNothingFromOutsideComesAlive(t *testing.T) {
	t.Run("in closed types too", func(t *testing.T) {
		t.Parallel()
		harmless(t, hostile, everything(hostile, true))
		harmless(t, hostile, states(hostile, true))
	})
	t.Run("in every state", func(t *testing.T) {
		t.Parallel()
		harmless(t, hostile, states(hostile, false))
	})
	for _, text := range []string{
		hostile, strings.Repeat(hostile, 9), "", "\u200b", "> quote", "&gt; quote _sly_", "a`b", "\xff\xfe",
		strings.Repeat("&", 700), strings.Repeat("`", 301),
	} {
		t.Run(fmt.Sprintf("%.20q", text), func(t *testing.T) {
			t.Parallel()
			harmless(t, text, everything(text, false))
		})
	}
}

// FuzzNothingFromOutsideComesAlive tries any text in the few messages that between them escape in every way there is.
func FuzzNothingFromOutsideComesAlive(f *testing.F) {
	f.Add(hostile, false)
	f.Add("v1.2.4", true)
	for _, c := range outside {
		f.Add(c.said, false)
	}
	f.Fuzz(func(t *testing.T, text string, all bool) {
		stuck, a := poison(special()["stuck"], text, all), view.Answers{Command: text}
		reply, _ := view.Reply(stuck, poison(entries()["stuck_reverted"], text, false), view.Audience{Approvers: []string{text}, Notify: rollout.Notify{RolledBack: []string{text}, Stuck: []string{text}, Waits: []string{text}}}, text)
		harmless(t, text, map[string]view.Message{
			"card": view.Card(stuck, view.CardOptions{}), "reply": reply, "stale": a.Stale(rollout.Text(text)),
			"busy": a.Busy(poison(launch(), text, all), &rollout.BusyError{Live: stuck}, text), "cancelled": view.Card(poison(special()["cancelled"], text, all), view.CardOptions{}),
		})
	})
}

package view

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"canarybot.io/bot/command"
	"canarybot.io/rollout"
)

// commandSummary says in one sentence what a command does.
func commandSummary(v command.Verb) string {
	switch v {
	case command.Deploy:
		return "starts a canary: a small share of the traffic goes to VERSION, and grows while its checks pass."
	case command.Status:
		return "tells what is rolling out, or how one rollout is doing."
	case command.Promote:
		return "takes the rollout to its next step, and only there."
	case command.Rollback:
		return "takes the live canary off traffic; with none live, rolls the service back to the version before, and asks first."
	case command.Pause:
		return "keeps the rollout where it is; checks and rollback go on."
	case command.Resume:
		return "lets a paused rollout go on."
	case command.Extend:
		return "lets the step bake ten minutes longer, also when it is done and waits for a person."
	case command.Recheck:
		return "asks Prometheus again at once, and does not wait for the next interval."
	case command.Review:
		return "says that you looked at an emergency afterwards. An approver has to who did not ask for it."
	case command.Override:
		return "writes our value over what somebody else changed in the cluster."
	case command.Accept:
		return "says that what the rollout is held for is fine; it goes on, and what gets worse is still rolled back."
	case command.Retry:
		return "lets a stuck rollout try again."
	case command.Abandon:
		return "lets go of a stuck rollout and leaves the cluster as it is. An approver has to, with a reason."
	case command.Freeze:
		return "keeps rollouts from starting, of a service, a team or all; alone it lists what is frozen and locked."
	case command.Unfreeze:
		return "ends freezes that people set."
	case command.Queue:
		return "lists the deploys that are pending, with their places and moments; removes one, or lets it go first."
	case command.Lock:
		return "keeps everybody else from starting a rollout of the service, for a day unless you say how long."
	case command.Unlock:
		return "ends a lock: your own, or as an approver somebody else's."
	case command.Services:
		return "lists what can be deployed."
	case command.History:
		return "lists the last rollouts, and how they ended."
	case command.List:
		return "tells what runs where: each service's version, since when, and what rolls out."
	case command.Show:
		return "shows one rollout whole: its steps, its checks, and everything that happened and was decided."
	case command.Diff:
		return "tells what differs between the new version and the one before: images, pods, checks, commits, and where to read the change."
	case command.Checks:
		return "asks every check of a service now."
	case command.Why:
		return "explains the last verdict about a service, from the evidence that it stood on."
	case command.Report:
		return "tells how rollouts went: how many were rolled back, how soon bad ones were found, how often you deploy."
	case command.Digest:
		return "shows what a digest would say now, and where and when digests are posted."
	case command.Incident:
		return "records that customers were harmed: it counts in the report."
	case command.Audit:
		return "lists who decided what, and the hash with which that can be verified."
	case command.Whoami:
		return "tells your Slack id and what you may do."
	case command.Help:
		return "explains a command, or " + code("all") + " of them."
	case command.All:
	}
	return ""
}

// commandDetail is what help adds when it is asked about one command.
func (a Answers) commandDetail(v command.Verb) []string {
	switch v {
	case command.Deploy:
		return []string{
			"As a slash command without a version it opens a form, which suggests versions and shows what the deploy would do before it starts. A shortcut in each message's menu and a button on my home tab open it too.",
			code("--plan NAME") + " takes another of the service's plans.",
			code("--auto") + " lets the checks alone decide at every step; an approver has to start it.",
			code("--replace") + " rolls the live rollout back first, or starts a version again that was rolled back.",
			code("--emergency") + " skips bakes, gates, freezes and locks, never the record: it needs a reason and the right to, the channel and the approvers hear of it, and somebody else reviews it within a day.",
			code("--dry-run") + " looks at everything and starts nothing.",
			code("--at TIME") + " makes it pending until then, such as " + code("--at tomorrow 10:00") + " in your own zone; you see the date before it counts. Then everything is looked at again.",
			code("--queue") + " waits in line where it cannot start now: behind another rollout, a freeze, a lock or a limit.",
			"Several services as one: " + a.typed("deploy api=v1.2.4 web=v2.0.1 --together") + ". None starts before all may, none goes to its next step before all are done with theirs, one promotion counts for all, and when one is rolled back all are.",
			"The rest of the line is the reason, for the card and the thread.",
		}
	case command.Rollback:
		return []string{
			"It needs no approval: the safe direction is open to everyone, unless the policy says otherwise.",
			code("--gently") + " goes back to the version before by the service's own plan, and is judged as any canary is. While a rollout is live it changes nothing: the canary is off traffic in seconds.",
		}
	case command.Promote:
		return []string{
			"It counts only while the rollout waits for a person and every check passes.",
			code("--now") + " promotes before the bake is over, for those whom the policy lets, with a reason, while every check passes.",
		}
	case command.Accept:
		return []string{"It counts only while a person is asked about a doubt, for what the card says then. It moves nothing forward by itself. An approver has to."}
	case command.Show:
		return []string{"A service stands for its live rollout, else for its newest."}
	case command.Freeze, command.Lock:
		underWay := "Nothing of it keeps anybody from rolling back, and what is under way goes on."
		if v == command.Freeze {
			underWay = "Nothing of it keeps anybody from rolling back. What is under way goes on, waits with " + code("--running pause") +
				", or is rolled back with " + code("--running rollback") + ": whoever may do that may say so."
		}
		return []string{
			"TIME is for example " + code("17:00") + ", " + code("Monday 9:00") + ", " + code("30 Nov 9:00") + " or " + code("2026-11-30 9:00 Europe/Berlin") +
				", in your own zone where you name none; you see the date before it counts.",
			underWay,
		}
	case command.Queue:
		return []string{
			code("leave NUMBER") + " removes a pending deploy: your own, or as an approver somebody else's.",
			code("jump NUMBER") + " lets one go ahead of all others; an approver has to.",
			"Nothing in line delays a rollback.",
		}
	case command.Report:
		return []string{"Without a span it is about the last 30 days; " + code("8w") + " is eight weeks."}
	case command.Digest:
		return []string{"Only you see it. Without a channel it is the one that is posted next."}
	case command.Incident:
		return []string{
			code("at TIME") + " says when it began, such as " + code("at 9:30") + ", " + code("at yesterday 17:00") + " or " + code("at 2h ago") +
				", in your own zone; you see the date before it counts.",
			"The thread of a rollout that has ended has a button for it.",
		}
	case command.Recheck, command.Review, command.Status, command.Audit, command.Unfreeze, command.Unlock, command.Services, command.History, command.List, command.Diff, command.Checks, command.Why, command.Whoami, command.Help,
		command.Pause, command.Resume, command.Extend, command.Override, command.Retry, command.Abandon, command.All:
	}
	return nil
}

// first are the commands that help shows before any other: with them a rollout is begun and ended.
var first = []command.Verb{command.Deploy, command.Status, command.Promote, command.Rollback}

// Help explains one command, lists all of them, or, when the topic is empty, the few that everybody needs.
func (a Answers) Help(topic command.Verb) Message {
	if form, ok := command.FormOf(topic); ok {
		lines := []string{a.usage(form) + "\n" + capitalize(commandSummary(topic))}
		if len(form.Aliases) > 0 {
			lines = append(lines, "The same: "+strings.Join(form.Aliases, ", ")+".")
		}
		return message(paragraph(append(lines, a.commandDetail(topic)...)...)).withText("%s %s", topic, commandSummary(topic))
	}
	var lines []string
	for _, form := range command.Forms() {
		if topic == command.All || slices.Contains(first, form.Verb) {
			if topic == "" { // with every option, a phone shows little else
				form.Args = optionForm.ReplaceAllString(form.Args, "")
			}
			lines = append(lines, a.usage(form)+" "+commandSummary(form.Verb))
		}
	}
	more := a.typed("deploy") + " alone opens a form · options: " + a.typed("help deploy") +
		" · all " + fmt.Sprint(len(command.Forms())) + " commands: " + a.typed("help all")
	if topic == command.All {
		more = "SERVICE may be a rollout's id, such as checkout-42. In a rollout's thread leave it out and begin with my name, " +
			"for slash commands do not work there; a reason goes after " + code("because") + ". More: " + a.typed("help deploy")
	}
	return message("*What you can type*").withText("Canarybot: what you can type.").withBlocks(list(lines)...).withBlocks(context(more))
}

// optionForm is an option in a command's form.
var optionForm = regexp.MustCompile(` \[--[^]]*]`)

// usage is how a command is typed.
func (a Answers) usage(form command.Form) string {
	args := form.Args
	if strings.HasPrefix(a.slash(), "@") { // in a message
		args = strings.Replace(args, "REASON...", "because REASON...", 1)
	}
	return a.typed(strings.TrimSpace(string(form.Verb) + " " + args))
}

// ParseError says what is wrong with a line, the nearest valid word and the correct form. Err is what command.Parse
// returned.
func (a Answers) ParseError(err error) Message {
	var e *command.Error
	if !errors.As(err, &e) {
		return a.Error(err)
	}
	what := lineProblem(e)
	if e.Problem == command.Question || e.Problem == command.Talk {
		return message(paragraph(what, a.plainForm(e)))
	}
	if e.Meant != "" && clip(e.Meant, maxWords) == e.Meant { // cut short it would be another command
		return message(paragraph(what, "Did you mean "+a.typed(e.Meant)+"?"))
	}
	if e.Nearest != "" {
		what += " Did you mean " + code(e.Nearest) + "?"
	}
	return message(paragraph(what, a.correctForm(e)))
}

// lineProblem says what is wrong with a line.
func lineProblem(e *command.Error) string {
	typed := code(clip(e.Word, maxWord))
	switch e.Problem {
	case command.UnknownCommand:
		return "I do not know the command " + typed + "."
	case command.MissingService:
		if e.Verb == command.Show {
			return "Which rollout? Show needs one, such as " + code("checkout-42") + "; " + code("history") + " lists the last ones."
		}
		return "Which service? " + capitalize(string(e.Verb)) + " needs one."
	case command.UnknownService:
		return "I know no service or rollout " + typed + "."
	case command.MissingVersion:
		return joined(" ", "Which version of", word(string(e.Service))) + "? A tag such as v1.2.4, a digest, or a full reference."
	case command.NoVersion:
		return "Nothing was started: a version has a digit in it, and " + typed + " has none. A tag without any goes as a full reference."
	case command.TwoVersions:
		return "Nothing was started: which version, the one before or " + typed + "? Name one."
	case command.Question:
		return "That reads like a question, so nothing was done."
	case command.Talk:
		return "That may be talk, so nothing was done."
	case command.MissingReason:
		return capitalize(string(e.Verb)) + " needs a reason, in your own words, at the end of the line."
	case command.UnknownOption:
		return "I do not know the option " + typed + "."
	case command.MissingValue:
		return typed + " needs a value after it."
	case command.NoPending:
		return typed + " is no number of a pending deploy. " + "The numbers are in the list."
	case command.NoRunning:
		return "Nothing was changed: what is under way can be " + code("pause") + " or " + code("rollback") + ", not " + typed + "."
	case command.NowOrLater:
		return typed + " is about what there is now, so it does not go with " + code("--at") + " or " + code("--queue") + "."
	case command.NoTime:
		return "Nothing was changed: I cannot read " + typed + " as a time. " + timesFor(e.Verb)
	case command.AtOnce:
		return "Nothing was locked: a lock begins at once, so it takes no " + typed + ". What begins later is a freeze."
	case command.OneService:
		return "Nothing was locked: a lock is of one service, and " + typed + " is several. What stops several is a freeze."
	case command.UnwantedValue:
		return typed + " takes no value."
	case command.RepeatedOption:
		return typed + " is there twice."
	case command.LateOption:
		return typed + " stands inside the reason, where it would be words only. Options come before the reason; words after a " + code("--") + " are never options."
	case command.TooManyWords:
		return capitalize(string(e.Verb)) + " does not know what to do with " + typed + "."
	case command.NotTogether:
		return "Nothing was started: those are several services."
	case command.Alone:
		return "Nothing was started: " + code("--together") + " is for two services or more, each with its version, as in " + code("api=v1.2.4 web=v2.0.1") + "."
	case command.TooMany:
		return fmt.Sprintf("Nothing was started: %d services are the most that go together.", rollout.MostTogether)
	case command.Twice:
		return "Nothing was started: " + typed + " is there twice."
	case command.OtherThread:
		return fmt.Sprintf("This is the thread of %s, and you wrote %s. To be safe I did nothing: write it in the thread of %s, or as a command in the channel.",
			word(string(e.Thread)), typed, typed)
	}
	return "I cannot read that line."
}

// timesFor shows how times are written.
func timesFor(v command.Verb) string {
	if v == command.Deploy {
		return "Write for example 17:00, Monday 9:00 or 2026-11-30 9:00, or how long from now: 30m, 2h or 3 days."
	}
	return "Write for example 17:00, Monday 9:00 or 2026-11-30 9:00, and after " + code("for") + " how long: 30m, 2h or 3 days."
}

// correctForm returns the correct form, or where to find it.
func (a Answers) correctForm(e *command.Error) string {
	// The other problems are about the form.
	//exhaustive:ignore
	switch e.Problem {
	case command.NoTime, command.RepeatedOption, command.UnwantedValue: // that sentence says it all
		return ""
	case command.Alone, command.TooMany, command.Twice:
		return "It goes: " + a.typed("deploy SERVICE=VERSION SERVICE=VERSION --together")
	case command.AtOnce, command.OneService:
		form, _ := command.FormOf(command.Freeze)
		return "It goes: " + a.usage(form)
	}
	if form, ok := command.FormOf(e.Verb); ok && e.Problem != command.OtherThread {
		if e.Problem == command.MissingService || e.Problem == command.MissingVersion { // what is needed, without what else there is
			form.Args = optionForm.ReplaceAllString(form.Args, "")
		}
		return "It goes: " + a.usage(form)
	}
	if e.Problem == command.OtherThread {
		return ""
	}
	return "What there is: " + a.typed("help all")
}

// UnknownPlan refuses a launch: the service has no plan of that name.
func (a Answers) UnknownPlan(service rollout.Service, name string) Message {
	names := []string{service.Spec.Plan.Name}
	for _, p := range service.Plans {
		if !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	for i, n := range names {
		names[i] = code(clip(n, maxWord))
	}
	return message(fmt.Sprintf("%s has no plan %s. It has %s.", word(string(service.Name)), code(clip(name, maxWord)), strings.Join(names, ", ")))
}

package view

import (
	"github.com/slack-go/slack"

	"canarybot.io/bot/command"
	"canarybot.io/rollout"
)

func simple(text string) Message {
	return Message{Text: text, Blocks: []slack.Block{slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, text, false, false), nil, nil)}}
}

// Answers makes the private answers: what only the person who asked sees.
type Answers struct {
	// Command is the slash command as it is configured; empty: /canary.
	Command string
}

// Status lists the rollouts that have not ended.
func (a Answers) Status(open []rollout.Rollout) Message { return simple("status") }

// StatusOf tells where one rollout is. Link leads to its card; empty: none is known.
func (a Answers) StatusOf(r rollout.Rollout, link string) Message { return simple("status") }

// Services lists what may be deployed, with what rolls out just now.
func (a Answers) Services(services []rollout.Service, open []rollout.Rollout) Message {
	return simple("services")
}

// History lists rollouts that ended, newest first. The service is empty when they are of all.
func (a Answers) History(service rollout.ServiceName, newest []rollout.Rollout) Message {
	return simple("history")
}

// Checks shows what a service's checks say just now.
func (a Answers) Checks(service rollout.ServiceName, v rollout.Verdict) Message {
	return simple("checks")
}

// Whoami says who somebody is to the bot and what they may do.
func (a Answers) Whoami(actor rollout.Actor, policy rollout.Policy) Message { return simple("whoami") }

// Help explains one command, or lists all when the topic is empty.
func (a Answers) Help(topic command.Verb) Message { return simple("help") }

// ParseError says what is wrong with a line, the right form and the nearest right word. Err is what command.Parse
// returned.
func (a Answers) ParseError(err error) Message { return simple("parse error") }

// Busy refuses a launch: another rollout holds the service or waits for it.
func (a Answers) Busy(launch rollout.Launch, live rollout.Rollout, link string) Message {
	return simple("busy")
}

// TakenBack refuses a launch: the version was rolled back before.
func (a Answers) TakenBack(launch rollout.Launch, before rollout.Rollout) Message {
	return simple("taken back")
}

// SameVersion refuses a launch: stable runs the version already.
func (a Answers) SameVersion(service rollout.ServiceName, image string) Message {
	return simple("same")
}

// UnknownPlan refuses a launch: the service has no plan of that name.
func (a Answers) UnknownPlan(service rollout.Service, name string) Message { return simple("plan") }

// Forbidden refuses an action: it names the reader's own id, and who can help.
func (a Answers) Forbidden(actor rollout.Actor, action rollout.Action, policy rollout.Policy) Message {
	return simple("forbidden")
}

// Stale answers a click that came too late: nothing was changed, and why.
func (a Answers) Stale(why string) Message { return simple("stale") }

// DryRun tells what a preflight found; r is the rollout that would have started.
func (a Answers) DryRun(r rollout.Rollout, p rollout.Preflight) Message { return simple("dry run") }

// Accepted confirms what somebody decided; the action is Deploy for a rollout that was just made.
func (a Answers) Accepted(r rollout.Rollout, action rollout.Action, link string) Message {
	return simple("accepted")
}

// BackFirst says what going back would do before it is done, with a button. Last is the service's newest rollout; from
// and to are images.
func (a Answers) BackFirst(last rollout.Rollout, from, to string) Message { return simple("back") }

// NothingLive answers a decision about a service that has no live rollout. Last is its newest one; the zero value: it
// never had one.
func (a Answers) NothingLive(service rollout.ServiceName, last rollout.Rollout) Message {
	return simple("nothing")
}

// NeedsReason answers a click on Abandon: it wants a reason, and a button carries none.
func (a Answers) NeedsReason(r rollout.Rollout) Message { return simple("reason") }

// Error shows an error's sentence for people, and nothing else of it.
func (a Answers) Error(err error) Message { return simple(rollout.Message(err)) }

// ConnectionsTold says that Slack counts n connections of this app where ours are fewer. It is for the channel.
func (a Answers) ConnectionsTold(ours, n int) Message { return simple("connections") }

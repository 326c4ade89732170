package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"canarybot.io/bot/command"
	"canarybot.io/rollout"
)

// Modal is what is shown in a modal.
type Modal struct {
	Callback string
	Title    string
	Submit   string // empty: there is no such button
	Close    string
	Metadata string
	Blocks   []slack.Block
}

// DeployCallback and ReasonCallback name the modals whose submissions count.
const (
	DeployCallback = ActionPrefix + "deploy"
	ReasonCallback = ActionPrefix + "reason"
)

// DeployShortcut and DeployThisShortcut are the shortcuts that open the form: from anywhere, and from a message.
const (
	DeployShortcut     = ActionPrefix + "deploy"
	DeployThisShortcut = ActionPrefix + "deploy_this"
)

// OpenFormAction is the button that opens the form.
const OpenFormAction = ActionPrefix + "form"

// The blocks of a form, by which an error finds its field.
const (
	FieldService = "service"
	FieldVersion = "version"
	FieldPlan    = "plan"
	FieldWhen    = "when"
	FieldMoment  = "moment"
	FieldOptions = "options"
	FieldReason  = "reason"
)

// When is when a deploy starts, as it is chosen in a form.
type When string

// What can be chosen.
const (
	StartNow  When = ""
	StartFree When = "free" // as soon as nothing is in its way
	StartAt   When = "at"   // at a moment
)

// What can be ticked in a form.
const (
	TickAuto    = "auto"
	TickReplace = "replace"
)

const (
	mostOptions    = 100 // of what is suggested
	mostListed     = 20  // of a select's own: an ack carries 20 KiB; where there are more they are suggested
	mostOptionText = 75
	// MostOptionValue is the longest version that a select can carry. A longer one is typed.
	MostOptionValue = 150
	mostReason      = 300
	// mostError is how much is said under a field.
	mostError = 400
)

// DeployForm is what is filled in in the form of a deploy.
type DeployForm struct {
	rollout.DeployRequest
	When   When
	Moment time.Time // with StartAt; zero: not chosen yet
	// Services are those to choose from, by name.
	Services []rollout.Service
	// Preview is what the deploy would do; no blocks: too little is filled in to say.
	Preview Message
	// Metadata comes back with the form.
	Metadata string
}

// PlanAction is the action id of the field that holds a plan of the service: with another service it is another field, so
// that nothing stays in it. No other field depends on the service, or what somebody types there would be lost while the
// form follows the choice of a service.
func PlanAction(service rollout.ServiceName) string {
	return ActionPrefix + FieldPlan + "/" + string(service)
}

// DeployForm is the form that starts a rollout, filled in as far as that is known.
func (a Answers) DeployForm(f DeployForm) Modal {
	blocks := []slack.Block{serviceField(f), versionField(f)}
	for _, s := range f.Services {
		if s.Name == f.Service && len(s.Plans) > 0 {
			blocks = append(blocks, planField(f, s))
		}
	}
	blocks = append(blocks, whenField(f))
	if f.When == StartAt {
		blocks = append(blocks, momentField(f))
	}
	blocks = append(blocks, optionsField(f), reasonField(f.Text, "Others read it on the card and in the thread.", true), slack.NewDividerBlock())
	if len(f.Preview.Blocks) == 0 {
		needs := "a service and a version"
		if f.When == StartAt {
			needs = "a service, a version and a time"
		}
		blocks = append(blocks, context("What the deploy does is shown here before it starts, once there is "+needs+"."))
	}
	return Modal{
		Callback: DeployCallback, Title: "Deploy", Submit: "Deploy", Close: "Cancel", Metadata: f.Metadata,
		Blocks: append(blocks, f.Preview.Blocks...),
	}
}

func serviceField(f DeployForm) slack.Block {
	e := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plain("Type to search", 150), ActionPrefix+FieldService)
	if len(f.Services) > mostListed {
		e.Type, e.MinQueryLength = slack.OptTypeExternal, new(0)
	}
	for _, s := range f.Services {
		o := serviceOption(s)
		if s.Name == f.Service {
			e.InitialOption = o
		}
		if len(f.Services) <= mostListed {
			e.Options = append(e.Options, o)
		}
	}
	return asked(FieldService, "Service", e)
}

func serviceOption(s rollout.Service) *slack.OptionBlockObject {
	return option(string(s.Name), string(s.Name), s.Spec.Environment)
}

// option is one to choose. Its texts are from outside; an empty description is none.
func option(value, text, description string) *slack.OptionBlockObject {
	o := slack.NewOptionBlockObject(value, literal(text, mostOptionText), nil)
	if description != "" {
		o.Description = literal(description, mostOptionText)
	}
	return o
}

// literal is text from outside where Slack reads no markup.
func literal(text string, most int) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, withoutEmojiCodes(clip(text, most)), false, false)
}

// asked is a field whose every change the bot is told.
func asked(id, label string, e slack.BlockElement) *slack.InputBlock {
	return slack.NewInputBlock(id, plain(label, mostOptionText), nil, e).WithDispatchAction(true)
}

func versionField(f DeployForm) slack.Block {
	e := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, plain("Pick one, or type any", 150), ActionPrefix+FieldVersion)
	e.MinQueryLength = new(0)
	if f.Version != "" && len(f.Version) <= MostOptionValue {
		e.InitialOption = option(f.Version, f.Version, "")
	}
	return asked(FieldVersion, "Version", e)
}

func planField(f DeployForm, s rollout.Service) slack.Block {
	e := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, PlanAction(f.Service))
	for _, p := range append([]rollout.Plan{s.Spec.Plan}, s.Plans...) {
		o := option(p.Name, p.Name, Plain(describePlan(p)))
		if e.InitialOption == nil || p.Name == f.Plan {
			e.InitialOption = o
		}
		e.Options = append(e.Options, o)
	}
	if len(e.Options) > mostListed { // the others are typed
		e.Options = append(e.Options[:mostListed-1:mostListed-1], e.InitialOption)
	}
	return asked(FieldPlan, "Plan", e)
}

// now is the value of the option for StartNow: Slack takes no empty one.
const now = "now"

func whenField(f DeployForm) slack.Block {
	all := map[When]*slack.OptionBlockObject{
		StartNow:  option(now, "Now", ""),
		StartFree: option(string(StartFree), "As soon as nothing is in its way", "It waits in line for rollouts, locks and freezes to end."),
		StartAt:   option(string(StartAt), "At a time", "Everything is looked at again then."),
	}
	e := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, ActionPrefix+FieldWhen, all[StartNow], all[StartFree], all[StartAt])
	e.InitialOption = all[f.When]
	return asked(FieldWhen, "When", e)
}

// WhenOf reads what is chosen as when.
func WhenOf(value string) When {
	if value == now {
		return StartNow
	}
	return When(value)
}

func momentField(f DeployForm) slack.Block {
	e := slack.NewDateTimePickerBlockElement(ActionPrefix + FieldMoment)
	if !f.Moment.IsZero() {
		e.InitialDateTime = f.Moment.Unix()
	}
	b := asked(FieldMoment, "Time", e)
	b.Hint = plain("In your own time zone.", mostOptionText)
	return b
}

func optionsField(f DeployForm) slack.Block {
	auto := option(TickAuto, "Let the checks alone decide at every gate", "An approver has to start it.")
	replace := option(TickReplace, "Replace what is rolling out", "It is rolled back first. Also starts a version that was rolled back.")
	e := slack.NewCheckboxGroupsBlockElement(ActionPrefix+FieldOptions, auto, replace)
	if f.Auto {
		e.InitialOptions = append(e.InitialOptions, auto)
	}
	if f.Replace {
		e.InitialOptions = append(e.InitialOptions, replace)
	}
	return asked(FieldOptions, "Gates and replacing", e).WithOptional(true)
}

func reasonField(text, hint string, optional bool) slack.Block {
	e := slack.NewPlainTextInputBlockElement(nil, ActionPrefix+FieldReason)
	e.MaxLength, e.InitialValue = mostReason, clip(text, mostReason)
	return slack.NewInputBlock(FieldReason, plain("Reason", mostOptionText), plain(hint, mostOptionText), e).WithOptional(optional)
}

// ReadFrom says what a message does not name, from which a form was to be filled in.
func (a Answers) ReadFrom(l rollout.DeployRequest, versions []string) Message {
	switch {
	case l.Version != "":
		return message("I do not know which service the message is about: choose one.")
	case len(versions) > 1:
		return message("The message names several versions: choose one. What it would do is shown here before it starts.")
	case l.Service != "":
		return message("The message names no version that I can read: choose one, or type it. What it would do is shown here before it starts.")
	}
	return message("The message names no service and no version that I know: choose them. What they would do is shown here before it starts.")
}

// Previewed is what the form says while the cluster is looked at.
func (a Answers) Previewed(l rollout.DeployRequest, plan rollout.Plan) Message {
	if l.Auto {
		plan = plan.Automatic()
	}
	what := fmt.Sprintf("*%s gets %s*: %s.", word(string(l.Service)), word(l.Version), describePlan(plan))
	if l.Replace {
		what += " Whatever is rolling out for it is rolled back first."
	}
	return message(what).withBlocks(context(iconGoing + " Looking whether it would start …"))
}

// Behind is what the form says of a rollout that would wait for the end of another: its preflight is asked then.
func (a Answers) Behind(r rollout.Rollout) Message {
	return message(paragraph(
		fmt.Sprintf("%s *%s is rolled back first*, then %s starts, if nothing in the cluster speaks against it then.", iconGoing, word(string(r.Behind)), fullName(r)),
		capitalize(describePlan(r.Spec.Plan))+"."))
}

// Foreseen is what the form says of a deploy that would wait: for the moment, in the zone of whoever looks, or in line.
func (a Answers) Foreseen(o rollout.Outlook, plan rollout.Plan, when time.Time) Message {
	p := o.Pending
	head := fmt.Sprintf("%s *%s waits*, %s: it starts when nothing is in its way.", iconGoing, pendingName(p), placeWords(o.Place, p.Service))
	if !when.IsZero() {
		head = fmt.Sprintf("%s *%s starts on %s*, or as soon after as nothing is in its way.", iconGoing, pendingName(p), inZone(when))
	}
	if p.Request.Auto {
		plan = plan.Automatic()
	}
	return message(paragraph(head, inTheWay(p, o.InTheWay), droppedAfter(p), capitalize(describePlan(plan))+".", "The cluster is looked at then."))
}

// NotStarted is what the form says after it was sent and refused.
func (a Answers) NotStarted(why Message) Message {
	if strings.Contains(why.Text, "Nothing was started") {
		return why
	}
	return message(iconBad + " *Nothing was started.*").withBlocks(why.Blocks...)
}

// Unfit is what the form says after it was sent with something in a field that cannot be: why, as under the field.
func (a Answers) Unfit(why string) Message {
	why = escape(why, mostError)
	if strings.HasPrefix(why, "Nothing was changed") {
		return message(iconBad + " " + why)
	}
	return message(iconBad + " *Nothing was started.* " + why)
}

// LookFirst is for a form that was sent before it showed what it does, or after that changed.
func (a Answers) LookFirst(shown Message) Message {
	m := message(iconWarning + " *Nothing was started*: this is not what the form showed, or it had shown nothing yet. Look at it, then press Deploy again.")
	return m.withBlocks(shown.Blocks...)
}

// Mentions reports whether the message's text mentions people, which only mrkdwn shows by their names.
func (m Message) Mentions() bool {
	return strings.Contains(m.Text, "<@") || strings.Contains(m.Text, "<!")
}

// FieldError is what is said under a field: the message in one sentence, and what to do about it.
func FieldError(m Message, remedy string) string {
	return clip(Plain(joined(" ", m.Text, remedy)), mostError)
}

// TickToReplace says what to do where only replacing helps.
const TickToReplace = "To start it all the same, tick Replace what is rolling out."

// ChooseToWait says how to wait until nothing is in the way.
const ChooseToWait = "To wait for its end, choose that under When."

// GoneFromForm is said under the field of a service that left the configuration.
func GoneFromForm(service rollout.ServiceName) string {
	return fmt.Sprintf("%s is not in the configuration any more. Choose another.", clip(string(service), maxWord))
}

// ReplacesLater is said under the ticks of a deploy that waits and is to replace what there is.
const ReplacesLater = "Replacing is about what there is now, so it goes only with Now."

// NoVersion is said under a field with what is no version.
func NoVersion(word string) string {
	return clip(Plain(lineProblem(&command.Error{Problem: command.NoVersion, Word: word})), mostError)
}

// Told shows a message in the place of a form that did what it was for.
func (a Answers) Told(title string, m Message) Modal {
	return Modal{Title: title, Close: "Close", Blocks: m.Blocks}
}

// NoForm answers where no form could be opened: the same can be typed.
func (a Answers) NoForm() Message {
	return message(paragraph("Slack did not open the form. Try again, or type it:", a.typed("deploy SERVICE VERSION")))
}

// ReasonForm asks for the reason of a decision about the rollout, which the button of a card began.
func (a Answers) ReasonForm(r rollout.Rollout, v Value) Modal {
	title := ReasonTitle(v.Action)
	return Modal{
		Callback: ReasonCallback, Title: title, Submit: title, Close: "Cancel", Metadata: v.Encode(),
		Blocks: []slack.Block{
			section(paragraph(fmt.Sprintf("*%s %s?*", title, fullName(r)), status(r), whatItDoes(v.Action))),
			reasonField("", "Others read it on the card and in the thread.", false),
		},
	}
}

// WantsReason reports whether a form asks for the reason of the decision.
func WantsReason(action rollout.Action) bool {
	return action == rollout.Abandon || action == rollout.PromoteNow
}

// ReasonTitle is the title of the form that asks for a decision's reason.
func ReasonTitle(action rollout.Action) string {
	if action == rollout.PromoteNow {
		return "Promote now" // a title has room for 24 characters
	}
	first, _, _ := strings.Cut(actionVerb(action), " a rollout")
	return capitalize(first)
}

// whatItDoes says what a decision does that wants a reason.
func whatItDoes(action rollout.Action) string {
	// Others want no reason.
	//exhaustive:ignore
	switch action {
	case rollout.Abandon:
		return "The rollout ends, and the cluster stays as it is now. An approver has to."
	case rollout.PromoteNow:
		return "The rest of the bake is skipped. Every check passes so far; what shows later is not seen at this weight."
	default:
		return ""
	}
}

// Version is one that a form suggests.
type Version struct {
	Name string // as it is deployed
	Note string // what is known of it; empty: nothing
}

// Versions are suggested together, under a heading.
type Versions struct {
	Heading string
	All     []Version
}

// Suggestions are the options of a select, group by group. What no option can carry is left out, as is what an earlier
// group has.
func Suggestions(groups ...Versions) []*slack.OptionGroupBlockObject {
	var all []*slack.OptionGroupBlockObject
	seen, left := map[string]bool{}, mostOptions
	for _, g := range groups {
		var options []*slack.OptionBlockObject
		for _, v := range g.All {
			if v.Name == "" || seen[v.Name] || len(v.Name) > MostOptionValue || left == 0 {
				continue
			}
			seen[v.Name] = true
			left--
			options = append(options, option(v.Name, v.Name, v.Note))
		}
		if len(options) > 0 {
			all = append(all, slack.NewOptionGroupBlockElement(plain(g.Heading, mostOptionText), options...))
		}
	}
	return all
}

// HowItEnded says in a few words what became of a rollout, for whoever thinks of its version again.
func (a Answers) HowItEnded(r rollout.Rollout) string {
	switch {
	case !r.Terminal():
		return "is rolling out as " + string(r.ID)
	case r.Ending.Outcome == rollout.Succeeded:
		return "released by " + string(r.ID)
	case r.Ending.Outcome == rollout.RolledBack:
		return "rolled back in " + string(r.ID)
	}
	return "did not finish in " + string(r.ID)
}

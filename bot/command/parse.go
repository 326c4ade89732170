package command

import (
	"slices"
	"strings"

	"canarybot.io/rollout"
)

// The options of deploy.
const (
	optPlan     = "--plan"
	optAuto     = "--auto"
	optReplace  = "--replace"
	optDryRun   = "--dry-run"
	optTogether = "--together"
	optAt       = "--at"
	optQueue    = "--queue"

	optEmergency = "--emergency"
)

// The one option of rollback, and of promote.
const (
	optGently = "--gently"
	optNow    = "--now"
)

var options = []string{optPlan, optAuto, optReplace, optDryRun, optTogether, optAt, optQueue, optEmergency}

// Parse reads what follows the slash command, or the mention that a message begins with. An empty line means help. The
// error is an *Error.
func Parse(text string, known Known) (Command, error) {
	p := &parser{line: line{rest: unslack(text)}, known: known}
	p.skipAddress()
	p.skipPolite()
	p.text = p.rest
	word := p.next()
	if word == "" {
		return Command{Verb: Help}, nil
	}
	form, ok := named(strings.ToLower(word))
	if !ok {
		return Command{}, p.wrong(UnknownCommand, word, nearest(strings.ToLower(word), names()))
	}
	p.form = form
	p.cmd.Verb = form.Verb
	var err *Error
	// Every other verb is read by its form.
	//exhaustive:ignore
	switch form.Verb {
	case Deploy:
		err = p.deploy()
	case Help:
		err = p.help()
	case Freeze, Unfreeze, Lock, Unlock:
		err = p.closure()
	case Report:
		err = p.report()
	case Queue:
		err = p.queue()
	case Incident:
		err = p.incident()
	case Digest:
		err = p.digest()
	default:
		err = p.plain()
	}
	if err == nil {
		err = p.talk()
	}
	if err != nil {
		return Command{}, err
	}
	return p.cmd, nil
}

// parser reads one line from left to right.
type parser struct {
	line
	text  string // all of the line, from the verb on
	tail  string // the reason, with what introduced it
	named bool   // the service was typed
	known Known
	form  Form
	cmd   Command
}

func (p *parser) wrong(problem Problem, word, near string) *Error {
	return &Error{Problem: problem, Verb: p.form.Verb, Word: word, Nearest: near, Service: p.cmd.Service}
}

// skipAddress skips what a line may be addressed with: the bot's own name or the slash command, typed as text.
func (p *parser) skipAddress() {
	for {
		word := p.peek()
		name, isName := strings.CutPrefix(word, "@")
		if len(word) < 2 || word[0] != '/' && !(isName && slices.Contains(p.known.Self, name)) {
			return
		}
		p.next()
	}
}

// plain reads every command but those with a way of their own: VERB [SERVICE] [REASON...], an option before or after the service.
func (p *parser) plain() *Error {
	if p.known.Message {
		p.skipPolite()
	}
	p.own()
	if p.form.service != never {
		if err := p.service(); err != nil {
			return err
		}
	}
	p.own()
	if p.form.reason == never {
		return p.end()
	}
	if err := p.words(); err != nil {
		return err
	}
	if Blank(p.cmd.Reason) && (p.form.reason == required || p.cmd.Now) {
		return p.wrong(MissingReason, "", "")
	}
	return nil
}

// own reads the one option that the verb has, where it comes next.
func (p *parser) own() {
	if option := ownOption(p.form.Verb); option == "" || strings.ToLower(p.peek()) != option {
		return
	}
	p.next()
	p.cmd.Now, p.cmd.Gently = p.form.Verb == Promote, p.form.Verb == Rollback
}

// ownOption returns the one option of a verb that has one; deploy has several.
func ownOption(v Verb) string {
	// The others have none.
	//exhaustive:ignore
	switch v {
	case Promote:
		return optNow
	case Rollback:
		return optGently
	}
	return ""
}

// words reads the reason.
func (p *parser) words() *Error {
	if p.known.Message {
		return p.because()
	}
	p.tail = p.rest
	dashed := p.peek() == "--"
	p.cmd.Reason = p.reason()
	if dashed { // after a dash everything is text
		return nil
	}
	// An option was hardly meant as a word: who writes promote checkout --dry-run wants nothing to move.
	if word := optionIn(p.cmd.Reason); word != "" {
		if word == ownOption(p.form.Verb) {
			return p.wrong(LateOption, word, "")
		}
		return p.wrong(UnknownOption, word, "")
	}
	return nil
}

// optionIn returns the first word that is written like an option at the beginning of a reason, or is one of deploy's
// anywhere in it.
func optionIn(reason string) string {
	first := (&line{rest: reason}).peek()
	if len(first) > 2 && strings.HasPrefix(first, "--") && alphanumeric(rune(first[2])) && !digit(first[2]) {
		return first
	}
	return lateOption(reason)
}

func digit(b byte) bool { return '0' <= b && b <= '9' }

// help reads help [COMMAND].
func (p *parser) help() *Error {
	word := p.next()
	switch strings.ToLower(word) {
	case "":
		return nil
	case string(All):
		p.cmd.Topic = All
		return p.end()
	}
	form, ok := named(strings.ToLower(word))
	if !ok {
		return p.wrong(UnknownCommand, word, nearest(strings.ToLower(word), names()))
	}
	p.cmd.Topic = form.Verb
	return p.end()
}

// end rejects surplus words.
func (p *parser) end() *Error {
	if p.known.Message {
		p.skipPolite()
	}
	if word := p.next(); word != "" {
		return p.wrong(TooManyWords, word, "")
	}
	return nil
}

// service reads SERVICE, which may be a rollout's id and is optional in a rollout's thread.
func (p *parser) service() *Error {
	word := p.peek()
	service, id, ok := p.target(word)
	thread, _, inThread := p.known.Thread.Split()
	switch {
	case ok && inThread && service != thread && !slices.Contains(p.known.Besides, service) && p.form.Verb.Decides():
		err := p.wrong(OtherThread, word, "")
		err.Thread = thread
		return err
	case ok:
		p.next()
		p.cmd.Service, p.cmd.Rollout, p.named = service, id, true
	case inThread && (word == "" || p.form.reason != never):
		p.cmd.Service, p.cmd.Rollout = thread, p.known.Thread
	case word == "" && p.form.service == required:
		return p.wrong(MissingService, "", "")
	case word != "":
		return p.wrong(UnknownService, word, p.nearestService(word))
	}
	return nil
}

// target returns what a word names: a service, or a rollout of one.
func (p *parser) target(word string) (rollout.ServiceName, rollout.ID, bool) {
	word = strings.ToLower(word)
	if slices.Contains(p.known.Services, rollout.ServiceName(word)) {
		return rollout.ServiceName(word), "", true
	}
	id := rollout.ID(word)
	service, _, ok := id.Split()
	if ok && (id == p.known.Thread || slices.Contains(p.known.Services, service)) {
		return service, id, true
	}
	return "", "", false
}

func (p *parser) nearestService(word string) string {
	all := make([]string, len(p.known.Services))
	for i, s := range p.known.Services {
		all[i] = string(s)
	}
	return nearest(strings.ToLower(word), all)
}

// deploy reads SERVICE VERSION, options before, between and after them, and the reason.
func (p *parser) deploy() *Error {
	if several, ok := p.several(); ok {
		return several()
	}
	positional := []func() *Error{p.deployService, p.version}
	for {
		word := p.peek()
		switch {
		case strings.HasPrefix(word, "--") && word != "--":
			p.next()
			if err := p.option(word); err != nil {
				return err
			}
			continue
		case len(positional) > 0:
			if err := positional[0](); err != nil {
				return err
			}
			positional = positional[1:]
			continue
		}
		return p.deployReason()
	}
}

// deployService is service, but in a thread it may be left out only if the next word is not a misspelt service:
// otherwise a wrong version would be deployed.
func (p *parser) deployService() *Error {
	word := p.peek()
	if _, _, ok := p.target(word); !ok && word != "" {
		if near := p.nearestService(word); near != "" {
			err := p.wrong(UnknownService, word, near)
			err.Meant = p.meantDeploy()
			return err
		}
	}
	if err := p.service(); err != nil {
		err.Meant = p.meantDeploy()
		return err
	}
	p.cmd.Rollout = "" // a deploy is about a service; a rollout is what it makes
	return nil
}

func (p *parser) version() *Error {
	word := p.next()
	switch {
	case word == "" || word == "--":
		return p.wrong(MissingVersion, "", "")
	case !isVersion(word):
		err := p.wrong(NoVersion, word, "")
		err.Meant = p.meantDeploy()
		return err
	}
	p.cmd.Version = word
	return nil
}

// option reads one option, and its value if it takes one: --plan NAME or --plan=NAME.
func (p *parser) option(word string) *Error {
	name, value, valued := strings.Cut(word, "=")
	name = strings.ToLower(name)
	flag := map[string]*bool{optAuto: &p.cmd.Auto, optReplace: &p.cmd.Replace, optDryRun: &p.cmd.DryRun, optQueue: &p.cmd.Queue, optEmergency: &p.cmd.Emergency}[name]
	switch {
	case flag != nil && valued:
		return p.wrong(UnwantedValue, name, "")
	case flag != nil:
		*flag = true // repeating it is allowed
		return nil
	case name == optAt:
		return p.at(value)
	case name == optTogether && valued:
		return p.wrong(UnwantedValue, name, "")
	case name == optTogether:
		return p.wrong(Alone, name, "")
	case name != optPlan:
		return p.wrong(UnknownOption, word, nearest(name, options))
	case p.cmd.Plan != "":
		return p.wrong(RepeatedOption, optPlan, "")
	case !valued:
		value = p.peek()
		if !strings.HasPrefix(value, "-") {
			p.next()
		}
	}
	value = clean(value)
	if value == "" || strings.HasPrefix(value, "-") {
		return p.wrong(MissingValue, optPlan, "")
	}
	p.cmd.Plan = value
	return nil
}

// deployReason reads the rest of the line. An option in it stands too late: overlooking --dry-run would start an unwanted
// rollout. Nor is it a reason that another version follows an arrow: nobody can tell which of the two is meant.
func (p *parser) deployReason() *Error {
	if word := p.secondVersion(); word != "" {
		return p.wrong(TwoVersions, word, "")
	}
	err := p.words()
	switch {
	case err != nil && err.Problem == UnknownOption:
		err.Problem = LateOption
	case err == nil && p.cmd.Emergency && Blank(p.cmd.Reason):
		err = p.wrong(MissingReason, "", "")
	}
	if word := p.onlyNow(); err == nil && word != "" && (p.cmd.At != "" || p.cmd.Queue) {
		return p.wrong(NowOrLater, word, "")
	}
	return err
}

// onlyNow returns the option that is about what there is now, and so cannot wait; empty: there is none.
func (p *parser) onlyNow() string {
	switch {
	case p.cmd.DryRun:
		return optDryRun
	case p.cmd.Replace:
		return optReplace
	case p.cmd.Emergency:
		return optEmergency
	case len(p.cmd.Together) > 0:
		return optTogether
	}
	return ""
}

// secondVersion returns the version that an arrow, or the word to, leads to.
func (p *parser) secondVersion() string {
	rest := p.line
	switch strings.ToLower(rest.next()) {
	case "to", "=>", "→", "⇒", "➡", "➡️": // -> is read as an option, and refused as one
		if word := rest.peek(); isVersion(word) {
			return word
		}
	}
	return ""
}

// lateOption returns the first word of a reason that is an option.
func lateOption(reason string) string {
	for _, w := range strings.FieldsFunc(reason, space) {
		name, _, _ := strings.Cut(strings.ToLower(clean(w)), "=")
		if slices.Contains(options, name) || name == optGently || name == optNow {
			return name
		}
	}
	return ""
}

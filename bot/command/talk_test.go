package command_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/bot/command"
	"canarybot.io/rollout"
)

// asMessage is what followed a mention: in the channel, and in a rollout's thread.
var (
	asMessage  = command.Known{Services: services, Message: true}
	asAnswer   = command.Known{Services: services, Message: true, Thread: "checkout-42"}
	elsewhere  = command.Known{Services: services, Message: true, Thread: "search-3"}
	everywhere = map[string]command.Known{"the channel": asMessage, "the thread": asAnswer, "another thread": elsewhere}
)

func TestAfterMention(t *testing.T) {
	for text, want := range map[string]string{
		"<@U0CANARY> promote":           " promote",
		"<@U0CANARY|canary> promote":    " promote",
		" \u200b\n<@U0CANARY>: promote": ": promote",
		"<@W0CANARY> promote":           " promote",
		"<@U0CANARY>":                   "",
	} {
		if got, ok := command.AfterMention(text, "U0CANARY", "W0CANARY"); !ok || got != want {
			t.Errorf("%q: got %q, %v", text, got, ok)
		}
	}
	for _, text := range []string{
		"", "promote", "promote <@U0CANARY>", "not yet <@U0CANARY> promote",
		"promote? not before we looked at the graphs. what does <@U0CANARY> say",
		"&gt; <@U0CANARY> rollback", "&gt;&gt;&gt;<@U0CANARY> rollback", "```<@U0CANARY> rollback```", "`<@U0CANARY> rollback`",
		"• <@U0CANARY> rollback", "1. <@U0CANARY> rollback", "- <@U0CANARY> rollback", "“<@U0CANARY> rollback”",
		"*<@U0CANARY> rollback*", "_<@U0CANARY> rollback_", "~<@U0CANARY> rollback~", "(<@U0CANARY> rollback)",
		":warning: <@U0CANARY> rollback", "🐤 <@U0CANARY> rollback",
		"<@U0OTHER> <@U0CANARY> rollback", "<@U0CANARYTOO> rollback", "<@U0CANARYTOO|U0CANARY> rollback",
		"@canary rollback", "canary rollback", "@U0CANARY rollback", "<@U0CANARY rollback", "<!subteam^S0TEAM|canary> rollback",
		"<#C0DEPLOYS|deploys> <@U0CANARY> rollback", "<https://example.com|<@U0CANARY>> rollback",
	} {
		if got, ok := command.AfterMention(text, "U0CANARY", "W0CANARY"); ok {
			t.Errorf("%q: got %q", text, got)
		}
	}
	if _, ok := command.AfterMention("<@> promote", ""); ok {
		t.Error("a bot that does not know its id takes everything for its own")
	}
}

// What follows a mention is a command only where it cannot be talk.
func TestMessagesThatAreCommands(t *testing.T) {
	here := func(v command.Verb, reason string) command.Command {
		return command.Command{Verb: v, Service: "checkout", Rollout: "checkout-42", Reason: reason}
	}
	for line, want := range map[string]command.Command{
		"promote":                              here(command.Promote, ""),
		"Promote.":                             here(command.Promote, ""),
		"promote!":                             here(command.Promote, ""),
		", promote":                            here(command.Promote, ""),
		": promote":                            here(command.Promote, ""),
		"*promote*":                            here(command.Promote, ""),
		"`promote`":                            here(command.Promote, ""),
		"please promote":                       here(command.Promote, ""),
		"Promote, please!":                     here(command.Promote, ""),
		"rollback now!!":                       here(command.Rollback, ""),
		"promote checkout":                     about(command.Promote, "checkout", ""),
		"promote checkout-42 please":           here(command.Promote, ""),
		"promote because the graphs are fine":  here(command.Promote, "the graphs are fine"),
		"promote, because the graphs are fine": here(command.Promote, "the graphs are fine"),
		"rollback checkout because errors at 5 %":       about(command.Rollback, "checkout", "errors at 5 %"),
		"rollback because see <https://e.example/?a=b>": here(command.Rollback, "see https://e.example/?a=b"),
		"rollback because of errors":                    here(command.Rollback, "errors"),
		"abandon because the cluster moves":             here(command.Abandon, "the cluster moves"),
		"deploy v1.2.5 because hot fix":                 deploy(func(c *command.Command) { c.Version, c.Reason = "v1.2.5", "hot fix" }),
		"deploy checkout v1.2.4 —auto now":              deploy(func(c *command.Command) { c.Auto = true }),
		"status?":                                       here(command.Status, ""),
		"status, please?":                               here(command.Status, ""),
		"why?":                                          here(command.Why, ""),
		"whoami please":                                 {Verb: command.Whoami},
		"":                                              {Verb: command.Help},
	} {
		expect(t, line, asAnswer, want)
	}
}

// isNothing fails unless nothing would be done.
func isNothing(t *testing.T, line string, known command.Known) *command.Error {
	t.Helper()
	got, err := command.Parse(line, known)
	var e *command.Error
	if !errors.As(err, &e) || !cmp.Equal(got, command.Command{}) {
		t.Errorf("%q is a command: %+v, %v", line, got, err)
		return &command.Error{}
	}
	return e
}

func TestTalkDecidesNothing(t *testing.T) {
	for _, line := range []string{
		"promote?", "promote??", "promote?!", "promote!?", "promote ?", "promote？", "promote؟", "¿promote?", "*promote?*", "`promote`?", "_promote?_",
		"promote (?)", "? promote", "promote checkout?", "promote checkout-42 ?", "promote please?", "promote because it is fine?",
		"promote later", "promote, no wait", "promote - no wait", "promote — not yet", "promote: no", "promote\nnot yet", "promote...", "promote…", "promote ...", "promote please...", "promote checkout..", "promote “”", "promote checkout-42 …",
		"promote looks good", "promote 🤔", "promote :thinking_face:", "promote -- not yet", "promote when the graphs are fine", "promote because",
		"promote checkout later", "promote <@U0OTHER>", "promote\n&gt; promote", "```promote```", "promote ```checkout```",
		"not yet: promote", "don't promote", "don’t promote", "never promote", "no, promote", "wait, promote", "shall we promote", "can you promote?",
		"~promote~", "“promote”", "'promote'", "\"promote\"", "«promote»", "‘promote’", "&gt; promote", "• promote", "- promote", "1. promote", "(promote)", "[promote]",
		"<@U0OTHER> promote", "<@U0CANARY> promote", "@dev promote", "<!here> promote", "<!channel|channel> promote", "<#C1|deploys> promote",
		":rocket: promote", "🚀 promote", "🚀promote", "promote🚀", "<https://promote.example|promote>",
		"rollback??", "rollback?", "rollback is a bit drastic, no?", "rollback it is slow", "rollback later", "don't rollback", "rollback, it is slow",
		"pause for a coffee", "resume?", "override that?", "accept that", "retry? no", "abandon it all", "abandon because why not?",
		"deploy v1.2.5 tomorrow", "deploy checkout v1.2.4?", "deploy checkout v1.2.4 hot fix", "deploy v1.2.4 to checkout", "deploy checkout v1.2.4 --dry-run?",
		"stop it", "cancel that", "undo?", "approve?", "abort, abort", "stop?",
	} {
		for where, known := range everywhere {
			e := isNothing(t, line, known)
			if e.Nearest != "" && e.Problem == command.Talk {
				t.Errorf("%q in %s: %+v", line, where, e)
			}
		}
	}
}

// In a slash command words after it are its reason; but what its own words ask is not done either.
func TestAQuestionIsNoCommand(t *testing.T) {
	for _, line := range []string{
		"promote? checkout", "promote checkout?", "promote checkout ?", "promote checkout??", "rollback checkout?", "rollback? checkout", "deploy? checkout v1.2.4",
		"deploy checkout? v1.2.4", "deploy checkout v1.2.4?", "abandon checkout-42? the cluster moves", "promote checkout shall I?", "resume checkout ok?",
		"accept checkout a backup ran?", "@canary promote checkout?", "pause checkout?",
	} {
		if e := isNothing(t, line, inChannel); e.Problem != command.Question {
			t.Errorf("%q: %+v", line, e)
		}
	}
	expect(t, "rollback checkout who broke this?", inChannel, about(command.Rollback, "checkout", "who broke this?"))
	expect(t, "deploy checkout v1.2.4 fixes the dialog \"are you sure?\"", inChannel,
		deploy(func(c *command.Command) { c.Reason = "fixes the dialog \"are you sure?\"" }))
	expect(t, "status checkout?", inChannel, about(command.Status, "checkout", ""))
	isNothing(t, "@dev promote checkout", inChannel)
	isNothing(t, "<@U0OTHER> promote checkout", inChannel)
}

func TestTalkSaysWhatToWrite(t *testing.T) {
	for line, want := range map[string]command.Error{
		"promote later":              {Problem: command.Talk, Verb: command.Promote, Word: "later", Service: "checkout", Meant: "promote"},
		"promote?":                   {Problem: command.Question, Verb: command.Promote, Service: "checkout", Meant: "promote"},
		"approve checkout? not yet":  {Problem: command.Talk, Verb: command.Promote, Word: "not", Service: "checkout", Meant: "promote checkout"},
		"rollback checkout-42 later": {Problem: command.Talk, Verb: command.Rollback, Word: "later", Service: "checkout", Meant: "rollback checkout-42"},
		"deploy v1.2.4 to checkout":  {Problem: command.Talk, Verb: command.Deploy, Word: "to", Service: "checkout", Meant: "deploy checkout v1.2.4"},
		"deploy v1.2.4 to search":    {Problem: command.Talk, Verb: command.Deploy, Word: "to", Service: "checkout", Meant: "deploy search v1.2.4"},
	} {
		if diff := cmp.Diff(want, *isNothing(t, line, asAnswer)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", line, diff)
		}
	}
}

// Words that are no version start nothing; the right form is offered where the line names both.
func TestDeployInOtherWords(t *testing.T) {
	const right = "deploy checkout v1.2.4"
	for line, meant := range map[string]string{
		"deploy checkout to v1.2.4":             right,
		"deploy v1.2.4 to checkout":             right,
		"deploy v1.2.4 checkout":                right,
		"deploy checkout=v1.2.4":                right,
		"deploy checkout:v1.2.4":                right,
		"deploy checkout@v1.2.4":                right,
		"deploy checkout/v1.2.4":                right,
		"deploy checkout @ v1.2.4":              right,
		"deploy checkout = v1.2.4":              right,
		"deploy checkout =v1.2.4":               right,
		"deploy checkout @v1.2.4":               right,
		"deploy checkout version v1.2.4":        right,
		"deploy checkout tag v1.2.4":            right,
		"deploy checkout at v1.2.4":             right,
		"deploy version v1.2.4 of checkout":     right,
		"deploy the checkout v1.2.4":            right,
		"deploy checkout with v1.2.4 please":    right,
		"deploy checkout -> v1.2.4":             "",
		"deploy checkout to v1.2.4 --auto":      "",
		"deploy checkout to":                    "",
		"deploy checkout latest":                "",
		"deploy checkout main":                  "",
		"deploy checkout again":                 "",
		"deploy checkout, please":               "",
		"deploy payments to v1.2.4":             "",
		"deploy checkout from v1.2.3 to v1.2.4": "",
		"deploy checkout v1.2.3 to v1.2.4":      "",
		"deploy checkout v1.2.3 → v1.2.4":       "",
		"deploy checkout v1.2.3 -> v1.2.4":      "",
		"deploy checkout v1.2.3 => v1.2.4":      "",
	} {
		if e := isNothing(t, line, inChannel); e.Meant != meant {
			t.Errorf("%q: meant %q, want %q", line, e.Meant, meant)
		}
	}
	expect(t, "deploy checkout : v1.2.4", inChannel, deploy(nil)) // nothing else can be meant
	for _, version := range []string{
		"v1.2.4", "1.2.4", "2026-11-28", "7", "deadbeef", "abcdefa", "_v1", "V2", "release-7", "registry.example.com/shop/checkout:main",
		"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "localhost:5000/checkout:main",
	} {
		expect(t, "deploy checkout "+version, inChannel, deploy(func(c *command.Command) { c.Version = version }))
	}
}

// FuzzMessage holds messages to their promise: what decides something neither asks nor goes on after its words.
func FuzzMessage(f *testing.F) {
	for _, s := range []string{"promote", "promote? no", "promote because fine", "deploy v1 now", "please rollback!", "*promote*", "promote ```x```"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		known := command.Known{Services: []rollout.ServiceName{"checkout"}, Message: true, Thread: "checkout-42"}
		cmd, err := command.Parse(text, known)
		if err != nil || cmd.Verb != command.Deploy && !cmd.Verb.Decides() {
			return
		}
		known.Message = false
		plain, err := command.Parse(text, known)
		if err != nil || plain.Verb != cmd.Verb {
			t.Fatalf("%q is %+v in a message, and %+v, %v as a command", text, cmd, plain, err)
		}
	})
}

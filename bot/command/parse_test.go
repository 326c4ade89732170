package command_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/bot/command"
	"canarybot.io/rollout"
)

var services = []rollout.ServiceName{"checkout", "search", "api-gateway"}

// inChannel and inThread are where a line is typed.
var (
	inChannel = command.Known{Services: services, Self: []string{"canary", "U0CANARY"}}
	inThread  = command.Known{Services: services, Self: []string{"canary", "U0CANARY"}, Thread: "checkout-42"}
)

func deploy(change func(c *command.Command)) command.Command {
	c := command.Command{Verb: command.Deploy, Service: "checkout", Version: "v1.2.4"}
	if change != nil {
		change(&c)
	}
	return c
}

func about(v command.Verb, service rollout.ServiceName, reason string) command.Command {
	return command.Command{Verb: v, Service: service, Reason: reason}
}

func TestParseTheGrammar(t *testing.T) {
	for line, want := range map[string]command.Command{
		"":                                   {Verb: command.Help},
		"help":                               {Verb: command.Help},
		"help deploy":                        {Verb: command.Help, Topic: command.Deploy},
		"help abort":                         {Verb: command.Help, Topic: command.Rollback},
		"deploy checkout v1.2.4":             deploy(nil),
		"DEPLOY Checkout v1.2.4":             deploy(nil),
		"deploy checkout v1.2.4 faster tax":  deploy(func(c *command.Command) { c.Reason = "faster tax" }),
		"deploy checkout v1.2.4 a  b\tc":     deploy(func(c *command.Command) { c.Reason = "a  b\tc" }),
		"deploy checkout v1.2.4 --auto":      deploy(func(c *command.Command) { c.Auto = true }),
		"deploy checkout v1.2.4 --replace":   deploy(func(c *command.Command) { c.Replace = true }),
		"deploy checkout v1.2.4 --dry-run":   deploy(func(c *command.Command) { c.DryRun = true }),
		"deploy checkout v1.2.4 --plan fast": deploy(func(c *command.Command) { c.Plan = "fast" }),
		"deploy checkout v1.2.4 --plan=fast": deploy(func(c *command.Command) { c.Plan = "fast" }),
		"deploy --auto checkout --replace v1.2.4 --dry-run why not": deploy(func(c *command.Command) {
			c.Auto, c.Replace, c.DryRun, c.Reason = true, true, true, "why not"
		}),
		"deploy checkout v1.2.4 --auto -- --auto is what I mean": deploy(func(c *command.Command) { c.Auto, c.Reason = true, "--auto is what I mean" }),
		"deploy checkout v1.2.4 — faster tax":                    deploy(func(c *command.Command) { c.Reason = "faster tax" }),
		"deploy checkout v1.2.4 cut-off -5 %":                    deploy(func(c *command.Command) { c.Reason = "cut-off -5 %" }),
		"deploy checkout registry.example.com/shop/checkout:v1":  deploy(func(c *command.Command) { c.Version = "registry.example.com/shop/checkout:v1" }),
		"status":                             {Verb: command.Status},
		"status search":                      about(command.Status, "search", ""),
		"status checkout-41":                 {Verb: command.Status, Service: "checkout", Rollout: "checkout-41"},
		"services":                           {Verb: command.Services},
		"history":                            {Verb: command.History},
		"history api-gateway":                about(command.History, "api-gateway", ""),
		"checks checkout":                    about(command.Checks, "checkout", ""),
		"whoami":                             {Verb: command.Whoami},
		"promote checkout":                   about(command.Promote, "checkout", ""),
		"approve checkout looks good":        about(command.Promote, "checkout", "looks good"),
		"rollback checkout it is *slow*":     about(command.Rollback, "checkout", "it is *slow*"),
		"abort checkout":                     about(command.Rollback, "checkout", ""),
		"rollback checkout -5 % of orders":   about(command.Rollback, "checkout", "-5 % of orders"),
		"rollback checkout -- --dry-run":     about(command.Rollback, "checkout", "--dry-run"),
		"rollback checkout — it is slow":     about(command.Rollback, "checkout", "it is slow"),
		"cancel checkout":                    about(command.Rollback, "checkout", ""),
		"stop checkout":                      about(command.Rollback, "checkout", ""),
		"undo checkout-42":                   {Verb: command.Rollback, Service: "checkout", Rollout: "checkout-42"},
		"pause checkout":                     about(command.Pause, "checkout", ""),
		"resume checkout":                    about(command.Resume, "checkout", ""),
		"override checkout":                  about(command.Override, "checkout", ""),
		"retry checkout":                     about(command.Retry, "checkout", ""),
		"retry checkout the node is back":    about(command.Retry, "checkout", "the node is back"),
		"abandon checkout the cluster moves": about(command.Abandon, "checkout", "the cluster moves"),
	} {
		expect(t, line, inChannel, want)
	}
}

func expect(t *testing.T, line string, known command.Known, want command.Command) {
	t.Helper()
	got, err := command.Parse(line, known)
	if err != nil {
		t.Errorf("%q: %v", line, err)
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%q (-want +got):\n%s", line, diff)
	}
}

func TestParseUndoesWhatPhonesDo(t *testing.T) {
	full := deploy(func(c *command.Command) { c.Auto, c.DryRun = true, true })
	for line, want := range map[string]command.Command{
		"Deploy checkout v1.2.4 —auto —dry-run":             full,
		"deploy checkout v1.2.4 –auto –dry–run":             full,
		"deploy checkout v1.2.4 ‑‑auto −−dry‑run":           full,
		"deploy checkout v1.2.4 -auto ---dry-run":           full,
		"deploy\u00a0checkout\u202fv1.2.4 --auto --dry-run": full,
		"deploy checkout v1.2.4 --Auto --DRY-RUN":           full,
		"deploy `checkout` `v1.2.4`":                        deploy(nil),
		"deploy “checkout” ‘v1.2.4’":                        deploy(nil),
		"deploy *checkout* \"v1.2.4\"":                      deploy(nil),
		"deploy \u200bcheckout\u200b v1.2.4\u2060":          deploy(nil),
		"\u200e deploy checkout v1.2.4.":                    deploy(nil),
		"  deploy   checkout   v1.2.4  ":                    deploy(nil),
		"deploy checkout v1.2.4 “it’s faster — really”":     deploy(func(c *command.Command) { c.Reason = "“it’s faster — really”" }),
		"status checkout?":                                  about(command.Status, "checkout", ""),
		"promote checkout!":                                 about(command.Promote, "checkout", ""),
		"/canary promote checkout":                          about(command.Promote, "checkout", ""),
		"@canary promote checkout":                          about(command.Promote, "checkout", ""),
		"<@U0CANARY> promote checkout":                      about(command.Promote, "checkout", ""),
		"<@U0CANARY|canary> promote checkout":               about(command.Promote, "checkout", ""),
		"<@U0CANARY>":                                       {Verb: command.Help},
		"deploy checkout <http://v1.2.4|v1.2.4>":            deploy(nil),
		"rollback checkout errors &gt; 1 % &amp; rising":    about(command.Rollback, "checkout", "errors > 1 % & rising"),
		"rollback checkout see <https://example.com/a?b=1>": about(command.Rollback, "checkout", "see https://example.com/a?b=1"),
		"rollback checkout says <@U024BE7LH>":               about(command.Rollback, "checkout", "says @U024BE7LH"),
		"rollback checkout 1 < 2 and 3 > 2":                 about(command.Rollback, "checkout", "1 < 2 and 3 > 2"),
	} {
		expect(t, line, inChannel, want)
	}
}

func TestParseInAThread(t *testing.T) {
	here := func(v command.Verb, reason string) command.Command {
		return command.Command{Verb: v, Service: "checkout", Rollout: "checkout-42", Reason: reason}
	}
	for line, want := range map[string]command.Command{
		"<@U0CANARY> promote":               here(command.Promote, ""),
		"<@U0CANARY> promote looks good":    here(command.Promote, "looks good"),
		"<@U0CANARY> rollback, it is slow":  here(command.Rollback, "it is slow"),
		"<@U0CANARY> abandon cluster moves": here(command.Abandon, "cluster moves"),
		"promote checkout":                  about(command.Promote, "checkout", ""),
		"promote checkout-42 fine":          here(command.Promote, "fine"),
		"status":                            here(command.Status, ""),
		"status search":                     about(command.Status, "search", ""),
		"checks":                            here(command.Checks, ""),
		"deploy v1.2.5 hot fix":             deploy(func(c *command.Command) { c.Version, c.Reason = "v1.2.5", "hot fix" }),
		"deploy search v1.2.4":              deploy(func(c *command.Command) { c.Service = "search" }),
	} {
		expect(t, line, inThread, want)
	}
}

// TestParseKnowsTheThreadsRollout covers a live rollout whose service left the configuration.
func TestParseKnowsTheThreadsRollout(t *testing.T) {
	known := command.Known{Services: services, Thread: "gone-7"}
	want := command.Command{Verb: command.Rollback, Service: "gone", Rollout: "gone-7"}
	expect(t, "rollback", known, want)
	expect(t, "rollback gone-7", known, want)
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		line  string
		known command.Known
		want  command.Error
	}{
		{"depoly checkout v1", inChannel, command.Error{Problem: command.UnknownCommand, Word: "depoly", Nearest: "deploy"}},
		{"prom checkout", inChannel, command.Error{Problem: command.UnknownCommand, Word: "prom", Nearest: "promote"}},
		{"xyzzy", inChannel, command.Error{Problem: command.UnknownCommand, Word: "xyzzy"}},
		{"help depoly", inChannel, command.Error{Problem: command.UnknownCommand, Verb: command.Help, Word: "depoly", Nearest: "deploy"}},
		{"promote", inChannel, command.Error{Problem: command.MissingService, Verb: command.Promote}},
		{"checks", inChannel, command.Error{Problem: command.MissingService, Verb: command.Checks}},
		{"promote chekcout", inChannel, command.Error{Problem: command.UnknownService, Verb: command.Promote, Word: "chekcout", Nearest: "checkout"}},
		{"promote checkout-0", inChannel, command.Error{Problem: command.UnknownService, Verb: command.Promote, Word: "checkout-0", Nearest: "checkout"}},
		{"deploy checkout", inChannel, command.Error{Problem: command.MissingVersion, Verb: command.Deploy, Service: "checkout"}},
		{"deploy checkout -- v1", inChannel, command.Error{Problem: command.MissingVersion, Verb: command.Deploy, Service: "checkout"}},
		{"deploy serch v1.2.4", inThread, command.Error{Problem: command.UnknownService, Verb: command.Deploy, Word: "serch", Nearest: "search"}},
		{"deploy checkout v1 --atuo", inChannel, command.Error{Problem: command.UnknownOption, Verb: command.Deploy, Word: "--atuo", Nearest: "--auto", Service: "checkout"}},
		{"deploy checkout v1 --plan", inChannel, command.Error{Problem: command.MissingValue, Verb: command.Deploy, Word: "--plan", Service: "checkout"}},
		{"deploy checkout v1 --plan --auto", inChannel, command.Error{Problem: command.MissingValue, Verb: command.Deploy, Word: "--plan", Service: "checkout"}},
		{"deploy checkout v1 --plan=", inChannel, command.Error{Problem: command.MissingValue, Verb: command.Deploy, Word: "--plan", Service: "checkout"}},
		{"deploy checkout v1 --auto=yes", inChannel, command.Error{Problem: command.UnwantedValue, Verb: command.Deploy, Word: "--auto", Service: "checkout"}},
		{"deploy checkout v1 --plan a --plan b", inChannel, command.Error{Problem: command.RepeatedOption, Verb: command.Deploy, Word: "--plan", Service: "checkout"}},
		{"deploy checkout v1 faster tax —dry-run", inChannel, command.Error{Problem: command.LateOption, Verb: command.Deploy, Word: "--dry-run", Service: "checkout"}},
		{"promote checkout --dry-run", inChannel, command.Error{Problem: command.UnknownOption, Verb: command.Promote, Word: "--dry-run", Service: "checkout"}},
		{"promote checkout —force", inChannel, command.Error{Problem: command.UnknownOption, Verb: command.Promote, Word: "--force", Service: "checkout"}},
		{"rollback checkout just a --dry-run", inChannel, command.Error{Problem: command.UnknownOption, Verb: command.Rollback, Word: "--dry-run", Service: "checkout"}},
		{"abandon checkout", inChannel, command.Error{Problem: command.MissingReason, Verb: command.Abandon, Service: "checkout"}},
		{"status checkout now", inChannel, command.Error{Problem: command.TooManyWords, Verb: command.Status, Word: "now", Service: "checkout"}},
		{"whoami please", inChannel, command.Error{Problem: command.TooManyWords, Verb: command.Whoami, Word: "please"}},
		{"promote search", inThread, command.Error{Problem: command.OtherThread, Verb: command.Promote, Word: "search", Thread: "checkout"}},
		{"rollback search-3 is broken", inThread, command.Error{Problem: command.OtherThread, Verb: command.Rollback, Word: "search-3", Thread: "checkout"}},
	} {
		got, err := command.Parse(c.line, c.known)
		var e *command.Error
		if !errors.As(err, &e) {
			t.Errorf("%q: got %+v, %v", c.line, got, err)
			continue
		}
		if diff := cmp.Diff(c.want, *e); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.line, diff)
		}
		if !cmp.Equal(got, command.Command{}) {
			t.Errorf("%q is wrong and still says %+v", c.line, got)
		}
	}
}

func TestEveryFormIsParsed(t *testing.T) {
	for _, form := range command.Forms() {
		for _, word := range append([]string{string(form.Verb)}, form.Aliases...) {
			got, err := command.Parse(word+" checkout because", inThread)
			var e *command.Error
			if err == nil && got.Verb != form.Verb || errors.As(err, &e) && e.Problem == command.UnknownCommand && e.Verb == "" {
				t.Errorf("%s: got %+v, %v", word, got, err)
			}
		}
	}
}

package command_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/bot/command"
	"canarybot.io/rollout"
)

// both is a deploy of two services that go together.
func both(change func(c *command.Command)) command.Command {
	c := command.Command{Verb: command.Deploy, Together: []command.Deployment{{Service: "checkout", Version: "v1.2.4"}, {Service: "api-gateway", Version: "v2"}}}
	if change != nil {
		change(&c)
	}
	return c
}

func TestParseSeveralServices(t *testing.T) {
	for line, want := range map[string]command.Command{
		"deploy checkout=v1.2.4 api-gateway=v2 --together":                 both(nil),
		"deploy --together Checkout=v1.2.4 api-gateway=v2":                 both(nil),
		"deploy checkout=v1.2.4 --together api-gateway=v2 new tax service": both(func(c *command.Command) { c.Reason = "new tax service" }),
		"deploy --plan fast checkout=v1.2.4 --auto api-gateway=v2 --replace --together": both(func(c *command.Command) {
			c.Plan, c.Auto, c.Replace = "fast", true, true
		}),
		"deploy checkout=v1.2.4 --dry-run api-gateway=v2 --together":                both(func(c *command.Command) { c.DryRun = true }),
		"deploy checkout=v1.2.4 api-gateway=v2 --together -- search=v3 comes later": both(func(c *command.Command) { c.Reason = "search=v3 comes later" }),
		"rollback checkout --gently":                                                {Verb: command.Rollback, Service: "checkout", Gently: true},
		"rollback --gently checkout half are slower":                                {Verb: command.Rollback, Service: "checkout", Gently: true, Reason: "half are slower"},
	} {
		expect(t, line, inChannel, want)
	}
}

func TestParseSaysWhatIsWrongWithSeveralServices(t *testing.T) {
	many := "deploy --together"
	known := command.Known{}
	for i := range rollout.MostTogether + 1 {
		known.Services = append(known.Services, rollout.ServiceName(fmt.Sprintf("s%d", i)))
		many += fmt.Sprintf(" s%d=v1", i)
	}
	for _, c := range []struct {
		line  string
		known command.Known
		want  command.Error
	}{
		{"deploy checkout=v1.2.4 api-gateway=v2", inChannel, command.Error{Problem: command.NotTogether, Word: "checkout=v1.2.4", Meant: "deploy checkout=v1.2.4 api-gateway=v2 --together"}},
		{"deploy checkout=v1.2.4 --together", inChannel, command.Error{Problem: command.Alone}},
		{"deploy checkout v1.2.4 --together", inChannel, command.Error{Problem: command.Alone, Word: "--together", Service: "checkout"}},
		{"deploy checkout=v1.2.4 checkout=v2 --together", inChannel, command.Error{Problem: command.Twice, Word: "checkout", Service: "checkout"}},
		{"deploy checkout=v1.2.4 api-gateway= --together", inChannel, command.Error{Problem: command.MissingVersion, Service: "api-gateway"}},
		{"deploy checkout=v1.2.4 api-gateway=latest --together", inChannel, command.Error{Problem: command.NoVersion, Word: "latest", Service: "api-gateway"}},
		{"deploy checkout=v1.2.4 --together serch=v2", inChannel, command.Error{Problem: command.UnknownService, Word: "serch", Nearest: "search"}},
		{"deploy checkout=v1.2.4 search=v2 --together --dry-run --at 17:00", inChannel, command.Error{Problem: command.NowOrLater, Word: "--dry-run"}},
		{"deploy checkout=v1.2.4 search=v2 --together=yes", inChannel, command.Error{Problem: command.UnwantedValue, Word: "--together"}},
		{"deploy checkout v1.2.4 for api --together", inChannel, command.Error{Problem: command.LateOption, Word: "--together", Service: "checkout"}},
		{many, known, command.Error{Problem: command.TooMany}},
		{"rollback checkout is slow --gently", inChannel, command.Error{Problem: command.LateOption, Verb: command.Rollback, Word: "--gently", Service: "checkout"}},
	} {
		_, err := command.Parse(c.line, c.known)
		var e *command.Error
		if !errors.As(err, &e) {
			t.Errorf("%q: got %v", c.line, err)
			continue
		}
		if c.want.Verb == "" {
			c.want.Verb = command.Deploy
		}
		if diff := cmp.Diff(c.want, *e); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.line, diff)
		}
	}
}

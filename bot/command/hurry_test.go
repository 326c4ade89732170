package command_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/bot/command"
)

// What hurries needs a reason, and its option stands where an option does.
func TestHurry(t *testing.T) {
	for line, want := range map[string]command.Command{
		"promote checkout --now the sale begins":    {Verb: command.Promote, Service: "checkout", Now: true, Reason: "the sale begins"},
		"promote --now checkout -- --now, they say": {Verb: command.Promote, Service: "checkout", Now: true, Reason: "--now, they say"},
		"deploy checkout v1 --emergency it is down": {Verb: command.Deploy, Service: "checkout", Version: "v1", Emergency: true, Reason: "it is down"},
	} {
		got, err := command.Parse(line, inChannel)
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s: -got +want:\n%s", line, diff)
		}
		if again, err := command.Parse(got.String(), inChannel); err != nil || !cmp.Equal(again, got) {
			t.Errorf("%s is written %s, which is read as %+v, %v", line, got, again, err)
		}
	}
	for line, want := range map[string]command.Problem{
		"promote checkout --now":                   command.MissingReason,
		"promote checkout faster tax --now":        command.LateOption,
		"promote checkout --emergency x":           command.UnknownOption,
		"rollback checkout --now":                  command.UnknownOption,
		"deploy checkout v1 --emergency":           command.MissingReason,
		"deploy checkout v1 --now x":               command.UnknownOption,
		"deploy checkout v1 --emergency --queue x": command.NowOrLater,
		"deploy checkout v1 --emergency=yes x":     command.UnwantedValue,
	} {
		_, err := command.Parse(line, inChannel)
		var e *command.Error
		if !errors.As(err, &e) || e.Problem != want {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
}

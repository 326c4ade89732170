package command_test

import (
	"errors"
	"testing"

	"canarybot.io/bot/command"
	"canarybot.io/rollout"
)

func TestDeploysThatWait(t *testing.T) {
	type c = command.Command
	known := command.Known{Services: services}
	const deploy, queue, freeze = command.Deploy, command.Queue, command.Freeze
	for line, want := range map[string]c{
		"deploy checkout v1 --at tomorrow 10:00":               {Verb: deploy, Service: "checkout", Version: "v1", At: "tomorrow 10:00"},
		"deploy checkout v1 --at “tomorrow 10:00” hot fix":     {Verb: deploy, Service: "checkout", Version: "v1", At: "tomorrow 10:00", Reason: "hot fix"},
		"deploy --at=Monday 9:00 Europe/Berlin checkout v1":    {Verb: deploy, Service: "checkout", Version: "v1", At: "Monday 9:00 Europe/Berlin"},
		"deploy checkout —at 2h v1 --auto":                     {Verb: deploy, Service: "checkout", Version: "v1", At: "2h", Auto: true},
		"deploy checkout v1 --at 10:00 -- tomorrow it is late": {Verb: deploy, Service: "checkout", Version: "v1", At: "10:00", Reason: "tomorrow it is late"},
		"deploy checkout v1 --queue hot fix":                   {Verb: deploy, Service: "checkout", Version: "v1", Queue: true, Reason: "hot fix"},
		"queue":                                                {Verb: queue},
		"queue checkout":                                       {Verb: queue, Service: "checkout"},
		"queue checkout-42":                                    {Verb: queue, Service: "checkout"},
		"queue leave 7":                                        {Verb: queue, Move: command.Leave, Pending: 7},
		"Queue JUMP #7":                                        {Verb: queue, Move: command.Jump, Pending: 7},
		"freeze checkout --running pause for 2h it":            {Verb: freeze, Service: "checkout", Until: "2h", Running: rollout.PauseRunning, Reason: "it"},
		"freeze checkout until Monday --running=Rollback":      {Verb: freeze, Service: "checkout", Until: "Monday", Running: rollout.ReturnRunning},
	} {
		expect(t, line, known, want)
	}
}

func TestDeploysThatCannotWait(t *testing.T) {
	known := command.Known{Services: services}
	for line, want := range map[string]command.Problem{
		"deploy checkout v1 --at":                         command.MissingValue,
		"deploy checkout v1 --at Mondy":                   command.NoTime,
		"deploy checkout v1 --at 2h --at 3h":              command.RepeatedOption,
		"deploy checkout v1 --queue=yes":                  command.UnwantedValue,
		"deploy checkout v1 --queue --replace":            command.NowOrLater,
		"deploy checkout v1 --at 2h --dry-run":            command.NowOrLater,
		"deploy checkout=v1 search=v2 --together --at 2h": command.NowOrLater,
		"deploy checkout v1 as soon as you can --queue":   command.LateOption,
		"queue leave":                                     command.MissingValue,
		"queue jump checkout":                             command.NoPending,
		"queue leave 0":                                   command.NoPending,
		"queue leave 7 please now":                        command.TooManyWords,
		"queue chekout":                                   command.UnknownService,
		"freeze checkout --running":                       command.MissingValue,
		"freeze checkout --running stop":                  command.NoRunning,
		"freeze checkout --running pause --running pause": command.RepeatedOption,
		"lock checkout --running pause it":                command.UnknownOption,
	} {
		_, err := command.Parse(line, known)
		if got := problemOf(t, err); got != want {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}

func problemOf(t *testing.T, err error) command.Problem {
	t.Helper()
	var e *command.Error
	if !errors.As(err, &e) {
		return ""
	}
	return e.Problem
}

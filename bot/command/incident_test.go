package command_test

import (
	"testing"

	"canarybot.io/bot/command"
)

func TestIncidents(t *testing.T) {
	type c = command.Command
	known := command.Known{Services: services}
	const incident = command.Incident
	for line, want := range map[string]c{
		"incident checkout payments failed":                        {Verb: incident, Service: "checkout", Reason: "payments failed"},
		"incident checkout at 9:30 payments failed":                {Verb: incident, Service: "checkout", At: "9:30", Reason: "payments failed"},
		"incident checkout AT yesterday 17:00 UTC payments failed": {Verb: incident, Service: "checkout", At: "yesterday 17:00 UTC", Reason: "payments failed"},
		"incident checkout at 2026-11-30T09:00Z — payments failed": {Verb: incident, Service: "checkout", At: "2026-11-30T09:00Z", Reason: "payments failed"},
		"incident checkout at 20m payments failed":                 {Verb: incident, Service: "checkout", At: "20m", Reason: "payments failed"},
		"incident checkout at 2 hours ago payments failed":         {Verb: incident, Service: "checkout", At: "2 hours", Reason: "payments failed"},
		"incident checkout at 9:30 -- tomorrow it fails again":     {Verb: incident, Service: "checkout", At: "9:30", Reason: "tomorrow it fails again"},
		"incident checkout -- at 9:30 payments failed":             {Verb: incident, Service: "checkout", Reason: "at 9:30 payments failed"},
		"incident checkout at the till nobody could pay":           {Verb: incident, Service: "checkout", Reason: "at the till nobody could pay"},
		"incident checkout payments failed at 9:30":                {Verb: incident, Service: "checkout", Reason: "payments failed at 9:30"},
		"incident checkout-42 at monday 9am payments failed":       {Verb: incident, Service: "checkout", Rollout: "checkout-42", At: "monday 9am", Reason: "payments failed"},
		"incident checkout at 25:00 payments failed":               {Verb: incident, Service: "checkout", At: "25:00", Reason: "payments failed"},
		"incident checkout 503 for everybody":                      {Verb: incident, Service: "checkout", Reason: "503 for everybody"},
	} {
		expect(t, line, known, want)
		again, err := command.Parse(want.String(), known)
		if err != nil || again.String() != want.String() {
			t.Errorf("%q is written as %q, which is read as %q, %v", line, want, again, err)
		}
	}
}

func TestNoIncidents(t *testing.T) {
	known := command.Known{Services: services}
	for line, want := range map[string]command.Problem{
		"incident":                              command.MissingService,
		"incident chekout payments failed":      command.UnknownService,
		"incident checkout":                     command.MissingReason,
		"incident checkout ''":                  command.MissingReason,
		"incident checkout \u200b\u2800\u3164":  command.MissingReason,
		"incident checkout at":                  command.MissingValue,
		"incident checkout at 9:30":             command.MissingReason,
		"incident checkout at 9:30 --":          command.MissingReason,
		"incident checkout at 2h ago":           command.MissingReason,
		"incident checkout --at 9:30 it failed": command.UnknownOption,
		"incident checkout it failed --dry-run": command.UnknownOption,
	} {
		_, err := command.Parse(line, known)
		if got := problemOf(t, err); got != want {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}

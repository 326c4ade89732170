package command_test

import (
	"errors"
	"testing"

	"canarybot.io/bot/command"
)

func TestFreezesAndLocks(t *testing.T) {
	known := command.Known{Services: services, Teams: []string{"shop", "search"}, Self: []string{"canary"}}
	type c = command.Command
	const freeze, lock = command.Freeze, command.Lock
	for line, want := range map[string]c{
		"freeze":                              {Verb: freeze},
		"freeze all":                          {Verb: freeze, Everything: true},
		"Freeze ALL sale":                     {Verb: freeze, Everything: true, Reason: "sale"},
		`freeze all until Monday 9:00 "sale"`: {Verb: freeze, Everything: true, Until: "Monday 9:00", Reason: `"sale"`},
		"freeze all until Monday 9:00 “big sale”":       {Verb: freeze, Everything: true, Until: "Monday 9:00", Reason: "“big sale”"},
		"freeze checkout from tomorrow until Fri 18:00": {Verb: freeze, Service: "checkout", From: "tomorrow", Until: "Fri 18:00"},
		"freeze checkout until Fri, from tomorrow 6pm":  {Verb: freeze, Service: "checkout", From: "tomorrow 6pm", Until: "Fri"},
		"freeze checkout-42 for 2h because":             {Verb: freeze, Service: "checkout", Until: "2h", Reason: "because"},
		"freeze checkout for 3 days the migration":      {Verb: freeze, Service: "checkout", Until: "3 days", Reason: "the migration"},
		"freeze checkout for the migration":             {Verb: freeze, Service: "checkout", Reason: "for the migration"},
		"freeze checkout for":                           {Verb: freeze, Service: "checkout", Reason: "for"},
		"freeze checkout -- until somebody says so":     {Verb: freeze, Service: "checkout", Reason: "until somebody says so"},
		"freeze shop":                                     {Verb: freeze, Team: "shop"},
		"freeze search":                                   {Verb: freeze, Service: "search"},
		"freeze team:search until 30.11.2026":             {Verb: freeze, Team: "search", Until: "30.11.2026"},
		"unfreeze all":                                    {Verb: command.Unfreeze, Everything: true},
		"unfreeze shop it is over":                        {Verb: command.Unfreeze, Team: "shop", Reason: "it is over"},
		"lock checkout for 2h debugging":                  {Verb: lock, Service: "checkout", Until: "2h", Reason: "debugging"},
		"lock checkout debugging for 2h":                  {Verb: lock, Service: "checkout", Reason: "debugging for 2h"},
		"lock checkout until 17:00 Europe/Berlin 'a “b”'": {Verb: lock, Service: "checkout", Until: "17:00 Europe/Berlin", Reason: "'a “b”'"},
		"unlock checkout":                                 {Verb: command.Unlock, Service: "checkout"},
		"unlock checkout done":                            {Verb: command.Unlock, Service: "checkout", Reason: "done"},
	} {
		expect(t, line, known, want)
	}
	inThread := known
	inThread.Thread = "checkout-42"
	expect(t, "lock for 2h debugging", inThread, c{Verb: lock, Service: "checkout", Until: "2h", Reason: "debugging"})
	expect(t, "freeze until Monday", inThread, c{Verb: freeze, Service: "checkout", Until: "Monday"})
	expect(t, "freeze all", inThread, c{Verb: freeze, Everything: true})
	spoken := inThread
	spoken.Message = true
	expect(t, "freeze all for 2h because of the sale", spoken, c{Verb: freeze, Everything: true, Until: "2h", Reason: "the sale"})
}

func TestFreezesAndLocksThatAreNone(t *testing.T) {
	known := command.Known{Services: services, Teams: []string{"shop"}}
	spoken := known
	spoken.Message = true
	for _, tt := range []struct {
		line  string
		known command.Known
		want  command.Problem
		near  string
	}{
		{"freeze chekout", known, command.UnknownService, "checkout"},
		{"freeze shp", known, command.UnknownService, "shop"},
		{"freeze al", known, command.UnknownService, "all"},
		{"freeze team:nobody", known, command.UnknownService, ""},
		{"freeze until Monday", known, command.UnknownService, ""},
		{"unfreeze", known, command.MissingService, ""},
		{"lock", known, command.MissingService, ""},
		{"lock all everything", known, command.OneService, ""},
		{"lock shop it", known, command.OneService, ""},
		{"lock team:shop it", known, command.OneService, ""},
		{"lock checkout", known, command.MissingReason, ""},
		{"lock checkout for 2h", known, command.MissingReason, ""},
		{"lock checkout from tomorrow it", known, command.AtOnce, ""},
		{"lock checkout for ever", known, command.NoTime, ""},
		{"freeze checkout for Ever and a day", known, command.NoTime, ""},
		{`lock checkout ""`, known, command.MissingReason, ""},
		{"lock checkout for 2h …", known, command.MissingReason, ""},
		{"lock checkout \u200b\u202e", known, command.MissingReason, ""},
		{"lock checkout — '' —", known, command.MissingReason, ""},
		{"freeze checkout until Mondy 9:00", known, command.NoTime, ""},
		{"freeze checkout until", known, command.MissingValue, ""},
		{"freeze checkout for 2 sale", known, command.NoTime, ""},
		{"freeze checkout for 9:00", known, command.NoTime, ""},
		{"freeze checkout from the review", known, command.NoTime, ""},
		{"freeze checkout until 9:00 until 10:00", known, command.RepeatedOption, ""},
		{"freeze checkout until 9:00 for 2h", known, command.RepeatedOption, ""},
		{"freeze all?", spoken, command.Question, ""},
		{"freeze all sale", spoken, command.Talk, ""},
		{"unfreeze all tomorrow", spoken, command.Talk, ""},
	} {
		_, err := command.Parse(tt.line, tt.known)
		var e *command.Error
		if !errors.As(err, &e) || e.Problem != tt.want || e.Nearest != tt.near {
			t.Errorf("%q: got %+v, want %s, near %q", tt.line, err, tt.want, tt.near)
		}
	}
}

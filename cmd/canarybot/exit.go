package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"canarybot.io/api"
	"canarybot.io/api/client"
	"canarybot.io/api/report"
	"canarybot.io/rollout"
)

// exitCode is what the commands for pipelines end with. docs/ci.md lists them.
type exitCode int

// The codes.
const (
	exitSucceeded   exitCode = 0 // also: done, where a command waits for nothing
	exitRolledBack  exitCode = 1
	exitRefused     exitCode = 2 // or bad input
	exitCancelled   exitCode = 3 // or abandoned, or this command was interrupted
	exitTimeout     exitCode = 4
	exitUnreachable exitCode = 5
)

// ended is an error that says with which code the program ends. An empty text: everything was said.
type ended struct {
	code exitCode
	text string
}

// Error returns what is left to say.
func (e ended) Error() string { return e.text }

// codeOf returns what the program ends with after the error.
func codeOf(err error) int {
	var known ended
	if errors.As(err, &known) {
		return int(known.code)
	}
	return 1 // as run and validate always had it
}

// codeOfOutcome returns the code for how a rollout ended, or for one that whoever waits for it may go on with.
func codeOfOutcome(r api.Rollout) exitCode {
	switch r.Ending() {
	case rollout.Succeeded:
		return exitSucceeded
	case rollout.RolledBack:
		return exitRolledBack
	case rollout.Cancelled, rollout.Abandoned:
		return exitCancelled
	}
	if r.Outcome == "" { // by gate
		return exitSucceeded
	}
	return exitCancelled // an outcome that a later bot has is no success
}

// codeOfError returns the code for a call that failed.
func codeOfError(err error) exitCode {
	var known ended
	var none client.NoToken
	var unreachable *client.Unreachable
	switch {
	case errors.As(err, &known):
		return known.code
	case errors.As(err, &none):
		return exitRefused
	case errors.Is(err, context.Canceled):
		return exitCancelled
	case errors.As(err, &unreachable):
		return exitUnreachable
	}
	return exitRefused
}

// saying returns what a person reads of a call that failed.
func saying(err error) string {
	var none client.NoToken
	var unreachable *client.Unreachable
	var refused *client.Refused
	switch {
	case errors.As(err, &none):
		return report.Lines(none.Why)
	case errors.Is(err, context.Canceled):
		return "Interrupted."
	case errors.Is(err, context.DeadlineExceeded):
		return "Canarybot cannot be reached: there was no answer before the time ran out."
	case errors.As(err, &unreachable):
		return "Canarybot cannot be reached: " + report.Lines(err.Error()) + "."
	case errors.As(err, &refused):
		text := err.Error()
		for _, e := range refused.Problem.Errors {
			text += "\n" + e.Field + ": " + e.Detail
		}
		return report.Lines(text)
	}
	return report.Lines(err.Error())
}

// forPipelines makes a command end with the codes above, also where it is called wrongly. With --output json, what went
// wrong is an object too.
func (c *caller) forPipelines(cmd *cobra.Command) *cobra.Command {
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return ended{exitRefused, fmt.Sprintf("%v; usage: %s", err, cmd.UseLine())}
	})
	run, args := cmd.RunE, cmd.Args
	cmd.Args = func(cmd *cobra.Command, given []string) error {
		if err := args(cmd, given); err != nil {
			return ended{exitRefused, fmt.Sprintf("%v; usage: %s", err, cmd.UseLine())}
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		err := run(cmd, given)
		if err == nil || err.Error() == "" { // everything was said
			return err
		}
		end := failed(nil, err)
		if c.output == "json" {
			if err := json.NewEncoder(cmd.OutOrStdout()).Encode(end.said()); err != nil {
				return err
			}
		}
		if c.env("GITHUB_ACTIONS") == "true" {
			end.text = report.Annotation(true, cmd.CommandPath(), end.text)
		}
		return ended{end.code, end.text}
	}
	return cmd
}

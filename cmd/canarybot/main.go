// Command canarybot runs canary deployments on Kubernetes, driven from Slack.
//
//	canarybot run --config FILE
//	canarybot validate --config FILE [--live]
//	canarybot schema
//	canarybot version
//	canarybot deploy SERVICE VERSION --wait
//
// The commands that act on a cluster's rollouts from outside, deploy and those beside it, only speak with the API.
//
// It is the only composer of production: it reads the configuration and the environment, creates the clients, and
// passes them to package app.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"canarybot.io/bot/view"
	"canarybot.io/config"
	"canarybot.io/rollout"
)

// version is set when the binary is built for a release.
var version = "dev" //nolint:gochecknoglobals // the linker sets it

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends what does not end by itself
	cmd, err := root(here()).ExecuteContextC(ctx)
	stop()
	if err == nil {
		return
	}
	if text := sentence(err); text != "" {
		fmt.Fprintln(os.Stderr, text)
	}
	if !cmd.HasParent() { // there is no such command
		os.Exit(int(exitRefused))
	}
	os.Exit(codeOf(err))
}

// sentence renders an error: by its text for people, if it has one; of several errors, a line each.
func sentence(err error) string {
	var known *rollout.Error
	var file *config.Error
	if several, ok := err.(interface{ Unwrap() []error }); ok { // as errors.Join makes it
		lines := make([]string, len(several.Unwrap()))
		for i, one := range several.Unwrap() {
			lines[i] = sentence(one)
		}
		return strings.Join(lines, "\n")
	}
	switch {
	case errors.As(err, &file):
		return file.Error() // one line for each problem
	case !errors.As(err, &known) || known.Problem.IsZero():
		return err.Error()
	case known.Cause != nil:
		return view.Plain(view.Sentence(err)) + " (" + known.Cause.Error() + ")"
	}
	return view.Plain(view.Sentence(err))
}

func root(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use: "canarybot", Short: "Canary deployments on Kubernetes, driven from Slack",
		SilenceUsage: true, SilenceErrors: true,
	}
	cmd.AddCommand(runCommand(), validateCommand(), schemaCommand(), storeCommand(), auditCommand(), versionCommand())
	cmd.AddCommand(p.deployCommand(), p.statusCommand(), p.historyCommand(), p.whyCommand(), tokenCommand(), manCommand())
	cmd.AddCommand(p.decisionCommands()...)
	return cmd
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) { fmt.Fprintln(cmd.OutOrStdout(), version) },
	}
}

package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"canarybot.io/api"
	"canarybot.io/api/client"
	"canarybot.io/api/report"
	"canarybot.io/rollout"
)

func (p process) statusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "status [SERVICE|ROLLOUT]", Short: "Show a rollout, or what is live", Args: cobra.MaximumNArgs(1),
		Long: `Show a rollout, or what is live.

With --wait it waits for how the rollout ends, with the exit codes of deploy, whoever started it.`,
	}
	c := p.caller(cmd)
	d := &deployment{caller: c, cmd: cmd, wait: true, patience: patience, onTimeout: leave, onInterrupt: leave}
	var wait bool
	cmd.Flags().BoolVar(&wait, "wait", false, "wait until the rollout has ended")
	cmd.Flags().DurationVar(&d.timeout, "timeout", 0, "how long to wait, as 45m; 0: as long as it takes")
	cmd.Flags().StringVar(&d.folder, "report", "", "a folder for the reports of --wait, as deploy writes them")
	cmd.ValidArgsFunction = c.complete(anyService)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case wait && len(args) == 0:
			return ended{exitRefused, "Say what to wait for: a service or a rollout."}
		case wait:
			return d.waitFor(cmd.Context(), args[0])
		}
		client, err := c.ask()
		if err != nil {
			return err
		}
		if len(args) == 0 {
			return c.everything(cmd, client)
		}
		r, err := find(cmd.Context(), client, args[0])
		if err != nil {
			return err
		}
		return c.print(cmd.OutOrStdout(), r, report.Card(r))
	}
	return c.forPipelines(cmd)
}

// waitFor waits for the end of a rollout that somebody else started.
func (d *deployment) waitFor(ctx context.Context, name string) error {
	d.began = time.Now()
	d.show = d.caller.show(d.cmd.OutOrStdout(), d.cmd.ErrOrStderr())
	c, err := d.dial(d.show.lost, d.patience)
	if err != nil {
		return err
	}
	r, err := find(ctx, c, name)
	if err != nil {
		return err
	}
	d.start.Service, d.start.Version = string(r.Service), r.Version
	return d.finish(d.grouped(func() result { return d.watch(ctx, c, r) }))
}

// everything prints a line for each service.
func (c *caller) everything(cmd *cobra.Command, client *client.Client) error {
	services, err := client.Services(cmd.Context())
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, s := range services {
		line := string(s.Name) + " nothing is live"
		if s.Live != "" {
			r, err := client.Rollout(cmd.Context(), s.Live)
			if err != nil {
				return err
			}
			line = report.Line(r)
		}
		fmt.Fprintln(&text, oneLine(line))
	}
	if len(services) == 0 {
		text.WriteString("There is no service that you may do something about.\n")
	}
	return c.print(cmd.OutOrStdout(), api.Services{Services: services}, text.String())
}

func (p process) whyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "why SERVICE|ROLLOUT", Short: "Say why a rollout is where it is, with what each check says", Args: cobra.ExactArgs(1)}
	c := p.caller(cmd)
	cmd.ValidArgsFunction = c.complete(anyService)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		client, err := c.ask()
		if err != nil {
			return err
		}
		r, err := find(cmd.Context(), client, args[0])
		if err != nil {
			return err
		}
		var text strings.Builder
		fmt.Fprintln(&text, report.Verdict(r))
		for _, c := range r.Checks {
			fmt.Fprintln(&text, report.Inert(c.Name+": "+c.Result+": "+c.Text))
		}
		for _, problem := range r.Problems {
			fmt.Fprintln(&text, report.Inert(problem))
		}
		return c.print(cmd.OutOrStdout(), r, text.String())
	}
	return c.forPipelines(cmd)
}

func (p process) historyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "history SERVICE", Short: "List the last rollouts of a service", Args: cobra.ExactArgs(1)}
	c := p.caller(cmd)
	cmd.ValidArgsFunction = c.complete(anyService)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		client, err := c.ask()
		if err != nil {
			return err
		}
		list, err := history(cmd.Context(), client, args[0])
		if err != nil {
			return err
		}
		return c.print(cmd.OutOrStdout(), api.Rollouts{Rollouts: list}, table(list))
	}
	return c.forPipelines(cmd)
}

// history returns the last rollouts of the service. What is no name is not sent.
func history(ctx context.Context, c *client.Client, name string) ([]api.Rollout, error) {
	if !rollout.IsDNSLabel(name) {
		return nil, ended{exitRefused, fmt.Sprintf("%q is no service.", report.Inert(name))}
	}
	return c.Rollouts(ctx, rollout.ServiceName(name))
}

// table lists rollouts, a line each.
func table(list []api.Rollout) string {
	if len(list) == 0 {
		return "There was no rollout yet.\n"
	}
	var text strings.Builder
	columns := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, r := range list {
		state, at := r.Outcome, r.Ended
		if state == "" {
			state, at = strings.ReplaceAll(r.Phase, "_", " "), r.Asked
		}
		fmt.Fprintf(columns, "%s\t%s\t%s\t%s\t%s\n", oneLine(string(r.ID)), oneLine(r.Version), oneLine(state), at.UTC().Format(time.DateTime), oneLine(r.By))
	}
	if err := columns.Flush(); err != nil {
		return "" // a builder takes everything
	}
	return text.String()
}

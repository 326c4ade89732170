package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"canarybot.io/api"
	"canarybot.io/api/report"
	"canarybot.io/rollout"
)

// decisionCommands are the commands that decide about a rollout.
func (p process) decisionCommands() []*cobra.Command {
	return []*cobra.Command{
		p.decisionCommand(rollout.Promote, &cobra.Command{Use: "promote SERVICE|ROLLOUT", Short: "Answer the question of a rollout with its next step"}),
		p.decisionCommand(rollout.Rollback, &cobra.Command{Use: "rollback SERVICE|ROLLOUT", Short: "Take a canary off traffic and remove it"}),
		p.decisionCommand(rollout.Pause, &cobra.Command{Use: "pause SERVICE|ROLLOUT", Short: "Keep a rollout as it is until it is resumed"}),
		p.decisionCommand(rollout.Resume, &cobra.Command{Use: "resume SERVICE|ROLLOUT", Short: "Let a paused rollout go on"}),
	}
}

func (p process) decisionCommand(action rollout.Action, cmd *cobra.Command) *cobra.Command {
	c := p.caller(cmd)
	var reason string
	var turn int
	cmd.Flags().StringVar(&reason, "reason", "", "why, in your own words")
	cmd.Flags().IntVar(&turn, "turn", 0, "the question that this answers, as status --output json has it (default: what it asks now)")
	cmd.Args = cobra.ExactArgs(1)
	cmd.ValidArgsFunction = c.complete(underWay)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		show := c.show(cmd.OutOrStdout(), cmd.ErrOrStderr())
		client, err := c.dial(show.lost, patience)
		if err != nil {
			return err
		}
		r, err := find(ctx, client, args[0])
		if err != nil {
			return err
		}
		d := api.Decision{Action: action, Turn: r.Turn, Reason: reason}
		if cmd.Flags().Changed("turn") {
			d.Turn = rollout.Turn(turn)
		}
		now, err := client.Decide(ctx, r.ID, d)
		if err != nil {
			return err
		}
		return c.print(cmd.OutOrStdout(), now, fmt.Sprintln(report.Line(now)))
	}
	return c.forPipelines(cmd)
}

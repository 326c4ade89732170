package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"canarybot.io/api"
	"canarybot.io/api/client"
	"canarybot.io/api/report"
)

// deployment is one call of deploy.
type deployment struct {
	*caller
	start                  api.Start
	key, folder            string
	wait, dryRun, unless   bool
	timeout, patience      time.Duration
	onTimeout, onInterrupt string

	cmd   *cobra.Command
	show  *show
	began time.Time
}

// What happens to the rollout when whoever waits for it stops waiting.
const (
	leave    = "leave"
	takeBack = "rollback"
)

func (p process) deployCommand() *cobra.Command {
	d := &deployment{}
	cmd := &cobra.Command{
		Use: "deploy SERVICE VERSION", Short: "Start a canary, and wait for how it ends",
		Long: `Start a canary of the version, as /canary deploy does.

With --wait it ends when the rollout does: 0 succeeded, 1 rolled back, 2 refused or bad input, 3 cancelled or abandoned
(or this command was interrupted), 4 time ran out, 5 Canarybot cannot be reached. Where a service is promoted by gate, it
ends with 0 as soon as stable may run the version. A lost connection and a restarted Canarybot are waited out. If this
command is killed, the rollout goes on.`,
		Example: "  canarybot deploy checkout v1.2.4 --wait --reason \"faster tax lookup\"\n  canarybot deploy checkout v1.2.4 --dry-run",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			d.start.Service, d.start.Version, d.cmd = args[0], args[1], cmd
			return d.run(cmd.Context())
		},
	}
	d.caller = p.caller(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&d.wait, "wait", false, "wait until the rollout has ended")
	flags.StringVar(&d.start.Plan, "plan", "", "another of the service's plans")
	flags.BoolVar(&d.start.Auto, "auto", false, "let the checks alone decide at every step")
	flags.BoolVar(&d.start.Replace, "replace", false, "roll back the rollout that is live, and start this one")
	flags.BoolVar(&d.dryRun, "dry-run", false, "start nothing, say what would block it")
	flags.BoolVar(&d.unless, "unless-running", false, "succeed where stable runs the version already")
	flags.StringVar(&d.start.Reason, "reason", "", "why, in your own words")
	flags.StringVar(&d.start.Link, "link", "", "where the run can be read (default: as GitHub, GitLab, Jenkins, Buildkite and CircleCI say)")
	flags.StringVar(&d.key, "key", "", "the same key starts one rollout only (default: of the run in GitHub and GitLab, else a new one)")
	flags.DurationVar(&d.timeout, "timeout", 0, "how long to wait, as 45m; 0: as long as it takes")
	flags.StringVar(&d.onTimeout, "on-timeout", leave, "when time has run out: leave the rollout alone, or rollback")
	flags.StringVar(&d.onInterrupt, "on-interrupt", leave, "when interrupted or terminated: leave the rollout alone, or rollback")
	flags.DurationVar(&d.patience, "unreachable-after", patience, "how long to go on trying while Canarybot cannot be reached")
	flags.StringVar(&d.folder, "report", "", "a folder for summary.md, junit.xml, canarybot.env and annotations.json")
	cmd.ValidArgsFunction = d.complete(serviceThenVersion)
	completeFlags(cmd, map[string]cobra.CompletionFunc{
		"plan": d.complete(plans), "on-timeout": oneOf(leave, takeBack), "on-interrupt": oneOf(leave, takeBack),
	})
	return d.forPipelines(cmd)
}

func (d *deployment) run(ctx context.Context) error {
	d.began = time.Now()
	d.show = d.caller.show(d.cmd.OutOrStdout(), d.cmd.ErrOrStderr())
	for flag, value := range map[string]string{"--on-timeout": d.onTimeout, "--on-interrupt": d.onInterrupt} {
		if value != leave && value != takeBack {
			return ended{exitRefused, flag + " is leave or rollback."}
		}
	}
	if d.start.Link == "" {
		d.start.Link = runLink(d.env)
	}
	if d.key == "" {
		d.key = runKey(d.env, d.start)
	}
	c, err := d.dial(d.show.lost, d.patience)
	if err != nil {
		return err
	}
	if d.dryRun {
		return d.plan(ctx, c)
	}
	return d.finish(d.grouped(func() result { return d.follow(ctx, c) }))
}

// grouped does something whose lines belong together.
func (d *deployment) grouped(do func() result) result {
	end := d.show.group(fmt.Sprintf("%s %s", d.start.Service, d.start.Version))
	defer end()
	return do()
}

// plan says what a start would do. What would not start is refused.
func (d *deployment) plan(ctx context.Context, c *client.Client) error {
	p, err := c.Plan(ctx, d.start)
	if err != nil {
		return err
	}
	if err := d.print(d.cmd.OutOrStdout(), p, strings.TrimRight(report.Lines(p.Text), "\n")+"\n"); err != nil {
		return err
	}
	if !p.Starts {
		return ended{code: exitRefused}
	}
	return nil
}

// runLink returns where the run of a pipeline can be read: at GitHub, or as GitLab, Jenkins, Buildkite and CircleCI say it.
func runLink(env func(string) string) string {
	if run := env("GITHUB_RUN_ID"); run != "" {
		return fmt.Sprintf("%s/%s/actions/runs/%s", env("GITHUB_SERVER_URL"), env("GITHUB_REPOSITORY"), run)
	}
	return cmp.Or(env("CI_JOB_URL"), env("BUILD_URL"), env("BUILDKITE_BUILD_URL"), env("CIRCLE_BUILD_URL"))
}

// runKey returns the key of a start: one for each attempt of a job, so that a step that is run again there finds its rollout; a
// new one where nothing says which run this is.
func runKey(env func(string) string, start api.Start) string {
	var run []string
	switch {
	case env("GITHUB_RUN_ID") != "":
		run = []string{"github", env("GITHUB_SERVER_URL"), env("GITHUB_REPOSITORY"), env("GITHUB_RUN_ID"), env("GITHUB_RUN_ATTEMPT"), env("GITHUB_JOB")}
	case env("CI_JOB_URL") != "":
		run = []string{"gitlab", env("CI_JOB_URL")} // a job that is run again has another number
	default:
		return rand.Text()
	}
	sum := sha256.Sum256([]byte(strings.Join(append(run, start.Service, start.Version), "\n")))
	return hex.EncodeToString(sum[:16])
}

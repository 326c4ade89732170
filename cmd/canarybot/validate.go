package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"canarybot.io/config"
)

func validateCommand() *cobra.Command {
	var path string
	var live bool
	cmd := &cobra.Command{
		Use: "validate", Short: "Say everything that is wrong with the configuration", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(path)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			fmt.Fprintf(out, "%s is valid: %s.\n", path, c)
			for _, name := range slices.Sorted(maps.Keys(c.Services)) {
				describe(out, c, name)
			}
			describeDigests(out, c.Digests, time.Now())
			describeTargets(out, c.Webhooks)
			if live {
				return validateLive(cmd.Context(), out, c)
			}
			return nil
		},
	}
	configFlag(cmd, &path)
	cmd.Flags().BoolVar(&live, "live", false, "also ask Slack, Kubernetes, Prometheus and forges")
	return cmd
}

// validateLive tries everything that a rollout will need, and reports all problems together.
func validateLive(ctx context.Context, out io.Writer, c config.Config) error {
	ok := true
	report := func(problems []string) {
		for _, p := range problems {
			ok = false
			fmt.Fprintf(out, "  ✗ %s\n", p)
		}
	}
	fmt.Fprintln(out, "Slack:")
	report(liveSlack(ctx, out, c))
	fmt.Fprintln(out, "Kubernetes:")
	report(liveCluster(ctx, out, c))
	fmt.Fprintln(out, "Prometheus:")
	report(liveChecks(ctx, out, c))
	fmt.Fprintln(out, "Repositories:")
	report(liveSources(ctx, out, c))
	fmt.Fprintln(out, "Told beside Slack:")
	report(liveTargets(ctx, out, c.Webhooks))
	if !ok {
		return errors.New("not everything is ready; see above")
	}
	fmt.Fprintln(out, "Everything is ready.")
	return nil
}

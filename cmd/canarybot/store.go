package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"canarybot.io/config"
	"canarybot.io/store/bolt"
)

func storeCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "store", Short: "Look after the file that Canarybot keeps"}
	cmd.AddCommand(
		onStore("check [FILE]", "Look at every page and record of the store, also while Canarybot runs", 0, checkStore),
		onStore("backup COPY [FILE]", "Copy the store to a new file, also while Canarybot runs", 1, backupStore),
		onStore("compact [FILE]", "Make the file as small as what is stored; Canarybot must be stopped", 0, compactStore),
	)
	return cmd
}

// onStore returns a command about the store of the configuration, or about the file that is named after so many other
// arguments.
func onStore(use, short string, others int, run func(cmd *cobra.Command, path string, args []string) error) *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.RangeArgs(others, others+1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > others {
				return run(cmd, args[others], args)
			}
			c, err := config.Load(path)
			if err != nil {
				return err
			}
			return run(cmd, c.Store.Path, args)
		},
	}
	configFlag(cmd, &path)
	return cmd
}

func checkStore(cmd *cobra.Command, path string, _ []string) error {
	found, err := bolt.Check(cmd.Context(), path)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s is whole: %s.\n", path, described(found))
	return nil
}

func backupStore(cmd *cobra.Command, path string, args []string) error {
	found, err := bolt.Backup(cmd.Context(), path, args[0])
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s is a whole copy of %s: %s.\n", args[0], path, described(found))
	return nil
}

func compactStore(cmd *cobra.Command, path string, _ []string) error {
	before, after, err := bolt.Compact(cmd.Context(), path)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s had %s and has %s: %s.\n", path, mebibytes(before.Size), mebibytes(after.Size), described(after))
	return nil
}

func described(r bolt.Report) string {
	return fmt.Sprintf("store %s, %d records, %s, %s of it free", r.ID, r.Records, mebibytes(r.Size), mebibytes(r.Free))
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

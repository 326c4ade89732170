package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func manCommand() *cobra.Command {
	return &cobra.Command{
		Use: "man FOLDER", Short: "Write the manual pages into a folder", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			all := cmd.Root()
			all.DisableAutoGenTag = true
			return doc.GenManTree(all, &doc.GenManHeader{Title: "CANARYBOT", Section: "1", Source: "Canarybot " + version, Manual: "Canarybot"}, args[0])
		},
	}
}

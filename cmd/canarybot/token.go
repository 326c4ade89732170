package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/spf13/cobra"
)

func tokenCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "token", Short: "Make tokens for pipelines that have none of their own"}
	cmd.AddCommand(&cobra.Command{
		Use: "new", Short: "Make a token, print it once, and the line that the configuration keeps of it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			token := "canarybot_" + rand.Text() + rand.Text()
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "for the pipeline, as a secret; nobody can show it again:\n%s\nfor the configuration:\n%s\n", token, sumOf(token))
			return err
		},
	})
	return cmd
}

// sumOf is what the configuration keeps of a token.
func sumOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return "sha256:" + hex.EncodeToString(sum[:])
}

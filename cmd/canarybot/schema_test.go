package main

import (
	"encoding/json"
	"strings"
	"testing"

	"canarybot.io/config"
)

func TestSchemaCommand(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	cmd := root(here())
	cmd.SetArgs([]string{"schema"})
	cmd.SetOut(&out)
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if out.String() != config.Schema() || !json.Valid([]byte(out.String())) {
		t.Errorf("got %.200s, want the schema as one JSON document", out.String())
	}
}

package view_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"canarybot.io/bot/view"
)

var blocksTo = flag.String("blocks", "", "write every message, modal and home to this file, as Slack gets them")

// written is what people see, by the name of its golden file.
type written struct {
	Messages map[string][]json.RawMessage `json:"messages"`
	Modals   map[string]json.RawMessage   `json:"modals"`
	Homes    map[string]json.RawMessage   `json:"homes"`
}

// TestBlocksAreWritten writes every message, modal and home that has a golden file for those who check them with other
// tools: e2e/judges does with Slack's own types.
func TestBlocksAreWritten(t *testing.T) {
	all := written{map[string][]json.RawMessage{}, map[string]json.RawMessage{}, map[string]json.RawMessage{}}
	for _, group := range []map[string]view.Message{cards(), replies(), answers()} {
		for name, m := range group {
			all.Messages[name] = listOf(t, m)
			if m.Native != nil {
				m.Blocks = m.Native
				all.Messages[name+".native"] = listOf(t, m)
			}
		}
	}
	for name, m := range modals() {
		all.Modals[name] = wireModal(t, m)
	}
	for name, blocks := range homes() {
		all.Homes[name] = wireHome(t, blocks)
	}
	out, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	path := *blocksTo
	if path == "" {
		path = filepath.Join(t.TempDir(), "blocks.json")
	}
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
	if len(all.Messages) < 100 || len(all.Modals) < 10 || len(all.Homes) < 3 {
		t.Errorf("%d messages, %d modals and %d homes are not all", len(all.Messages), len(all.Modals), len(all.Homes))
	}
}

func listOf(t *testing.T, m view.Message) []json.RawMessage {
	t.Helper()
	var list []json.RawMessage
	if err := json.Unmarshal(raw(t, m), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

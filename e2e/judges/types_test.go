package judges

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// newer are the types of blocks that @slack/types does not know yet.
var newer = []string{"data_visualization", "layout"}

// shown is everything that the bot can show, by the name of its golden file.
type shown struct {
	Messages map[string][]json.RawMessage
	Modals   map[string]json.RawMessage
	Homes    map[string]json.RawMessage
}

// Every message, modal and home that the bot can show is what Slack's own types say it is.
func TestTypes(t *testing.T) {
	all := everything(t)
	known := map[string]json.RawMessage{}
	for name, blocks := range all.Messages {
		known[name] = withoutNewer(t, blocks)
	}
	var source bytes.Buffer
	source.WriteString("import type { HomeView, KnownBlock, ModalView } from \"@slack/types\";\n")
	for _, kind := range []struct {
		name, satisfies string
		all             map[string]json.RawMessage
	}{{"messages", "KnownBlock[]", known}, {"modals", "ModalView", all.Modals}, {"homes", "HomeView", all.Homes}} {
		fmt.Fprintf(&source, "export const %s = {\n", kind.name)
		for _, name := range slices.Sorted(maps.Keys(kind.all)) {
			fmt.Fprintf(&source, "%q: %s satisfies %s,\n", name, kind.all[name], kind.satisfies)
		}
		source.WriteString("};\n")
	}
	if complaints := check(t, source.Bytes()); complaints != "" {
		t.Errorf("Slack's types disagree:\n%.4000s", complaints)
	}
}

// The types do notice what is wrong, in each kind.
func TestTypesNotice(t *testing.T) {
	complaints := check(t, []byte(`import type { HomeView, KnownBlock, ModalView } from "@slack/types";
export const a = [{ type: "section", text: { type: "markdown", text: "x" } }] satisfies KnownBlock[];
export const b = { type: "modal", title: { type: "plain_text", text: "x" }, blocks: [], secret: "x" } satisfies ModalView;
export const c = { type: "house", blocks: [] } satisfies HomeView;
`))
	for _, line := range []string{"shown.ts(2,", "shown.ts(3,", "shown.ts(4,"} {
		if !strings.Contains(complaints, line) {
			t.Errorf("nothing about %s in\n%s", line, complaints)
		}
	}
}

// withoutNewer drops the blocks that the types do not know.
func withoutNewer(t *testing.T, blocks []json.RawMessage) json.RawMessage {
	t.Helper()
	known := []json.RawMessage{}
	for _, b := range blocks {
		var block struct{ Type string }
		if err := json.Unmarshal(b, &block); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(newer, block.Type) {
			known = append(known, b)
		}
	}
	out, err := json.Marshal(known)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// everything asks the view's tests for what people can see.
func everything(t *testing.T) shown {
	t.Helper()
	path := filepath.Join(t.TempDir(), "blocks.json")
	write := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-run", "^TestBlocksAreWritten$", "./bot/view", "-blocks", path)
	write.Dir = filepath.Join("..", "..")
	if out, err := write.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all shown
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// check returns what the compiler has to say of a source, one complaint a line; "" is nothing.
func check(t *testing.T, source []byte) string {
	t.Helper()
	file := filepath.Join(folder, "shown.ts")
	if err := os.WriteFile(file, source, 0o600); err != nil {
		t.Fatal(err)
	}
	tsc := exec.CommandContext(t.Context(), filepath.Join(folder, "node_modules", ".bin", "tsc"),
		"--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--types", "node", file)
	tsc.Dir = folder
	out, err := tsc.CombinedOutput()
	if err != nil && len(out) == 0 {
		t.Fatal(err)
	}
	return string(out)
}

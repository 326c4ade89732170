package view_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/bot/slacksim/blockkit"
	"canarybot.io/bot/view"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden holds what people see for every state. The files are to be read: text is what a lock screen says, below
// it are the blocks, and under each button what it asks and carries.
func TestGolden(t *testing.T) {
	seen := map[string]bool{}
	check := func(name string, got []byte) {
		t.Helper()
		if seen[name] {
			t.Fatalf("two cases are called %s", name)
		}
		seen[name] = true
		golden(t, name, got)
	}
	for _, group := range []map[string]view.Message{cards(), replies(), answers()} {
		for name, m := range group {
			check(name+".golden", render(t, m))
			if m.Native != nil { // what changes where the workspace takes plans, charts and tables
				m.Blocks = m.Native
				check(name+".native.golden", render(t, m))
			}
		}
	}
	for name, m := range modals() {
		check("modal_"+name+".golden", renderModal(t, m))
	}
	for name, blocks := range homes() {
		check("home_"+name+".golden", []byte(strings.Join(blockkit.Plain(raw(t, view.Message{Blocks: blocks}), blockkit.Names{Now: noon}), "\n")+"\n"))
	}
	for _, name := range []string{"card_baking", "card_awaiting_last", "card_stuck"} {
		check(name+".json", pretty(t, cards()[name]))
	}
	files, err := filepath.Glob("testdata/*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if base := filepath.Base(f); !seen[base] && !strings.HasPrefix(base, "problems") && base != "doubts.golden" && base != "lines.golden" { // those have tests of their own
			t.Errorf("%s is no case any more: delete it", f)
		}
	}
}

// manual finds what only the manual explains: odds, a bar named by its shape, a number in brackets without its name.
var manual = regexp.MustCompile("\\b1 : \\d|at no step|`[▁-█]`|\\(\\d|[Ww]eight 0|it sees")

func TestNothingNeedsTheManual(t *testing.T) {
	for _, group := range []map[string]view.Message{cards(), replies(), answers()} {
		for name, m := range group {
			if found := manual.FindString(string(render(t, m))); found != "" {
				t.Errorf("%s says %q", name, found)
			}
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); go test -update accepts it:\n%s", name, diff)
	}
}

// raw returns the blocks as Slack gets them.
func raw(t testing.TB, m view.Message) []byte {
	t.Helper()
	b := blocksOf(m)
	if b == nil {
		t.Fatal("the blocks are no JSON")
	}
	return b
}

// blocksOf is raw for where there is no test to fail; nil: it should.
func blocksOf(m view.Message) []byte {
	b, err := json.Marshal(m.Blocks)
	if err != nil {
		return nil
	}
	return b
}

func pretty(t *testing.T, m view.Message) []byte {
	t.Helper()
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m.Blocks); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// render writes a message as a person reads it.
func render(t *testing.T, m view.Message) []byte {
	t.Helper()
	var out bytes.Buffer
	fmt.Fprintf(&out, "text: %s\n", m.Text)
	if m.Broadcast {
		out.WriteString("(shown in the channel too)\n")
	}
	out.WriteString("\n" + strings.Join(blockkit.Plain(raw(t, m), blockkit.Names{Now: noon}), "\n") + "\n")
	for _, b := range buttonsOf(t, m) {
		fmt.Fprintf(&out, "\n[ %s ] %s\n  %s %s\n", b.Text.Text, b.Style, b.ActionID, b.Value)
		if c := b.Confirm; c != nil {
			fmt.Fprintf(&out, "  %s\n  %s\n  [ %s ] [ %s ]\n", c.Title.Text, c.Text.Text, c.Confirm.Text, c.Deny.Text)
		}
	}
	return out.Bytes()
}

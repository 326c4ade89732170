package docs_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// follow makes the edits of a recipe of extend.md on copies, by path from the root. A block goes below the first line
// that contains what its mark names, or at the end.
func follow(t *testing.T, recipe string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, b := range blocks(t) {
		where, ok := strings.CutPrefix(b.mark, recipe+": ")
		if !ok {
			continue
		}
		file, line, below := strings.Cut(where, ", below: ")
		file = strings.TrimSuffix(file, ", at the end")
		text, edited := files[file]
		if old, err := os.ReadFile(filepath.Join("..", file)); err == nil && !edited {
			text = string(old)
		}
		at := len(text)
		if below {
			if at = strings.Index(text, line); at < 0 {
				t.Fatalf("%s has no line with %q", file, line)
			}
			at += strings.Index(text[at:], "\n") + 1
		}
		files[file] = text[:at] + b.text + text[at:]
	}
	if len(files) == 0 {
		t.Fatalf("no block is marked as %q", recipe)
	}
	return files
}

// overlay writes the Go files to a folder of their own, and returns what tells the go command to build with them.
func overlay(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, replace := t.TempDir(), map[string]string{}
	for file, text := range files {
		if filepath.Ext(file) != ".go" {
			continue
		}
		from, err := filepath.Abs(filepath.Join("..", file))
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		write(t, to, text)
		replace[from] = to
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "overlay.json"), string(text))
	return "-overlay=" + filepath.Join(dir, "overlay.json")
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// The recipe for a subcommand is four files, and what it makes answers in Slack.
func TestTheRecipeForASubcommand(t *testing.T) {
	t.Parallel()
	files := follow(t, "subcommand")
	if len(files) != 4 {
		t.Errorf("a subcommand takes %d files, not four", len(files))
	}
	dir, with := t.TempDir(), overlay(t, files)
	binary := filepath.Join(dir, "bot.test")
	run(t, "..", "go", "test", "-c", with, "-o", binary, "./bot")
	write(t, filepath.Join(dir, "testdata", "where.txt"), files["bot/testdata/where.txt"])
	run(t, dir, binary, "-test.run=^TestScenarios$", "-update")
	seen, err := os.ReadFile(filepath.Join(dir, "testdata", "where.golden"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(seen), "checkout runs in shop.") {
		t.Errorf("/canary where answers:\n%s", seen)
	}
}

// The recipe for a named check is one value, which breaks no test.
func TestTheRecipeForANamedCheck(t *testing.T) {
	t.Parallel()
	files := follow(t, "named check")
	if len(files) != 1 {
		t.Errorf("a named check takes %d files, not one", len(files))
	}
	run(t, "..", "go", "test", overlay(t, files), "./config", "./rollout/sim", "./rollout/prom", "./bot/view")
}

// The recipe for a store is a folder and a test, which pass the suite. Its line of wiring is for the reader's own choice.
func TestTheRecipeForAStore(t *testing.T) {
	t.Parallel()
	files := follow(t, "store")
	if len(files) != 2 {
		t.Errorf("a store takes %d files, not two", len(files))
	}
	dir := t.TempDir() // go vet and go test would change to a folder that only the overlay has
	binary := filepath.Join(dir, "store.test")
	run(t, "..", "go", "test", "-c", "-vet=off", overlay(t, files), "-o", binary, "./store/frozen")
	run(t, dir, binary)
}

// The recipe for a router is a folder with its test, which passes the suite.
func TestTheRecipeForARouter(t *testing.T) {
	t.Parallel()
	files := follow(t, "router")
	if len(files) != 2 {
		t.Errorf("a router's folder takes %d files, not two", len(files))
	}
	dir := t.TempDir()
	binary := filepath.Join(dir, "router.test")
	run(t, "..", "go", "test", "-c", "-vet=off", overlay(t, files), "-o", binary, "./rollout/traffic/flat")
	run(t, dir, binary)
}

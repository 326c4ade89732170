package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"canarybot.io/store/bolt"
)

// storeRun runs a command about a store and returns what it says.
func storeRun(t *testing.T, args ...string) string {
	t.Helper()
	cmd, out := root(here()), &bytes.Buffer{}
	cmd.SetArgs(append([]string{"store"}, args...))
	cmd.SetOut(out)
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		return sentence(err) + "\n"
	}
	return out.String()
}

func TestStoreCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, copied, broken := filepath.Join(dir, "canarybot.db"), filepath.Join(dir, "copy.db"), filepath.Join(dir, "broken.db")
	s, err := bolt.Open(t.Context(), path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(broken, []byte("services:\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	say := func(want string, args ...string) {
		t.Helper()
		if got := storeRun(t, args...); !regexp.MustCompile("^" + want + "\n$").MatchString(got) {
			t.Errorf("%v says %q, want %s", args, got, want)
		}
	}
	const described = `store [A-Z0-9]{26}, 1 records, [0-9.]+ MiB, [0-9.]+ MiB of it free\.`
	say(path+" is whole: "+described, "check", path)
	say(copied+" is a whole copy of "+path+": "+described, "backup", copied, path)
	say(copied+" is there already: name a file that is not.", "backup", copied, path)
	say(broken+` is not a store of Canarybot \(it has another format\)\..*`, "check", broken)
	say(path+` is in use by another process \(process \d+\): .*`, "compact", path)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	say(path+" had [0-9.]+ MiB and has [0-9.]+ MiB: "+described, "compact", path)
	say(copied+" is whole: "+described, "check", copied)
	say("There is no store "+broken+"2.", "compact", broken+"2")
}

package registry_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"canarybot.io/rollout/registry"
)

// program writes a script that stands for cosign, and returns its path.
func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cosign")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// A command gets the image by its digest alone, as one argument, and nothing of our environment that is secret.
func TestACommandVerifies(t *testing.T) {
	t.Setenv("SLACK_BOT_TOKEN", "xoxb-1")
	s := newShop(t)
	digest := s.push("v1.2.4", "one")
	out := filepath.Join(t.TempDir(), "out")
	verify := program(t, `{ for a in "$@"; do echo "$a"; done; env; } > `+out+"\n")
	for _, args := range [][]string{{"verify", "--image={image}"}, {"verify"}} {
		got := ask(t, demand(registry.Verification{Command: append([]string{verify}, args...)}), s.repository()+":v1.2.4")
		if !got.Passes() || !strings.HasSuffix(got.Pinned, digest) {
			t.Fatalf("got %+v", got)
		}
		said, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(said), s.repository()+"@"+digest+"\n") || strings.Contains(string(said), "v1.2.4") {
			t.Errorf("it was called with %s", said)
		}
		if strings.Contains(string(said), "xoxb-1") {
			t.Errorf("it sees Slack's token: %s", said)
		}
	}
}

func TestACommandRefuses(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.push("v1.2.4", "one")
	got := ask(t, demand(registry.Verification{Command: []string{program(t, "echo first >&2; echo no signatures found >&2; exit 1")}}), s.repository()+":v1.2.4")
	if only(t, got, false) != registry.ProblemCommandRefuses || got.Problems[0].Words != "no signatures found" {
		t.Errorf("got %+v", got)
	}
	got = ask(t, demand(registry.Verification{Command: []string{program(t, "exit 3")}}), s.repository()+":v1.2.4")
	if only(t, got, false) != registry.ProblemCommandRefuses || got.Problems[0].Words != "exit status 3" {
		t.Errorf("without a word: got %+v", got)
	}
	got = ask(t, demand(registry.Verification{Command: []string{filepath.Join(t.TempDir(), "gone")}}), s.repository()+":v1.2.4")
	if only(t, got, false) != registry.ProblemCommandFails {
		t.Errorf("no such program: got %+v", got)
	}
	got = ask(t, demand(registry.Verification{Command: []string{program(t, "head -c 10000000 /dev/zero >&2")}}), s.repository()+":v1.2.4")
	if !got.Passes() {
		t.Errorf("a talkative one: got %+v", got)
	}
}

package config_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"canarybot.io/config"
	"canarybot.io/rollout"
)

func TestSecretFromEnv(t *testing.T) {
	file := func(content string) string {
		path := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pipe := func() string {
		path := filepath.Join(t.TempDir(), "pipe")
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := map[string]struct {
		value, file string
		want        string // or the code of the problem
		bad         bool
	}{
		"in the environment":         {value: "xoxb-1", want: "xoxb-1"},
		"in a file":                  {file: file("xoxb-2\n"), want: "xoxb-2"},
		"in both":                    {value: "xoxb-1", file: file("xoxb-2"), want: string(config.ProblemSecretTwice), bad: true},
		"nowhere":                    {want: string(config.ProblemSecretMissing), bad: true},
		"in a file that is not":      {file: filepath.Join(t.TempDir(), "absent"), want: string(config.ProblemSecretUnreadable), bad: true},
		"in a file that is empty":    {file: file("\n"), want: string(config.ProblemSecretUnreadable), bad: true},
		"in a file that is too long": {file: file(strings.Repeat("x", 65<<10)), want: string(config.ProblemSecretUnreadable), bad: true},
		"in a directory":             {file: t.TempDir(), want: string(config.ProblemSecretUnreadable), bad: true},
		"in a pipe":                  {file: pipe(), want: string(config.ProblemSecretUnreadable), bad: true},
		"in two lines":               {value: "xoxb-1\nxoxb-2", want: string(config.ProblemSecretMalformed), bad: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv("CANARYBOT_TEST", tt.value)
			t.Setenv("CANARYBOT_TEST_FILE", tt.file)
			got, err := config.SecretFromEnv("CANARYBOT_TEST", nil)
			if tt.bad {
				if string(rollout.ProblemOf(err).Code) != tt.want || rollout.CodeOf(err) != rollout.Invalid || strings.Contains(err.Error(), "xox") {
					t.Errorf("got error %v, want %q", err, tt.want)
				}
				return
			}
			if err != nil || got().Reveal() != tt.want {
				t.Errorf("got error %v, want %q", err, tt.want)
			}
		})
	}
}

// A token is as its file is now: whoever rotates it restarts nothing.
func TestARewrittenSecretIsTakenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	write := func(content string) {
		old := time.Now().Add(-time.Hour)
		if err := errors.Join(os.WriteFile(path, []byte(content), 0o600), os.Chtimes(path, old, old)); err != nil {
			t.Fatal(err)
		}
	}
	write("xoxb-old")
	t.Setenv("CANARYBOT_TEST_FILE", path)
	now, err := config.SecretFromEnv("CANARYBOT_TEST", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ content, want string }{{"", "xoxb-old"}, {"xoxb-newer\n", "xoxb-newer"}, {"xoxb\x00", "xoxb-newer"}} {
		write(step.content)
		if got := now().Reveal(); got != step.want {
			t.Errorf("with %q in the file: %s, want %s", step.content, got, step.want)
		}
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	s := config.Secret("xoxb-1")
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("start", "token", s, "all", struct{ Token config.Secret }{s})
	encoded, err := json.Marshal(map[string]config.Secret{"token": s})
	if err != nil {
		t.Fatal(err)
	}
	shown := []string{log.String(), string(encoded), s.String()}
	for _, verb := range []string{"%v", "%s", "%q", "%#v", "%+v", "%x", "%d"} {
		shown = append(shown, fmt.Sprintf(verb, s), fmt.Sprintf(verb, struct{ Token config.Secret }{s}))
	}
	for _, text := range shown {
		if strings.Contains(text, "xoxb") || strings.Contains(text, "786f7862") || !strings.Contains(text, "[redacted]") {
			t.Errorf("shows %s", text)
		}
	}
}

package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
		"in a file that is empty":    {file: file("\n"), want: string(config.ProblemSecretMalformed), bad: true},
		"in a file that is too long": {file: file(strings.Repeat("x", 65<<10)), want: string(config.ProblemSecretUnreadable), bad: true},
		"in two lines":               {value: "xoxb-1\nxoxb-2", want: string(config.ProblemSecretMalformed), bad: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv("CANARYBOT_TEST", tt.value)
			t.Setenv("CANARYBOT_TEST_FILE", tt.file)
			got, err := config.SecretFromEnv("CANARYBOT_TEST")
			if tt.bad {
				if string(rollout.ProblemOf(err).Code) != tt.want || rollout.CodeOf(err) != rollout.Invalid || strings.Contains(err.Error(), "xox") {
					t.Errorf("got error %v, want %q", err, tt.want)
				}
				return
			}
			if err != nil || got.Reveal() != tt.want {
				t.Errorf("got %q (%v), want %q", got.Reveal(), err, tt.want)
			}
		})
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

package config

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"canarybot.io/rollout"
)

// Secret is a token or password. However it is printed or encoded, it shows as redacted; Reveal returns it.
type Secret string

const redacted = "[redacted]"

// Reveal returns the secret, to be sent where it belongs.
func (s Secret) Reveal() string { return string(s) }

// String hides the secret.
func (s Secret) String() string { return redacted }

// Format hides the secret from every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText hides the secret from JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue hides the secret from logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// longestSecret bounds what is read from a file that turns out to be something else.
const longestSecret = 64 << 10

// What is wrong with a secret. Key is the environment variable.
const (
	ProblemSecretTwice      rollout.ProblemCode = "secret_set_twice"
	ProblemSecretMissing    rollout.ProblemCode = "secret_missing"
	ProblemSecretUnreadable rollout.ProblemCode = "secret_unreadable"
	ProblemSecretMalformed  rollout.ProblemCode = "secret_malformed"
)

// SecretFromEnv returns the secret in the environment variable, or in the file that NAME_FILE names. A line break at
// its end is dropped. The error names what is missing and never quotes the value.
func SecretFromEnv(name string) (Secret, error) {
	value, path := os.Getenv(name), os.Getenv(name+"_FILE")
	switch {
	case value != "" && path != "":
		return "", rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemSecretTwice, Key: name})
	case value == "" && path == "":
		return "", rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemSecretMissing, Key: name})
	case path != "":
		var err error
		if value, err = readSecret(path); err != nil {
			return "", rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemSecretUnreadable, Key: name}).Because(err)
		}
	}
	value = strings.TrimRight(value, "\r\n")
	if value == "" || strings.ContainsAny(value, " \t\r\n\x00") {
		return "", rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemSecretMalformed, Key: name})
	}
	return Secret(value), nil
}

func readSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, longestSecret+1))
	if err != nil {
		return "", err
	}
	if len(data) > longestSecret {
		return "", fmt.Errorf("%s is larger than any secret", path)
	}
	return string(data), nil
}

package config

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"canarybot.io/rollout"
	"canarybot.io/secret"
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

// What is wrong with a secret. Key is the environment variable.
const (
	ProblemSecretTwice      rollout.ProblemCode = "secret_set_twice"
	ProblemSecretMissing    rollout.ProblemCode = "secret_missing"
	ProblemSecretUnreadable rollout.ProblemCode = "secret_unreadable"
	ProblemSecretMalformed  rollout.ProblemCode = "secret_malformed"
)

// SecretFromEnv returns the secret in the environment variable, or in the file that NAME_FILE names, as it is whenever the
// function is called: a file that is rewritten is taken over, see secret.File. A line break at its end is dropped. It
// blocks on nothing, whatever the file is. The error names what is missing and never quotes the value.
func SecretFromEnv(name string, log *slog.Logger) (func() Secret, error) {
	value, path := os.Getenv(name), os.Getenv(name+"_FILE")
	switch {
	case value != "" && path != "":
		return nil, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemSecretTwice, Key: name})
	case value == "" && path == "":
		return nil, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemSecretMissing, Key: name})
	case path != "":
		return secretFromFile(name, secret.NewFile(path, secret.Word, log))
	}
	value = strings.TrimRight(value, "\r\n")
	if secret.Word(value) != nil {
		return nil, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemSecretMalformed, Key: name})
	}
	return func() Secret { return Secret(value) }, nil
}

func secretFromFile(name string, file *secret.File) (func() Secret, error) {
	if _, err := file.Read(); err != nil {
		return nil, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemSecretUnreadable, Key: name}).Because(err)
	}
	return func() Secret {
		value, _ := file.Read() // there was one: it has no error any more
		return Secret(value)
	}, nil
}

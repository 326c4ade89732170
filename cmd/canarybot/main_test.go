package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/config"
	"canarybot.io/rollout"
	"canarybot.io/store/bolt"
)

// What the terminal shows of an error that ends the program.
func TestSentence(t *testing.T) {
	t.Parallel()
	_, invalid := config.Parse([]byte("environment: [x]\nslack: 5\n"))
	inUse := rollout.Refuse(rollout.Unavailable, rollout.Problem{Code: bolt.ProblemInUseBy, Key: "/data/x.db", Value: "7"})
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"a configuration, a line for each problem": {invalid, invalid.Error()},
		"a problem, wrapped": {
			fmt.Errorf("the rollouts stopped: %w", inUse),
			"/data/x.db is in use by another process (process 7): one Canarybot works on one store. Stop the other one, or give this one a store.path in a directory of its own.",
		},
		"a problem with its cause": {
			rollout.Refuse(rollout.Invalid, rollout.Problem{Code: problemClient}).Because(errors.New("no <host>")),
			"No client for Kubernetes can be made. (no <host>)",
		},
		"two problems at once": {
			errors.Join(rollout.Refuse(rollout.Invalid, rollout.Problem{Code: config.ProblemSecretMissing, Key: "A"}),
				rollout.Refuse(rollout.Invalid, rollout.Problem{Code: config.ProblemSecretMissing, Key: "B"})),
			"Neither A nor A_FILE is set.\nNeither B nor B_FILE is set.",
		},
		"no problem of ours": {errors.New("flag needs an argument"), "flag needs an argument"},
	} {
		if diff := cmp.Diff(tt.want, sentence(tt.err)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

package view

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"canarybot.io/rollout"
)

// GoBack is the action of the button that BackFirst offers: take the service to the version before the rollout that
// the value names. It is no decision about that rollout.
const GoBack rollout.Action = "back"

// Value is what a button carries: ENVIRONMENT/ROLLOUT/TURN/ACTION.
type Value struct {
	Environment string
	Rollout     rollout.ID
	Turn        rollout.Turn
	Action      rollout.Action
}

// Encode returns the value as the button carries it.
func (v Value) Encode() string {
	return fmt.Sprintf("%s/%s/%d/%s", v.Environment, v.Rollout, v.Turn, v.Action)
}

// problemMalformedButton says that a button does not carry a value.
const problemMalformedButton rollout.ProblemCode = "malformed_button"

// ParseValue reads what a button carried. The error is a sentence for people.
func ParseValue(s string) (Value, error) {
	malformed := rollout.Refuse(rollout.Invalid, rollout.Problem{Code: problemMalformedButton})
	parts := strings.Split(s, "/")
	if len(parts) < 4 || len(s) > maxValue {
		return Value{}, malformed
	}
	last := len(parts) - 3 // an environment may have a slash in its name; nothing after it has
	turn, err := strconv.Atoi(parts[last+1])
	v := Value{
		Environment: strings.Join(parts[:last], "/"), Rollout: rollout.ID(parts[last]),
		Turn: rollout.Turn(turn), Action: rollout.Action(parts[last+2]),
	}
	_, _, isID := v.Rollout.Split()
	if err != nil || turn < 0 || !isID || !slices.Contains(buttonActions, v.Action) || v.Encode() != s {
		return Value{}, malformed
	}
	return v, nil
}

// buttonActions are the actions that buttons carry.
var buttonActions = []rollout.Action{
	rollout.Promote, rollout.Rollback, rollout.Pause, rollout.Resume, rollout.Override, rollout.Retry, rollout.Abandon, GoBack,
}

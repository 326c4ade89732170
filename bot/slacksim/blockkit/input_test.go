package blockkit_test

import (
	"fmt"
	"testing"

	"canarybot.io/bot/slacksim/blockkit"
)

func TestMomentThatAPickerShowsAtFirst(t *testing.T) {
	for initial, valid := range map[string]bool{
		"":              true,
		"1795442520":    true,
		"946684800":     true,
		"0":             true,
		`"1795442520"`:  false,
		"1795442520.5":  false,
		"1795442520000": false,
		"-1":            false,
		"null":          false,
	} {
		field := ""
		if initial != "" {
			field = `,"initial_date_time":` + initial
		}
		view := fmt.Sprintf(`{"type":"modal","title":%s,"submit":%[1]s,"blocks":[{"type":"input","label":%[1]s,"element":{"type":"datetimepicker","action_id":"at"%s}}]}`, plain("x"), field)
		if problems := blockkit.ValidateView([]byte(view), blockkit.InModal); (len(problems) == 0) != valid {
			t.Errorf("%s: %v", initial, problems)
		}
	}
}

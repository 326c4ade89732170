package view

import (
	"fmt"

	"canarybot.io/rollout"
)

// Backtest says in one sentence how a check would have judged stable in the last hour.
func Backtest(h rollout.Backtest) string {
	check := word(h.Check)
	switch {
	case h.Problem != "":
		return fmt.Sprintf("%s cannot be asked about the last hour: %s", check, words(h.Problem))
	case h.Series > 1:
		return fmt.Sprintf("%s gives %d series at once; aggregate it to one, for example with sum()", check, h.Series)
	case h.None == h.Asked:
		return fmt.Sprintf("%s had no number in the last hour", check)
	case h.Beyond > 0:
		return fmt.Sprintf("%s of stable itself was beyond its limit %d of %d times in the last hour; a fine canary would have been too", check, h.Beyond, h.Asked)
	case h.None > h.Asked/10:
		return fmt.Sprintf("%s had no number %d of %d times in the last hour", check, h.None, h.Asked)
	case h.NoLimit:
		return fmt.Sprintf("%s had a number for stable all of the last hour", check)
	}
	return fmt.Sprintf("%s of stable was within its limit all of the last hour", check)
}

// checkBacktests returns that sentence for every check.
func checkBacktests(all []rollout.Backtest) []string {
	lines := make([]string, len(all))
	for i, h := range all {
		lines[i] = "• " + Backtest(h) + "."
	}
	return lines
}

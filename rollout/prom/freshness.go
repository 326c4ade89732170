package prom

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"canarybot.io/rollout"
)

// armLabel marks which arm an answer to a freshness query belongs to.
const armLabel = "canarybot_arm"

// metricName matches the name before a selector's brace. A line break between them may end a comment; then there is no
// name.
var metricName = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*[ \t]*$`)

// operators may precede the brace of a selector without a name.
var operators = []string{"and", "or", "unless", "atan2", "bool", "group_left", "group_right"}

// selectors returns the selectors in a query that have a name and braces. timestamp() needs the name: two metrics of
// one target differ only in their name.
func selectors(query string) []string {
	var found []string
	var l lexer
	start := -1
	for i := range len(query) {
		inside := l.braces
		l.feed(query[i])
		switch {
		case !inside && l.braces:
			start = -1
			if at := metricName.FindStringIndex(query[:i]); at != nil {
				name := strings.ToLower(strings.TrimRight(query[at[0]:i], " \t"))
				if !slices.Contains(operators, name) {
					start = at[0]
				}
			}
		case inside && !l.braces && start >= 0:
			if s := query[start : i+1]; !slices.Contains(found, s) {
				found = append(found, s)
			}
		}
	}
	return found
}

// newest returns a query for the newest timestamps of the series that each arm's query selects, by armLabel; empty
// when there are none. Selectors that both arms share are left out: they show nothing about either.
func newest(canary, stable string) string {
	ours, theirs := selectors(canary), selectors(stable)
	var asks []string
	ask := func(arm Side, all, others []string) {
		for i, s := range all {
			if !slices.Contains(others, s) {
				asks = append(asks, fmt.Sprintf(`label_replace(max(timestamp(%s)), "%s", "%s %d", "", "")`, s, armLabel, arm, i))
			}
		}
	}
	ask(CanaryArm, ours, theirs)
	ask(StableArm, theirs, ours)
	return strings.Join(asks, " or ")
}

// age is how old an arm's newest sample is, by Prometheus's clock.
type age struct {
	known bool // it could be queried
	there bool // a current sample exists
	past  time.Duration
}

// ages reads the answer to a freshness query.
func ages(query string, v model.Vector) (canary, stable age) {
	canary.known = strings.Contains(query, `"`+string(CanaryArm)+` `)
	stable.known = strings.Contains(query, `"`+string(StableArm)+` `)
	for _, s := range v {
		if s == nil || math.IsNaN(float64(s.Value)) || math.IsInf(float64(s.Value), 0) {
			continue
		}
		side := &canary
		if strings.HasPrefix(string(s.Metric[armLabel]), string(StableArm)) {
			side = &stable
		}
		past := s.Timestamp.Time().Sub(time.UnixMilli(int64(float64(s.Value) * 1000)))
		if !side.there || past < side.past {
			side.there, side.past = true, past
		}
	}
	return canary, stable
}

// oldest is the age from which a sample is stale: as many intervals as a silent canary is allowed, plus the time that a
// scrape may take. At the default interval a Prometheus that scrapes once a minute is still fresh.
func oldest(c rollout.Check) time.Duration { return 4*c.Interval + 5*time.Second }

// doubt returns why a value is not trusted because of the age of its samples.
func (a age) doubt(limit time.Duration, other age) (rollout.Why, string) {
	switch {
	case !a.known, a.there && a.past <= limit:
		return rollout.WhyNone, ""
	case !a.there:
		return rollout.WhyNoData, "no current sample"
	}
	detail := fmt.Sprintf("the newest sample is %s old", a.past.Round(time.Second))
	if other.there && other.past <= limit {
		return rollout.WhyNoData, detail // Prometheus is fine; only this arm has no new samples
	}
	return rollout.WhyStale, detail
}

package prom

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"canarybot.io/rollout"
)

// armLabel marks which arm an answer to a freshness query belongs to.
const armLabel = "canarybot_arm"

// selectors returns the selectors in a query that have a name and braces. timestamp() needs the name: two metrics of
// one target differ only in their name.
func selectors(query string) []string {
	var found []string
	for _, s := range selectorsIn(query) {
		if s.named && !slices.Contains(found, s.text) {
			found = append(found, s.text)
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

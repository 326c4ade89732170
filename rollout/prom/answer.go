package prom

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"canarybot.io/rollout"
)

// answer is the result of one query.
type answer struct {
	value    model.Value
	warnings []string
	err      error
}

// reading is a checked answer: a finite number, or the reason why there is none.
type reading struct {
	number *float64
	why    rollout.Why
	detail string // from Prometheus, or about its answer
}

func failedReading(why rollout.Why, detail string) reading { return reading{why: why, detail: detail} }

// maxClockSkew is how much Prometheus's clock may differ from this machine's.
const maxClockSkew = time.Minute

// read returns the single number in the answer.
func (a answer) read(now time.Time) reading {
	v, at, odd := a.one()
	switch {
	case odd.why != rollout.WhyNone:
		return odd
	case math.IsNaN(v):
		return failedReading(rollout.WhyNotANumber, "")
	case math.IsInf(v, 0):
		return failedReading(rollout.WhyInfinite, "")
	case at.Sub(now).Abs() > maxClockSkew:
		return failedReading(rollout.WhyStale, fmt.Sprintf("Prometheus's clock says %s, ours %s",
			at.UTC().Format(time.TimeOnly), now.UTC().Format(time.TimeOnly)))
	}
	return reading{number: &v}
}

// one returns the answer's value and the time at which it was evaluated, or what is wrong with it.
func (a answer) one() (float64, time.Time, reading) {
	if odd := a.rejection(); odd.why != rollout.WhyNone {
		return 0, time.Time{}, odd
	}
	switch v := a.value.(type) {
	case *model.Scalar:
		return float64(v.Value), v.Timestamp.Time(), reading{}
	case model.Vector:
		switch {
		case len(v) == 0:
			return 0, time.Time{}, failedReading(rollout.WhyNoData, "")
		case len(v) > 1:
			return 0, time.Time{}, failedReading(rollout.WhySeveralSeries,
				fmt.Sprintf("%d series, the first two %s and %s", len(v), label(v[0]), label(v[1])))
		case v[0] == nil || v[0].Histogram != nil:
			return 0, time.Time{}, failedReading(rollout.WhyQueryError, "the query gives a histogram, not one number")
		}
		return float64(v[0].Value), v[0].Timestamp.Time(), reading{}
	case nil:
		return 0, time.Time{}, failedReading(rollout.WhyQueryError, "the answer holds no result")
	default:
		return 0, time.Time{}, failedReading(rollout.WhyQueryError, fmt.Sprintf("the query gives a %s, not one number", v.Type()))
	}
}

func label(s *model.Sample) string {
	if s == nil {
		return "{}"
	}
	return cut(s.Metric.String(), 80)
}

// rejection returns why the answer must not be used at all.
func (a answer) rejection() reading {
	var tooLarge *tooLargeError
	doubts := doubtsIn(a.warnings)
	switch {
	case a.err == nil && len(doubts) > 0:
		return failedReading(rollout.WhyWarnings, plain(strings.Join(doubts, "; ")))
	case a.err == nil:
		return reading{}
	case errors.As(a.err, &tooLarge):
		return failedReading(rollout.WhyTooLarge, tooLarge.Error())
	case timedOut(a.err):
		return failedReading(rollout.WhyTimeout, "")
	case unreachable(a.err):
		return failedReading(rollout.WhyUnreachable, plain(words(a.err)))
	}
	return failedReading(rollout.WhyQueryError, plain(words(a.err)))
}

// harmless matches what comes as a warning and does not touch the numbers. Prometheus before 3.0, and what is built on it,
// sends information among the warnings: hints about names, and how quantiles were mended. An instant query is not sorted.
var harmless = regexp.MustCompile(`^(PromQL info\b|\d+ more info annotations? omitted|PromQL warning: sort is ineffective for range queries)`)

// doubtsIn returns the warnings because of which an answer may be incomplete or wrong. Whatever is not known to be
// harmless is one: stores say in many words that a part of the data is missing.
func doubtsIn(warnings []string) []string {
	return slices.DeleteFunc(slices.Clone(warnings), func(w string) bool { return harmless.MatchString(strings.TrimSpace(w)) })
}

// timedOut reports whether this client, the network or Prometheus gave up waiting.
func timedOut(err error) bool {
	var api *v1.Error
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, &network) && network.Timeout() ||
		// Prometheus reports its own timeout as a 503, and the client keeps only its body.
		errors.As(err, &api) && (api.Type == v1.ErrTimeout || strings.Contains(api.Detail, `"errorType":"timeout"`))
}

// unreachable reports whether the answer did not come from Prometheus itself.
func unreachable(err error) bool {
	var call *url.Error
	var api *v1.Error
	return errors.As(err, &call) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.Canceled) ||
		errors.As(err, &api) && (api.Type == v1.ErrServer || api.Type == v1.ErrClient)
}

// words returns the error's text without the URL, which may hold a password or a token.
func words(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		return words(u.Err)
	}
	var api *v1.Error
	if errors.As(err, &api) {
		return api.Msg // Detail is the body, of any length and content
	}
	return err.Error()
}

// plain makes text from outside fit into one line of a card.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "�"))
	return cut(strings.Join(strings.Fields(s), " "), 200)
}

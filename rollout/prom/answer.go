package prom

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/url"
	"strings"
	"time"
	"unicode"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"canarybot.io/rollout"
)

// answer is what came of one query.
type answer struct {
	value    model.Value
	warnings []string
	err      error
}

// reading is an answer judged: a finite number, or the reason why there is none.
type reading struct {
	number *float64
	why    rollout.Why
	detail string // Prometheus's words, or ours about them
}

func not(why rollout.Why, detail string) reading { return reading{why: why, detail: detail} }

// farthest is how much Prometheus's clock may differ from ours.
const farthest = time.Minute

// read returns the one number that the answer is.
func (a answer) read(now time.Time) reading {
	v, at, odd := a.one()
	switch {
	case odd.why != rollout.WhyNone:
		return odd
	case math.IsNaN(v):
		return not(rollout.WhyNotANumber, "")
	case math.IsInf(v, 0):
		return not(rollout.WhyInfinite, "")
	case at.Sub(now).Abs() > farthest:
		return not(rollout.WhyStale, fmt.Sprintf("Prometheus's clock says %s, ours %s",
			at.UTC().Format(time.TimeOnly), now.UTC().Format(time.TimeOnly)))
	}
	return reading{number: &v}
}

// one returns the answer's value and the time at which it was evaluated, or what is odd about it.
func (a answer) one() (float64, time.Time, reading) {
	if odd := a.odd(); odd.why != rollout.WhyNone {
		return 0, time.Time{}, odd
	}
	switch v := a.value.(type) {
	case *model.Scalar:
		return float64(v.Value), v.Timestamp.Time(), reading{}
	case model.Vector:
		switch {
		case len(v) == 0:
			return 0, time.Time{}, not(rollout.WhyNoData, "")
		case len(v) > 1:
			return 0, time.Time{}, not(rollout.WhySeveralSeries,
				fmt.Sprintf("%d series, the first two %s and %s", len(v), label(v[0]), label(v[1])))
		case v[0] == nil || v[0].Histogram != nil:
			return 0, time.Time{}, not(rollout.WhyQueryError, "the query gives a histogram, not one number")
		}
		return float64(v[0].Value), v[0].Timestamp.Time(), reading{}
	case nil:
		return 0, time.Time{}, not(rollout.WhyQueryError, "the answer holds no result")
	default:
		return 0, time.Time{}, not(rollout.WhyQueryError, fmt.Sprintf("the query gives a %s, not one number", v.Type()))
	}
}

func label(s *model.Sample) string {
	if s == nil {
		return "{}"
	}
	return cut(s.Metric.String(), 80)
}

// odd returns why the answer is not to be read at all.
func (a answer) odd() reading {
	var tooLarge *tooLargeError
	switch {
	case a.err == nil && len(a.warnings) > 0:
		return not(rollout.WhyWarnings, plain(strings.Join(a.warnings, "; ")))
	case a.err == nil:
		return reading{}
	case errors.As(a.err, &tooLarge):
		return not(rollout.WhyTooLarge, tooLarge.Error())
	case timedOut(a.err):
		return not(rollout.WhyTimeout, "")
	case unreachable(a.err):
		return not(rollout.WhyUnreachable, plain(words(a.err)))
	}
	return not(rollout.WhyQueryError, plain(words(a.err)))
}

// timedOut reports whether we, the network or Prometheus gave up waiting.
func timedOut(err error) bool {
	var api *v1.Error
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, &network) && network.Timeout() ||
		// Prometheus reports its own timeout as a 503, of which the client keeps the body only.
		errors.As(err, &api) && (api.Type == v1.ErrTimeout || strings.Contains(api.Detail, `"errorType":"timeout"`))
}

// unreachable reports whether the answer did not come from Prometheus itself.
func unreachable(err error) bool {
	var call *url.Error
	var api *v1.Error
	return errors.As(err, &call) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.Canceled) ||
		errors.As(err, &api) && (api.Type == v1.ErrServer || api.Type == v1.ErrClient)
}

// words returns what went wrong without the URL, which may hold a password or a token.
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

// plain makes foreign text fit for one line of a card.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "�"))
	return cut(strings.Join(strings.Fields(s), " "), 200)
}

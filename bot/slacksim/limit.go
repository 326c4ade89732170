package slacksim

import (
	"math"
	"net/http"
	"slices"
	"time"
)

// gracePeriod is how long after a refusal further calls are forgiven: they may have
// been on their way before the caller could know. Our rule.
const gracePeriod = time.Second

// maxRefusedPosts is how many refused posts per channel and minute are taken for a bot
// that does not pace itself. Our rule.
const maxRefusedPosts = 10

// quota is one method's usage in its current minute.
type quota struct {
	opened    time.Time
	used      int
	refusedAt time.Time
	until     time.Time // no call is accepted before this
}

// SetRateLimits switches the quotas on or off at run time.
func (s *Sim) SetRateLimits(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unlimited = !on
	clear(s.quotas)
}

// limit counts the call against its method's quota; the caller holds the lock.
func (s *Sim) limit(c call, m method) reply {
	if s.unlimited {
		return reply{}
	}
	q := s.quotas[c.method]
	if q == nil {
		q = &quota{opened: c.now}
		s.quotas[c.method] = q
	}
	if c.now.Before(q.until) {
		if c.now.Sub(q.refusedAt) > gracePeriod && !s.opts.Limits.InBody { // nobody said for how long
			s.recordViolation(IgnoredRetryAfter, "%s was called %s too early", c.method, q.until.Sub(c.now).Round(time.Millisecond))
		}
		return s.refusal(q.refuse(c.now, q.until), "ratelimited")
	}
	if c.now.Sub(q.opened) >= time.Minute {
		q.opened, q.used = c.now, 0
	}
	if q.used >= s.opts.Limits.of(m.tier) {
		q.refusedAt = c.now
		return s.refusal(q.refuse(c.now, q.opened.Add(time.Minute)), "ratelimited")
	}
	q.used++
	return reply{}
}

func (l Limits) of(t tier) int {
	switch t {
	case tier1:
		return l.Tier1
	case tier2:
		return l.Tier2
	case tier3:
		return l.Tier3
	case tier4:
		return l.Tier4
	case special:
		return l.Special
	}
	return l.Special
}

// refuse answers 429 with the whole seconds left, and remembers the promise.
func (q *quota) refuse(now, until time.Time) reply {
	q.until = until
	return tooMany(until.Sub(now))
}

// refusal is the refusal as this Slack answers it: with a status of its own or, as some of its parts do, with 200 and a word.
func (s *Sim) refusal(rep reply, word string) reply {
	if s.opts.Limits.InBody {
		return refuse(word)
	}
	return rep
}

func tooMany(wait time.Duration) reply {
	seconds := max(1, int(math.Ceil(wait.Seconds())))
	return reply{err: "ratelimited", status: http.StatusTooManyRequests, retryAfter: seconds}
}

// paceChannel takes a post from the channel's allowance of about one per second;
// the caller holds the lock.
func (s *Sim) paceChannel(r *room, now time.Time) reply {
	if s.unlimited {
		return reply{}
	}
	limits := s.opts.Limits
	if !r.filledAt.IsZero() {
		r.tokens += now.Sub(r.filledAt).Seconds() / limits.PostEvery.Seconds()
	}
	r.tokens = min(r.tokens, float64(limits.PostBurst))
	r.filledAt = now
	if r.tokens >= 1 {
		r.tokens--
		return reply{}
	}
	r.refused = slices.DeleteFunc(r.refused, func(t time.Time) bool { return now.Sub(t) > time.Minute })
	r.refused = append(r.refused, now)
	if len(r.refused) > maxRefusedPosts {
		s.recordViolation(PostingTooFast, "%d posts to #%s refused within a minute", len(r.refused), r.Name)
	}
	return s.refusal(tooMany(limits.PostEvery), "rate_limited")
}

package slack

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// clockExact is what Slack's clock and ours may differ by as far as its answers tell: they date themselves in whole
	// seconds, and were on their way for a while. Less than that is no difference.
	clockExact = 2 * time.Second
	// clockHolds is for how long the best comparison holds.
	clockHolds = 10 * time.Minute
)

// clock compares Slack's clock with ours, by the date of Slack's answers: each message is dated by Slack, and what it
// answers by us.
type clock struct {
	mu    sync.Mutex // guards the fields below
	ahead time.Duration
	at    time.Time // of the comparison; zero: there was none
}

// note compares the clocks when an answer has come. Whole seconds and the way make Slack's clock look late, never early:
// the largest difference of late is nearest to the truth.
func (c *clock) note(header http.Header, now time.Time) {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if ahead := date.Sub(now); c.at.IsZero() || ahead >= c.ahead || now.Sub(c.at) >= clockHolds || now.Before(c.at) {
		c.ahead, c.at = ahead, now
	}
}

// ours returns what our clock showed when Slack's showed a time.
func (c *clock) ours(slack time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ahead.Abs() < clockExact {
		return slack
	}
	return slack.Add(-c.ahead)
}

// Written returns when a message was posted, or a button pressed, of which Slack says the timestamp: by our clock, to two
// seconds. It is zero for what is no timestamp.
func (c *Client) Written(ts string) time.Time {
	seconds, micros, _ := strings.Cut(ts, ".")
	s, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || s <= 0 {
		return time.Time{}
	}
	us, err := strconv.ParseInt((micros + "000000")[:6], 10, 64)
	if err != nil || us < 0 {
		us = 0
	}
	return c.clock.ours(time.Unix(s, us*int64(time.Microsecond)).UTC())
}

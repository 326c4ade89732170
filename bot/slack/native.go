package slack

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/slack-go/slack"
)

// nativeAgain is after how long a type of block that the workspace refused is tried again: Slack brings new ones to one
// workspace after another.
const nativeAgain = 24 * time.Hour

// isNative holds the types of block that not every workspace takes.
var isNative = map[slack.MessageBlockType]bool{
	slack.MBTPlan: true, slack.MBTTaskCard: true, slack.MBTDataVisualization: true, slack.MBTDataTable: true,
}

// unsupported is how Slack names a type of block that it does not take.
var unsupported = regexp.MustCompile(`unsupported type: ([a-z_]+)`)

// natives is what is known of which native blocks the workspace takes. It is asked by trying: once for each type.
type natives struct {
	never bool // they are never sent

	mu      sync.Mutex // guards the fields below
	refused map[slack.MessageBlockType]time.Time
	taken   map[slack.MessageBlockType]bool
}

func newNatives(never bool) *natives {
	return &natives{never: never, refused: map[slack.MessageBlockType]time.Time{}, taken: map[slack.MessageBlockType]bool{}}
}

// form returns the message with its native blocks; ok is false where it has none, or one that the workspace does not take.
func (n *natives) form(m Message, now time.Time) (native Message, ok bool) {
	if n.never || m.Native == nil {
		return m, false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, t := range nativeTypes(m.Native) {
		if at, refused := n.refused[t]; refused && now.Sub(at) < nativeAgain {
			return m, false
		}
	}
	m.Blocks, m.Native = m.Native, nil
	return m, true
}

// surely is form, with native blocks only where each type was taken before.
func (n *natives) surely(m Message, now time.Time) Message {
	native, ok := n.form(m, now)
	n.mu.Lock()
	defer n.mu.Unlock()
	if !ok || slices.ContainsFunc(nativeTypes(m.Native), func(t slack.MessageBlockType) bool { return !n.taken[t] }) {
		m.Native = nil
		return m
	}
	return native
}

// Sure returns the message as it is sent where nobody would say that a block was refused, as in an ack: with native blocks
// only where the workspace has taken each of their types before.
func (c *Client) Sure(m Message) Message { return c.natives.surely(m, time.Now()) }

// Draws reports whether the message is sent with its native blocks, as far as is known.
func (c *Client) Draws(m Message) bool {
	_, ok := c.natives.form(m, time.Now())
	return ok
}

// take notes that the workspace took the blocks, and refuse that it does not take the types.
func (n *natives) take(blocks []slack.Block) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, t := range nativeTypes(blocks) {
		n.taken[t] = true
		delete(n.refused, t)
	}
}

func (n *natives) refuse(types []slack.MessageBlockType, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, t := range types {
		n.refused[t] = now
		delete(n.taken, t)
	}
}

// nativeTypes returns the types of the native ones among the blocks, once each.
func nativeTypes(blocks []slack.Block) []slack.MessageBlockType {
	found := map[slack.MessageBlockType]bool{}
	for _, b := range blocks {
		if isNative[b.BlockType()] {
			found[b.BlockType()] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// refusesNative reports whether the error may be about native blocks, and which of them it names; none: any of them.
func refusesNative(err error, blocks []slack.Block) (named []slack.MessageBlockType, may bool) {
	var e *Error
	if !errors.As(err, &e) || e.Outcome != Refused || e.Code != "invalid_blocks" && e.Method != methodRespond {
		return nil, false
	}
	for _, t := range nativeTypes(blocks) {
		if slices.Contains(e.Unsupported, string(t)) {
			named = append(named, t)
		}
	}
	return named, true
}

// withNative sends a message with its native blocks, where the workspace may take them; done is false where the classic
// ones are to be sent. What it refuses by name is remembered at once. What it refuses without a name is, after it has taken
// the classic ones: it is the native ones' fault then.
func (c *Client) withNative(m Message, send func(Message) error) (done bool, blamed []slack.MessageBlockType, err error) {
	native, ok := c.natives.form(m, time.Now())
	if !ok {
		return false, nil, nil
	}
	err = send(native)
	if err == nil {
		c.natives.take(native.Blocks)
		return true, nil, nil
	}
	named, may := refusesNative(err, native.Blocks)
	switch {
	case len(named) > 0:
		c.natives.refuse(named, time.Now())
		c.log.Warn("this workspace does not take blocks of these types yet; classic ones are sent", "types", named, "again_in", nativeAgain)
		return false, nil, nil
	case may:
		c.log.Warn("slack refused a message with native blocks; it is sent with classic ones", "error", err)
		return false, nativeTypes(native.Blocks), nil
	case formIsAtFault(err):
		return false, nil, nil // too long, for one: the next may be shorter
	}
	return true, nil, err
}

// formIsAtFault reports whether Slack refused what a message looks like.
func formIsAtFault(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Outcome != Refused {
		return false
	}
	remedy := RemedyFor(e.Code)
	return remedy == LessText || remedy == PlainText || e.Method == methodRespond // which answers in no words of these
}

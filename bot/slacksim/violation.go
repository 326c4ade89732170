package slacksim

import (
	"fmt"
	"slices"
	"time"
)

// Kind names a rule that a bot can break.
type Kind string

// All violations that the simulator detects. Where Slack would only answer an
// error, the error is answered too.
const (
	InvalidBlocks      Kind = "invalid_blocks"
	InvalidMetadata    Kind = "invalid_metadata"
	NoText             Kind = "no_text"              // a message without text and blocks
	NoNotification     Kind = "no_notification_text" // blocks without text: phones show nothing
	TextTooLong        Kind = "text_too_long"
	UnknownMethod      Kind = "unknown_method"
	BadArguments       Kind = "bad_arguments"
	BadToken           Kind = "bad_token"
	MissingScope       Kind = "missing_scope"
	IgnoredRetryAfter  Kind = "ignored_retry_after"
	PostingTooFast     Kind = "posting_too_fast"
	ForeignMessage     Kind = "foreign_message"  // editing what somebody else wrote
	ReplyToReply       Kind = "reply_to_reply"   // thread_ts that names a reply, not the root
	MissedAck          Kind = "missed_ack"       // no ack in time over a connection that was alive
	OversizeAck        Kind = "oversize_ack"     // 20 KiB or more: Slack drops it silently
	FragmentedAck      Kind = "fragmented_ack"   // continuation frames: Slack drops them silently
	BadAck             Kind = "bad_ack"          // not JSON, or for an unknown envelope
	UnwantedAckPayload Kind = "unwanted_payload" // a payload where Slack takes none
	BadTicket          Kind = "bad_ticket"       // a socket URL used twice or too late
	TooManySockets     Kind = "too_many_websockets"
	BadUpload          Kind = "bad_upload" // bytes for no upload, or not as many as announced
	ResponseURLMisuse  Kind = "response_url_misuse"
	BadTrigger         Kind = "bad_trigger"     // a trigger id used twice, or never given
	InvalidView        Kind = "invalid_view"    // a modal or a home that Slack does not take
	InvalidOptions     Kind = "invalid_options" // suggestions that Slack does not take
	BadViewAnswer      Kind = "bad_view_answer" // the ack of a submission is none that Slack understands
)

// Violation is one breach of the protocol by the bot.
type Violation struct {
	Kind   Kind
	At     time.Time
	Detail string
}

// String is one line for a test's failure message.
func (v Violation) String() string {
	return fmt.Sprintf("%s at %s: %s", v.Kind, v.At.UTC().Format("15:04:05.000"), v.Detail)
}

// Violations returns what the bot did wrong so far, in order.
func (s *Sim) Violations() []Violation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.violations)
}

// Expect says that the test intends the bot to break these rules: Start then
// fails if one of them was not broken.
func (s *Sim) Expect(kinds ...Kind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expected = append(s.expected, kinds...)
}

// Allow says that these rules may be broken without failing the test.
func (s *Sim) Allow(kinds ...Kind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.allowed = append(s.allowed, kinds...)
}

// testFailures returns the failures to report at the end of a test.
func (s *Sim) testFailures() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var complaints []string
	seen := map[Kind]bool{}
	for _, v := range s.violations {
		seen[v.Kind] = true
		if !slices.Contains(s.expected, v.Kind) && !slices.Contains(s.allowed, v.Kind) {
			complaints = append(complaints, "the bot broke Slack's protocol: "+v.String())
		}
	}
	for _, k := range s.expected {
		if !seen[k] {
			complaints = append(complaints, "expected violation did not happen: "+string(k))
		}
	}
	return complaints
}

// recordViolation records a breach; the caller holds the lock.
func (s *Sim) recordViolation(kind Kind, format string, args ...any) {
	v := Violation{Kind: kind, At: time.Now(), Detail: fmt.Sprintf(format, args...)}
	s.violations = append(s.violations, v)
	s.opts.Log.Warn("violation", "kind", string(kind), "detail", v.Detail)
	s.notifyChange()
}

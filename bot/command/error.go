package command

import (
	"fmt"

	"canarybot.io/rollout"
)

// Problem is what is wrong with a line.
type Problem string

// The problems.
const (
	UnknownCommand Problem = "unknown_command" // Word, Nearest
	MissingService Problem = "missing_service"
	UnknownService Problem = "unknown_service" // Word, Nearest
	MissingVersion Problem = "missing_version"
	NoVersion      Problem = "no_version"   // Word, Meant
	TwoVersions    Problem = "two_versions" // Word is the second
	MissingReason  Problem = "missing_reason"
	UnknownOption  Problem = "unknown_option" // Word, Nearest
	MissingValue   Problem = "missing_value"  // Word is the option that needs one
	UnwantedValue  Problem = "unwanted_value" // Word is the option that takes none
	RepeatedOption Problem = "repeated_option"
	LateOption     Problem = "late_option"  // Word is an option inside the reason
	TooManyWords   Problem = "too_many"     // Word is the first surplus word
	NotTogether    Problem = "not_together" // Word is a service with its version, and no option says what several mean; Meant
	Alone          Problem = "alone"        // fewer than two services are to go together, or they are typed otherwise
	TooMany        Problem = "too_many_services"
	Twice          Problem = "twice"        // Word is a service that is named already
	OtherThread    Problem = "other_thread" // Word is a service, but the thread is another's
	Question       Problem = "question"     // it asks, so it decides nothing; Meant
	NoTime         Problem = "no_time"      // Word is what follows from, until or for
	AtOnce         Problem = "at_once"      // Word is from, and a lock begins at once
	OneService     Problem = "one_service"  // Word is everything or a team, and a lock is of one service
	NoPending      Problem = "no_pending"   // Word is no number of a pending deploy
	NoRunning      Problem = "no_running"   // Word is not what becomes of rollouts under way
	NowOrLater     Problem = "now_or_later" // Word is an option about now, beside one that waits
	Talk           Problem = "talk"         // it may be said to others, so it decides nothing; Meant
)

// Error describes what is wrong with a line as data; package view puts it into words.
type Error struct {
	Problem Problem
	Verb    Verb                // the verb, as far as it was understood
	Word    string              // the word that is wrong, as typed
	Nearest string              // the nearest valid word; empty: none is near
	Meant   string              // the line that was perhaps meant: to be typed by whoever meant it; empty: none
	Service rollout.ServiceName // the service, as far as it was understood
	Thread  rollout.ServiceName // with OtherThread: the service of the thread
}

// Error returns the problem for the log.
func (e *Error) Error() string { return fmt.Sprintf("%s %q", e.Problem, e.Word) }

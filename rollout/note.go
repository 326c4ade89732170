package rollout

import "time"

// Note is a line about a rollout that is left beside its objects, where whoever looks at the cluster finds it.
type Note struct {
	// ID keeps a note from being left twice; empty: each is another one.
	ID      string
	Warning bool
	Reason  string // one word in CamelCase
	Text    string // one line of plain text
	At      time.Time
}

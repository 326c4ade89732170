package bot

import (
	"time"

	"canarybot.io/rollout"
)

// apartEdits is the least time between two edits of one card; ends and decisions do not wait for it. Where nothing but
// numbers changed it is the rollout's SamplesEvery.
const apartEdits = 2 * time.Second

// rank is how urgent something is to be shown.
type rank int

const (
	ends rank = iota
	decisions
	questions
	progress
	numbers // nothing but numbers changed
)

// rankOf returns how urgent an entry is. That the bot itself rolls a rollout back is as good as a decision.
func rankOf(e rollout.Entry) rank {
	switch {
	case e.Kind == rollout.EntryEnded:
		return ends
	case e.Kind == rollout.EntryDecided, e.Kind == rollout.EntryStuck,
		e.Kind == rollout.EntryPhase && e.Data.To == rollout.RollingBack:
		return decisions
	case e.Kind == rollout.EntryAsked, e.Kind == rollout.EntryDrift, e.Kind == rollout.EntryReminded:
		return questions
	}
	return progress
}

// face is what of a rollout makes its card be edited at once.
type face struct {
	turn         rollout.Turn
	phase        rollout.Phase
	step         int
	result       rollout.Result
	check        string
	why          rollout.Why
	paused, held bool
	stuck        rollout.ReasonCode
	field        rollout.Field
	value        string
	troubled     bool
	found        string
	outcome      rollout.Outcome
	offTraffic   bool
}

func faceOf(r rollout.Rollout) face {
	f := face{
		turn: r.Turn, phase: r.Phase, step: r.Step, result: r.Verdict.Result, paused: r.Paused, held: r.Held,
		troubled: !r.Trouble.IsZero(), found: r.From(), outcome: r.Ending.Outcome, offTraffic: !r.Ending.WeightZero.IsZero(),
	}
	if worst, ok := r.Verdict.Worst(); ok {
		f.check, f.why = worst.Check, worst.Why
	}
	if r.Stuck != nil {
		f.stuck = r.Stuck.Code
	}
	if r.Drift != nil {
		f.field, f.value = r.Drift.Field, r.Drift.Value
	}
	return f
}

// subject is one rollout and how much of it Slack shows. It belongs to the poster's goroutine.
type subject struct {
	r   rollout.Rollout
	cur cursor
	// doubt says that what is being posted may be there already: it is looked for first.
	doubt bool
	// entries are those that the thread tells and does not show yet; read is the last one looked at.
	entries []rollout.Entry
	read    int

	drawn   bool // the card was edited or posted since this process began
	face    face // that it shows, when drawn
	sum     string
	samples rollout.Revision // whose numbers it shows
	edited  time.Time
	urgent  rank // the most urgent change that the card does not show
	redraw  bool // somebody clicked on what is stale

	notBefore time.Time
	failures  int
}

// newSubject is a rollout of which Slack shows as much as the cursor says. A card that said that the bot is restarting
// is put right before any other.
func newSubject(cur cursor) *subject {
	s := &subject{cur: cur, doubt: cur.Posting != nil, read: cur.Last, urgent: numbers}
	if cur.Restarting {
		s.urgent = decisions
	}
	return s
}

// task is one call that would bring Slack closer to what is stored.
type task struct {
	s      *subject
	do     step
	method string
	rank   rank
	at     time.Time // not before
	since  time.Time // what waited longest comes first
}

// tasks returns what is missing for the rollout: at most the card and one reply.
func (s *subject) tasks() []task {
	most := progress
	if !s.drawn {
		most = min(progress, s.urgent)
	}
	for _, e := range s.entries { // an urgent entry pulls those before it along
		most = min(most, rankOf(e))
	}
	switch {
	case s.cur.Posting != nil && s.doubt && *s.cur.Posting == 0:
		return []task{{s: s, method: "conversations.history", rank: most, since: s.r.Request.At, do: s.findCard}}
	case s.cur.Card == "":
		return []task{{s: s, method: "chat.postMessage", rank: most, since: s.r.Request.At, do: s.postCard}}
	}
	var all []task
	if at, ok := s.editDue(); ok {
		edit := s.urgent
		if !s.drawn || faceOf(s.r) != s.face {
			edit = min(progress, edit)
		}
		all = append(all, task{s: s, method: "chat.update", rank: edit, at: at, since: s.edited, do: s.editCard})
	}
	if len(s.entries) > 0 {
		t := task{s: s, method: "chat.postMessage", rank: most, since: s.entries[0].At, do: s.postReply}
		if s.cur.Posting != nil && s.doubt {
			t.method, t.do = "conversations.replies", s.findReply
		}
		all = append(all, t)
	}
	return all
}

// editDue returns when the card has to be edited; ok is false when it shows everything.
func (s *subject) editDue() (at time.Time, ok bool) {
	switch {
	case !s.drawn:
		return time.Time{}, true
	case faceOf(s.r) != s.face:
		if s.urgent < progress {
			return time.Time{}, true
		}
		return s.edited.Add(apartEdits), true
	case s.redraw, s.urgent < progress:
		return s.edited.Add(apartEdits), true
	case s.r.Revision != s.samples:
		return s.edited.Add(max(apartEdits, s.r.SamplesEvery())), true
	}
	return time.Time{}, false
}

// shown reports whether the rollout has ended and Slack shows all of it.
func (s *subject) shown() bool {
	return s.r.Terminal() && s.cur.Card != "" && s.drawn && faceOf(s.r) == s.face && s.urgent >= progress && len(s.entries) == 0
}

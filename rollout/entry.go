package rollout

import "time"

// EntryKind says what a timeline entry is about.
type EntryKind string

// The kinds.
const (
	EntryRequested EntryKind = "requested" // the rollout was asked for
	EntryStarted   EntryKind = "started"   // the service was taken and the original recorded
	EntryPhase     EntryKind = "phase"     // From and To
	EntryDecided   EntryKind = "decided"   // Action, and the actor's words
	EntryStep      EntryKind = "step"      // a step's bake is over: the verdict that ended it
	EntryVerdict   EntryKind = "verdict"   // a check fails, or a passing verdict was lost
	EntryAsked     EntryKind = "asked"     // a person is asked: a gate, a hold, drift
	EntryReminded  EntryKind = "reminded"  // the question is repeated in the channel
	EntryDrift     EntryKind = "drift"     // somebody changed what we steer
	EntrySettled   EntryKind = "settled"   // a hold, drift, stuck or freeze is over
	EntryOverwrote EntryKind = "overwrote" // while ending, a foreign value was set back
	EntryStuck     EntryKind = "stuck"     // an ending does not end
	EntryAway      EntryKind = "away"      // the bot was away and judged nothing for a while
	EntryUnseen    EntryKind = "unseen"    // from here on people could not see the rollout: nothing moves forward
	EntryFrozen    EntryKind = "frozen"    // a freeze, Frozen, keeps it from going to a further step from here on
	EntryTagMoved  EntryKind = "tag_moved" // the tag of the new version names another image now, which Notices say
	EntryGit       EntryKind = "git"       // Commit, or the pull request that asks for it, as Wish wanted it
	EntryCommits   EntryKind = "commits"   // Commits are what the new version brings
	EntryEnded     EntryKind = "ended"
)

// Entry is one line of a rollout's timeline: data, never prose. Seq is dense per rollout and starts at 1.
type Entry struct {
	Rollout  ID         `json:"rollout"`
	Seq      int        `json:"seq"`
	At       time.Time  `json:"at"`
	Kind     EntryKind  `json:"kind"`
	Step     int        `json:"step"`
	Actor    Actor      `json:"actor,omitzero"`
	Decision DecisionID `json:"decision,omitempty"`
	Data     Data       `json:"data,omitzero"`
}

// Data is an entry's content, as far as its kind has it.
type Data struct {
	From    Phase         `json:"from,omitempty"`
	To      Phase         `json:"to,omitempty"`
	Action  Action        `json:"action,omitempty"`
	Text    string        `json:"text,omitempty"` // a person's words; to be escaped
	Weight  Weight        `json:"weight,omitempty"`
	Reason  Reason        `json:"reason,omitzero"`
	Verdict *Verdict      `json:"verdict,omitempty"`
	Doubts  []Acceptance  `json:"doubts,omitempty"` // asked about, accepted, or over
	Drift   *Drift        `json:"drift,omitempty"`
	Ending  *Ending       `json:"ending,omitempty"`
	Differs []string      `json:"problems,omitempty"` // the fields in which a canary that was there differs from stable
	Away    time.Duration `json:"away,omitempty"`
	Notices []Problem     `json:"notices,omitempty"` // what people should know of the cluster, at the start
	// DetectionPower is what the judge will see, at the start.
	DetectionPower *DetectionPower `json:"foresight,omitempty"`
	Advice         Advice          `json:"advice,omitempty"` // the judge's, beside a person's decision
	Left           time.Duration   `json:"left,omitempty"`   // until it is rolled back for want of an answer
	// Approvals are those that count so far, a promotion's own among them, of the Needed ones.
	Approvals []Approval `json:"approvals,omitempty"`
	Needed    int        `json:"needed,omitempty"`
	// Also are those that go together with this one and that the decision was carried out on as well. Theirs have With: the
	// rollout whose entry tells of it.
	Also   []ID       `json:"also,omitempty"`
	With   ID         `json:"with,omitempty"`
	Commit *GitCommit `json:"commit,omitempty"`
	Wish   GitWish    `json:"wish,omitempty"`
	Frozen *Closure   `json:"frozen,omitempty"`
	// Commits are what the new version brings, or why that is not known.
	Commits *Commits `json:"commits,omitempty"`
}

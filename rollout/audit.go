package rollout

import (
	"slices"
	"time"
)

// AuditKind says what an entry of the audit is about.
type AuditKind string

// The kinds. Those from requested to ended are entries of a rollout's timeline.
const (
	AuditPolicy    AuditKind = "policy"    // Rules: entries name them by their hash from here on
	AuditRequested AuditKind = "requested" // a rollout was asked for
	AuditStarted   AuditKind = "started"   // its service was taken
	AuditDecided   AuditKind = "decided"   // Action, and the actor's words
	AuditPhase     AuditKind = "phase"     // the cluster is changed from here on: traffic, pods or stable's image
	AuditDrift     AuditKind = "drift"     // somebody else changed what a rollout steers
	AuditOverwrote AuditKind = "overwrote" // while ending, a foreign value was set back
	AuditTagMoved  AuditKind = "tag_moved" // the tag of the new version names another image now
	AuditGit       AuditKind = "git"       // the promotion in Git
	AuditEnded     AuditKind = "ended"     // the whole rollout, as an auditor samples it
	AuditClosed    AuditKind = "closed"    // a freeze or a lock was set: Closure
	AuditReopened  AuditKind = "reopened"  // a freeze or a lock was ended: Closure
	AuditIncident  AuditKind = "incident"  // people say that customers were harmed
	AuditPending   AuditKind = "pending"   // a deploy waits: Pending
	AuditJumped    AuditKind = "jumped"    // a pending deploy went ahead of the others
	AuditLeft      AuditKind = "left"      // a pending deploy was removed
	AuditDropped   AuditKind = "dropped"   // a pending deploy can no longer start
)

// AuditEntry is one line of the audit: who did what, when, on what grounds and under which rules. It is data, never
// prose, and outlives its rollout. What is stored of it is never written again.
type AuditEntry struct {
	// Seq is dense over the store and starts at 1. The store gives it.
	Seq         int64       `json:"seq"`
	At          time.Time   `json:"at"`
	Kind        AuditKind   `json:"kind"`
	Environment string      `json:"environment,omitempty"`
	Service     ServiceName `json:"service,omitempty"`
	Rollout     ID          `json:"rollout,omitempty"`
	Step        int         `json:"step,omitempty"`
	Actor       Actor       `json:"actor,omitzero"`
	Decision    DecisionID  `json:"decision,omitempty"`
	Action      Action      `json:"action,omitempty"`
	Text        string      `json:"text,omitempty"` // a person's words; to be escaped
	Began       time.Time   `json:"began,omitzero"` // of an incident, as people say; zero: nobody said
	From        Phase       `json:"from,omitempty"`
	To          Phase       `json:"to,omitempty"`
	Weight      Weight      `json:"weight,omitempty"`
	Reason      Reason      `json:"reason,omitzero"`
	Advice      Advice      `json:"advice,omitempty"` // the judge's, beside a person's decision
	// Approvals are those that counted with a promotion, its own among them, of the Needed ones.
	Approvals []Approval `json:"approvals,omitempty"`
	Needed    int        `json:"needed,omitempty"`
	Drift     *Drift     `json:"drift,omitempty"`
	Commit    *GitCommit `json:"commit,omitempty"`
	Request   *Request   `json:"request,omitempty"`
	// Image is the new version in full, Before the one that it replaces. Digests are what was judged, by platform.
	Image   string        `json:"image,omitempty"`
	Before  string        `json:"before,omitempty"`
	Digests []ImageID     `json:"digests,omitempty"`
	Verdict *AuditVerdict `json:"verdict,omitempty"`
	Summary *AuditSummary `json:"summary,omitempty"` // of an ended rollout
	Closure *Closure      `json:"closure,omitempty"` // the freeze or lock
	Pending *Pending      `json:"pending,omitempty"` // the pending deploy
	// Policy is the hash of the policy in force: SHA-256 of its JSON as the entry with the Rules has it.
	Policy string `json:"policy,omitempty"`
	// Rules are the policy in force. A store keeps them once, in an entry of their own, and names them by Policy.
	Rules *Policy `json:"rules,omitempty"`
}

// AuditVerdict is what the judge said, without how it came to it.
type AuditVerdict struct {
	Result Result       `json:"result"`
	At     time.Time    `json:"at,omitzero"`
	Checks []AuditCheck `json:"checks,omitempty"`
}

// AuditCheck is what one check said.
type AuditCheck struct {
	Check     string   `json:"check"`
	Result    Result   `json:"result"`
	Why       Why      `json:"why,omitempty"`
	Canary    *float64 `json:"canary,omitempty"`
	Stable    *float64 `json:"stable,omitempty"`
	Threshold *float64 `json:"threshold,omitempty"` // absent: there is none
}

// AuditSummary is a rollout from its end.
type AuditSummary struct {
	Outcome   Outcome    `json:"outcome"`
	Approvers []Approver `json:"approvers,omitempty"`
	Started   time.Time  `json:"started,omitzero"` // the service was taken
	// Exposed is when the canary first had traffic, Condemned when it began to be rolled back, WeightZero when it had none.
	Exposed    time.Time `json:"exposed,omitzero"`
	Condemned  time.Time `json:"condemned,omitzero"`
	WeightZero time.Time `json:"weight_zero,omitzero"`
	// Agreed and Judged are as Agreement counts them.
	Agreed int `json:"agreed,omitempty"`
	Judged int `json:"judged,omitempty"`
	// Kept estimates the requests that stayed with stable while a canary that was rolled back had traffic.
	Kept float64 `json:"kept,omitempty"`
}

// Approver is somebody who let a rollout go on.
type Approver struct {
	By     Actor     `json:"by"`
	Action Action    `json:"action"`
	At     time.Time `json:"at"`
	Step   int       `json:"step"`
}

// Audited returns what the audit keeps of the change. told is the rollout's timeline before the change, which counts where
// the rollout ends with it. The policy is the one in force.
func (c Change) Audited(told []Entry, policy Policy) []AuditEntry {
	var all []AuditEntry
	for _, e := range c.Entries {
		kind, kept := auditKind(e)
		if !kept {
			continue
		}
		a := c.audit(e, kind)
		if kind == AuditEnded {
			a.Summary = c.Rollout.summary(slices.Concat(told, c.Entries))
		}
		a.Rules = &policy
		all = append(all, a)
	}
	return all
}

// auditKind returns how the audit names the entry; false: it is no decision and changes nothing. Of the phases those count
// in which something of the cluster is changed that people or their users notice.
func auditKind(e Entry) (AuditKind, bool) {
	switch e.Kind {
	case EntryRequested, EntryStarted, EntryDecided, EntryDrift, EntryOverwrote, EntryTagMoved, EntryGit, EntryEnded:
		return AuditKind(e.Kind), true
	case EntryPhase:
		return AuditPhase, e.Data.To == Preparing || e.Data.To == Shifting || e.Data.To == Promoting || e.Data.To == Returning || e.Data.To == RollingBack
	case EntryStep, EntryVerdict, EntryAsked, EntryReminded, EntrySettled, EntryStuck, EntryAway, EntryUnseen, EntryFrozen, EntryCommits:
	}
	return "", false
}

// audit returns what the audit keeps of one entry of the change's timeline.
func (c Change) audit(e Entry, kind AuditKind) AuditEntry {
	r := c.Rollout
	a := AuditEntry{
		At: e.At, Kind: kind, Environment: r.Spec.Environment, Service: r.Service, Rollout: r.ID, Step: e.Step,
		Actor: e.Actor, Decision: e.Decision, Action: e.Data.Action, Text: e.Data.Text, From: e.Data.From, To: e.Data.To,
		Weight: e.Data.Weight, Reason: e.Data.Reason, Advice: e.Data.Advice, Drift: e.Data.Drift, Commit: e.Data.Commit,
		Approvals: e.Data.Approvals, Needed: e.Data.Needed,
	}
	a.Reason.Evidence = nil // the verdict has it
	whole := kind == AuditRequested || kind == AuditEnded
	if whole || kind == AuditDecided || e.Data.To == Promoting {
		a.Image, a.Digests = r.Image, r.ImageIDs
	}
	if whole {
		a.Request, a.Before = &r.Request, r.From()
	}
	if e.Data.Ending != nil {
		a.Reason, a.Actor = e.Data.Ending.Reason, e.Data.Ending.By
		a.Reason.Evidence = nil
	}
	if !r.WeightAckedAt.IsZero() && (kind == AuditEnded || kind == AuditDecided || kind == AuditPhase) {
		a.Verdict = r.Verdict.audited()
	}
	return a
}

// audited returns the verdict as the audit keeps it.
func (v Verdict) audited() *AuditVerdict {
	if v.Result == "" {
		return nil
	}
	a := AuditVerdict{Result: v.Result, At: v.At}
	for _, e := range v.Evidence {
		if e.DryRun {
			continue
		}
		check := AuditCheck{Check: e.Check, Result: e.Result, Why: e.Why, Canary: e.Canary, Stable: e.Stable}
		if e.Comparison != "" {
			check.Threshold = &e.Threshold
		}
		a.Checks = append(a.Checks, check)
	}
	return &a
}

// summary returns the rollout as it ended, by its whole timeline.
func (r Rollout) summary(told []Entry) *AuditSummary {
	s := &AuditSummary{Outcome: r.Ending.Outcome, Started: r.Started, WeightZero: r.Ending.WeightZero}
	for _, e := range told {
		switch {
		case e.Kind == EntryDecided && lets(e.Data.Action):
			s.Approvers = append(s.Approvers, approvers(e)...)
		case e.Kind == EntryPhase && e.Data.To == Baking && s.Exposed.IsZero():
			s.Exposed = e.At
		case e.Kind == EntryPhase && e.Data.To == RollingBack && s.Condemned.IsZero():
			s.Condemned = e.At
		}
	}
	s.Agreed, s.Judged = Agreement(told)
	if r.Ending.Outcome == RolledBack {
		s.Kept = kept(told)
	}
	return s
}

// approvers returns who let the rollout go on with the entry: of a promotion that several have to approve those who counted
// when there were enough.
func approvers(e Entry) []Approver {
	if len(e.Data.Approvals) < e.Data.Needed {
		return nil
	}
	if len(e.Data.Approvals) == 0 {
		return []Approver{{By: e.Actor, Action: e.Data.Action, At: e.At, Step: e.Step}}
	}
	var all []Approver
	for _, a := range e.Data.Approvals {
		all = append(all, Approver{By: a.By, Action: e.Data.Action, At: a.At, Step: e.Step})
	}
	return all
}

// lets reports whether the action lets a rollout go on.
func lets(a Action) bool {
	switch a {
	case Promote, PromoteNow, Accept, Override, AutoGate, EmergencyDeploy:
		return true
	case Review, Deploy, Rollback, Pause, Resume, Extend, Retry, Abandon, Freeze, Unfreeze, Requeue:
	}
	return false
}

// kept returns how many requests stable had while the canary had traffic, at the rate that it had at the start; 0 where
// that is not known.
func kept(told []Entry) float64 {
	var rate, requests float64
	var weight Weight
	var since time.Time
	for _, e := range told {
		if p := e.Data.DetectionPower; p != nil {
			rate = p.Requests
		}
		if e.Kind != EntryPhase || e.Data.To != Baking && e.Data.To != RollingBack {
			continue
		}
		if weight > 0 {
			requests += rate * max(0, e.At.Sub(since).Seconds()) * float64(100-weight) / 100
		}
		since, weight = e.At, e.Data.Weight
		if e.Data.To == RollingBack {
			break
		}
	}
	return requests
}

// AuditQuery asks for entries of the audit, newest first. The zero value asks for all.
type AuditQuery struct {
	Service ServiceName // empty: of all services, and of none
	Rollout ID
	Kinds   []AuditKind // none: all
	Since   time.Time   // zero: from the beginning
	Limit   int         // 0: no limit
}

// Wants reports whether the entry is asked for, but for the limit.
func (q AuditQuery) Wants(e AuditEntry) bool {
	return (q.Service == "" || e.Service == q.Service) && (q.Rollout == "" || e.Rollout == q.Rollout) &&
		(len(q.Kinds) == 0 || slices.Contains(q.Kinds, e.Kind)) && !e.At.Before(q.Since)
}

// Audited returns what the audit keeps of the closure that the actor set or ended. The policy is the one in force.
func (c Closure) Audited(kind AuditKind, by Actor, at time.Time, policy Policy) AuditEntry {
	return AuditEntry{At: at, Kind: kind, Service: c.Scope.Service, Actor: by, Text: c.Text, Closure: &c, Rules: &policy}
}

// AuditHead is where an audit ends, and when it began.
type AuditHead struct {
	Seq   int64 // of the newest entry; 0: there is none
	Hash  string
	Began time.Time // the time of the first entry; zero: there is none
}

// StoredNote is a small record of another owner that is stored together with entries of the audit, or deleted where the
// value is nil.
type StoredNote struct {
	Kind, Key string
	Value     []byte
}

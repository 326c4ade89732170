package bot_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	grammar "canarybot.io/bot/command"
	"canarybot.io/rollout"
)

// The matrix: each kind of caller does each thing in each situation under each policy, on the way that an envelope of Slack
// takes to the store. What has to come of it is not asked of the code: the few rules below say it.

// standing is what somebody is to the bot, whatever the policies say about them.
type standing int

const (
	member     standing = iota // a full member of the home workspace
	outsider                   // of whom Slack says that they are none
	unknown                    // of whom Slack says nothing just now
	ungrouped                  // a member, while Slack does not say who is in the user groups
	pipeline                   // which the policies let do what pipelineMay has
	annotation                 // the annotation on the cluster
)

// caller is one kind of who may come.
type caller struct {
	name     string
	standing standing
	// named is for what the policies name them, all of them: "deploy", "approve", both, or nothing; the rollback rule
	// that is a list has everybody who is named for anything. ByGroup: they name a group, and it has them.
	named   string
	byGroup bool
	// known is true where Slack told the bot about them before it fell silent.
	known bool
	asked bool // the rollout is theirs
	world callerWorld
}

// pipelineMay is what the policies let the pipeline do.
var pipelineMay = []rollout.Action{rollout.Deploy, rollout.Promote, rollout.Rollback}

// ruled is a policy, and how many have to approve.
type ruled struct {
	name       string
	everyone   bool // may roll back
	groupsOnly bool // the policy names nobody by their id
	second     bool
	self       bool
	approvals  int
}

func policies() []ruled {
	return []ruled{
		{name: "one approval, everyone may roll back", everyone: true, approvals: 1},
		{name: "one approval, a list may roll back", approvals: 1},
		{name: "groups alone are named, a list may roll back", groupsOnly: true, approvals: 1},
		{name: "second_person, a list may roll back", second: true, approvals: 1},
		{name: "two approvals", everyone: true, approvals: 2},
		{name: "two approvals, self_promote", everyone: true, self: true, approvals: 2},
	}
}

// joint reports whether who approves is told apart.
func (p ruled) joint() bool { return p.second || p.approvals > 1 }

// act is one thing that can be done, and what the rules say of it.
type act struct {
	name string
	line string // as people type it
	// action is what it is to a pipeline; empty: pipelines have no such thing.
	action rollout.Action
	// takes is what the policy has to name somebody for: all the words, "rollback", or "own": every member may.
	takes string
	in    string // the situations that take it
	// pressed is true for the button of it, in whose stead a person types the line.
	pressed bool
}

// The situations in which something can be done, by their names.
const (
	always    = "queued preparing shifting baking awaiting promoting returning rolling_back cleaning releasing ended paused drift doubt stuck stuck_back"
	onTraffic = "queued preparing shifting baking awaiting promoting returning paused drift doubt stuck"
)

// ruleOf is what the matrix demands of a verb of the grammar: a new one has to be added here.
func ruleOf(v grammar.Verb) (takes, in string, ok bool) {
	switch v {
	case grammar.Deploy:
		return "deploy", "ended", true
	case grammar.Promote:
		return "approve", "awaiting", true
	case grammar.Rollback:
		return "rollback", onTraffic, true
	case grammar.Pause:
		return "deploy", "preparing shifting baking awaiting drift doubt", true
	case grammar.Resume:
		return "deploy", "paused", true
	case grammar.Extend:
		return "deploy", "baking awaiting paused drift doubt", true
	case grammar.Override:
		return "approve", "drift", true
	case grammar.Accept:
		return "approve", "doubt", true
	case grammar.Retry:
		return "deploy", "stuck stuck_back", true
	case grammar.Abandon:
		return "approve", "stuck stuck_back", true
	case grammar.Review:
		return "approve", "", true // of an emergency that has ended, and there is none
	case grammar.Freeze, grammar.Lock:
		return "deploy", always, true
	case grammar.Unfreeze, grammar.Unlock:
		return "approve", always, true
	case grammar.Status, grammar.Services, grammar.History, grammar.List, grammar.Show, grammar.Diff, grammar.Checks, grammar.Why,
		grammar.Whoami, grammar.Help, grammar.All, grammar.Audit, grammar.Report, grammar.Incident, grammar.Recheck,
		grammar.Queue: // what it may take away or let go ahead is not part of the matrix yet
	}
	return "", "", false
}

// acts are what the grammar has that changes something.
func acts(t *testing.T) (all []act) {
	t.Helper()
	for _, f := range grammar.Forms() {
		changes := f.Verb == grammar.Deploy || f.Verb.Decides() || f.Verb.Closes()
		takes, in, ok := ruleOf(f.Verb)
		if ok != changes {
			t.Fatalf("%s changes something: %t; the rules know it: %t", f.Verb, changes, ok)
		}
		if !ok {
			continue
		}
		a := act{name: string(f.Verb), line: string(f.Verb) + " checkout Routine.", takes: takes, in: in, action: f.Verb.Action()}
		// Every other verb is typed with a service and a reason.
		//exhaustive:ignore
		switch f.Verb {
		case grammar.Deploy:
			a.line, a.action = "deploy checkout v1.2.5", rollout.Deploy
			all = append(all, a, act{name: "deploy --auto", line: a.line + " --auto", action: rollout.AutoGate, takes: "deploy approve", in: a.in})
			continue
		case grammar.Freeze, grammar.Lock:
			a.line, a.action = string(f.Verb)+" checkout for 2h Routine.", rollout.Freeze
		case grammar.Unfreeze, grammar.Unlock:
			all = append(all, act{name: a.name + ", one's own", line: a.line, takes: "own", in: always})
			a.name, a.action = a.name+", another's", rollout.Unfreeze
		default:
		}
		all = append(all, a)
	}
	return all
}

// situations are those in which the act is tried: all, but for what is about the service whatever rolls out there.
func (a act) situations() []string {
	if a.in == always {
		return []string{"awaiting", "ended"}
	}
	return strings.Fields(always)
}

// button is the act by the button of the card that has it; the one to abandon opens a form.
func (a act) button(c caller, in string) (act, bool) {
	if c.standing == pipeline || c.standing == annotation || !slices.Contains(strings.Fields(a.in), in) || !grammar.Verb(a.name).Decides() || a.action == rollout.Abandon {
		return act{}, false
	}
	a.pressed = true
	return a, true
}

// What comes of an act.
const (
	counts    = "counts"
	mayNot    = "may not"         // they: a right is missing, or nobody knows
	notNow    = "not now"         // whoever it is
	noCount   = "does not count"  // an approval, of somebody who may approve
	mayNotNow = "may not, or not" // both is wrong, and either is said
)

// expected is the oracle: what comes of an act.
func expected(c caller, a act, in string, p ruled) string {
	may, now := mayDo(c, a, p), slices.Contains(strings.Fields(a.in), in)
	switch {
	case c.standing == outsider:
		return mayNot // whatever the rollout does: they learn nothing of it
	case !may && !now:
		return mayNotNow
	case !may:
		return mayNot
	case !now:
		return notNow
	case a.name == "deploy --auto" && p.joint():
		return notNow // nobody would approve any more
	case a.name == "promote" && p.joint() && c.standing == pipeline:
		return noCount
	case a.name == "promote" && p.joint() && c.asked && !p.self:
		return noCount
	}
	return counts
}

// mayDo reports whether the caller has the right.
func mayDo(c caller, a act, p ruled) bool {
	named := func() bool { // for all that it takes; for a list of those who may roll back being named at all is enough
		has := strings.Fields(c.named)
		return len(has) > 0 && (a.takes == "rollback" ||
			!slices.ContainsFunc(strings.Fields(a.takes), func(right string) bool { return !slices.Contains(has, right) }))
	}
	byGroup := c.byGroup || p.groupsOnly
	switch c.standing {
	case outsider:
		return false
	case member:
		return a.takes == "own" || a.takes == "rollback" && p.everyone || named()
	case unknown: // the safe direction only, and those only of whom something is known
		return a.takes == "rollback" && named() && (c.known || !byGroup)
	case ungrouped: // what a group allowed last holds in the safe direction; what no group is asked for, always
		switch {
		case a.takes == "rollback":
			return p.everyone || named() && (c.known || !byGroup)
		case a.takes == "own":
			return !byGroup && len(c.named) > 0
		}
		return !byGroup && named()
	case pipeline:
		if a.action == rollout.AutoGate {
			return slices.Contains(pipelineMay, rollout.Deploy) && slices.Contains(pipelineMay, rollout.Promote)
		}
		return slices.Contains(pipelineMay, a.action)
	case annotation:
		return a.takes == "rollback"
	}
	return false
}

// TestMatrix plays all of it. What counted is the table in the docs.
func TestMatrix(t *testing.T) {
	all, doable := callers(), acts(t)
	seen := make([]whatCounted, len(all))
	t.Run("caller", func(t *testing.T) {
		for i, c := range all {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { seen[i] = playCaller(t, c, doable) })
			})
		}
	})
	if stride > 1 { // not everything was played
		return
	}
	page := matrixPage(all, doable, seen)
	if *update {
		if err := os.WriteFile(matrixDocs, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if raw, err := os.ReadFile(matrixDocs); err != nil || string(raw) != page {
		t.Errorf("%s is not what counts; run make golden and review it (%v)", matrixDocs, err)
	}
}

// playCaller does everything as one caller, and returns what counted. Where it may count, the button comes to the same as the
// line.
func playCaller(t *testing.T, c caller, doable []act) whatCounted {
	t.Helper()
	w, did := newMatrixWorld(t, c), whatCounted{}
	for _, p := range policies() {
		w.learn(p)
		for _, a := range doable {
			if (c.standing == pipeline || c.standing == annotation) && a.action == "" {
				continue
			}
			for i, in := range a.situations() {
				if i%stride != 0 {
					continue
				}
				got, said := w.does(p, a, in)
				want := expected(c, a, in, p)
				if got != want && !(want == mayNotNow && (got == mayNot || got == notNow)) {
					t.Errorf("%s: %s in %s under %q: %s, want %s; they read %q", c.name, a.name, in, p.name, got, want, said)
				}
				if got == counts {
					did.note(a.name, p.name, in)
				}
				if button, ok := a.button(c, in); ok {
					if pressed, _ := w.does(p, button, in); (pressed == counts) != (want == counts) {
						t.Errorf("%s: the button %s in %s under %q: %s, want %s", c.name, a.name, in, p.name, pressed, want)
					}
				}
			}
		}
	}
	return did
}

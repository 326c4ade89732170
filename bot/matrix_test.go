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
	// named is for what the policies name them, all of them: rights of that table, or nothing. ByGroup: they name a group, and
	// it has them.
	named   string
	byGroup bool
	// known is true where Slack told the bot about them before it fell silent.
	known bool
	asked bool // the rollout is theirs
	// may is what the policies let them do who are a pipeline.
	may   []rollout.Action
	world callerWorld
}

// rights are what a policy names people for, with the user groups of those whom it names by one.
var rights = map[string]string{"deploy": "S00DEPLOY1", "approve": "S00APPROV1", "now": "S00PROMNOW", "emergency": "S00EMERGEN"}

// ruled is a policy, and how many have to approve.
type ruled struct {
	name       string
	back       string // for what who may roll back is named; empty: every member may
	groupsOnly bool   // the policy names nobody by their id
	second     bool
	self       bool
	approvals  int
}

func policies() []ruled {
	return []ruled{
		{name: "one approval, everyone may roll back", approvals: 1},
		{name: "one approval, a list may roll back", back: both, approvals: 1},
		{name: "groups alone are named, a list may roll back", back: both, groupsOnly: true, approvals: 1},
		{name: "second_person, a list may roll back", back: both, second: true, approvals: 1},
		{name: "two approvals", approvals: 2},
		{name: "two approvals, self_promote", self: true, approvals: 2},
		{name: "one approval, the approvers alone may roll back", back: "approve", approvals: 1},
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
	// takes is what the policy has to name somebody for: all the words, "rollback", "own": every member may, or "nobody".
	takes string
	in    string // the situations that take it
	tried string // those in which it is tried, where that is not all
	// there is what there is before, by another or by whoever acts: a freeze, a lock, or a pending deploy.
	there before
	// pressed is true for the button of it, in whose stead a person types the line.
	pressed bool
	// form is the form by which it is done, in whose stead a person types the line where there is one; empty: none.
	form string
}

// before is what somebody did before the act.
type before struct {
	what string // "freeze", "lock" or "pending"; empty: nothing
	own  bool   // it was the one who acts
}

// The situations in which something can be done, by their names.
const (
	always    = "queued preparing shifting baking awaiting promoting returning rolling_back cleaning releasing ended paused drift doubt stuck stuck_back"
	onTraffic = "queued preparing shifting baking awaiting promoting returning paused drift doubt stuck"
	offAgain  = "rolling_back cleaning releasing ended stuck_back"
	emergency = "emergency" // one that has ended
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
		return "approve", emergency, true
	case grammar.Freeze, grammar.Lock:
		return "deploy", always, true
	case grammar.Unfreeze, grammar.Unlock:
		return "approve", always, true
	case grammar.Status, grammar.Services, grammar.History, grammar.List, grammar.Show, grammar.Diff, grammar.Checks, grammar.Why,
		grammar.Whoami, grammar.Help, grammar.All, grammar.Audit, grammar.Report, grammar.Digest, grammar.Recheck,
		grammar.Incident, // it changes no rollout; what it records is among the variants
		grammar.Queue:    // but for leave and jump, which are among the variants
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
		own := variants(f.Verb)
		tellsOptions(t, f, own)
		if !ok {
			all = append(all, own...)
			continue
		}
		a := act{name: string(f.Verb), line: string(f.Verb) + " checkout Routine.", takes: takes, in: in, action: f.Verb.Action()}
		// Every other verb is typed with a service and a reason.
		//exhaustive:ignore
		switch f.Verb {
		case grammar.Deploy:
			a.line, a.action = "deploy checkout v1.2.5", rollout.Deploy
		case grammar.Freeze, grammar.Lock:
			a.line, a.action = string(f.Verb)+" checkout for 2h Routine.", rollout.Freeze
		case grammar.Unfreeze, grammar.Unlock:
			mine := act{name: a.name + ", one's own", line: a.line, takes: "own", in: always, there: before{strings.TrimPrefix(a.name, "un"), true}}
			all = append(all, mine)
			a.name, a.action, a.there = a.name+", another's", rollout.Unfreeze, before{mine.there.what, false}
		case grammar.Review:
			a.tried = always + " " + emergency
		default:
		}
		all = append(append(all, a), own...)
	}
	return all
}

// variants are what its options, and what others did before, make of a verb.
func variants(v grammar.Verb) []act {
	const deploy, reason = "deploy checkout v1.2.5", " Routine."
	const calm = "awaiting ended" // what is in the way is the same in all
	theirs, mine := before{"lock", false}, before{"lock", true}
	// The others have none.
	//exhaustive:ignore
	switch v {
	case grammar.Deploy:
		return []act{
			{name: "deploy --auto", line: deploy + " --auto", action: rollout.AutoGate, takes: both, in: "ended"},
			{name: "deploy --replace", line: deploy + " --replace", action: rollout.Deploy, takes: "deploy rollback", in: onTraffic, tried: onTraffic},
			{name: "deploy --replace, with nothing left to roll back", line: deploy + " --replace", action: rollout.Deploy, takes: "deploy", in: offAgain, tried: offAgain},
			{name: "deploy --queue", line: deploy + " --queue", takes: "deploy", in: always},
			{name: "deploy --at", line: deploy + " --at 2h", takes: "deploy", in: always},
			{name: "deploy --together", line: "deploy checkout=v1.2.5 cart=v1.2.5 --together", takes: "deploy", in: "ended"},
			{name: "deploy --together, with a service of others", line: "deploy checkout=v1.2.5 mail=v1.2.5 --together", takes: "nobody", tried: calm},
			{name: "deploy, while another has it locked", line: deploy, action: rollout.Deploy, takes: "deploy", tried: calm, there: theirs},
			{name: "deploy, while one has it locked oneself", line: deploy, takes: "deploy", in: "ended", tried: calm, there: mine},
			{name: "deploy --emergency", line: deploy + " --emergency" + reason, action: rollout.EmergencyDeploy, takes: "emergency", in: "ended"},
			{name: "deploy --emergency, while another has it locked", line: deploy + " --emergency" + reason, action: rollout.EmergencyDeploy, takes: "emergency", in: "ended", tried: calm, there: theirs},
		}
	case grammar.Promote:
		return []act{{name: "promote --now", line: "promote checkout --now" + reason, action: rollout.PromoteNow, takes: "approve now", in: "baking"}}
	case grammar.Freeze:
		return []act{
			{name: "freeze --running pause", line: "freeze checkout for 2h --running pause" + reason, takes: "deploy", in: always},
			{name: "freeze --running rollback", line: "freeze checkout for 2h --running rollback" + reason, takes: "deploy rollback", in: always},
		}
	case grammar.Incident:
		return []act{
			{name: "incident", line: "incident checkout" + reason, takes: "membership", in: always},
			{name: "incident, by the button in the thread", form: "incident", takes: "membership", in: "ended", tried: calm},
		}
	case grammar.Queue:
		return []act{
			{name: "queue leave, one's own", line: "queue leave 2", takes: "own", in: always, there: before{"pending", true}},
			{name: "queue leave, another's", line: "queue leave 2", takes: "approve", in: always, there: before{"pending", false}},
			{name: "queue jump, one's own", line: "queue jump 2", takes: "approve", in: always, there: before{"pending", true}},
			{name: "queue jump, another's", line: "queue jump 2", takes: "approve", in: always, there: before{"pending", false}},
		}
	}
	return nil
}

// tellsOptions fails the test where the form has an option of which the variants say nothing, but for those that change nothing
// or not who may.
func tellsOptions(t *testing.T, f grammar.Form, all []act) {
	t.Helper()
	for _, word := range strings.FieldsFunc(f.Args, func(r rune) bool { return strings.ContainsRune(" []", r) }) {
		told := slices.ContainsFunc(all, func(a act) bool { return strings.Contains(a.line, word) })
		if strings.HasPrefix(word, "--") && !told && !slices.Contains([]string{"--plan", "--dry-run", "--gently"}, word) {
			t.Errorf("the matrix says nothing of %s %s", f.Verb, word)
		}
	}
}

// situations are those in which the act is tried: all, but for what is about the service whatever rolls out there.
func (a act) situations() []string {
	switch {
	case a.in == always:
		return []string{"awaiting", "ended"}
	case a.tried != "":
		return strings.Fields(a.tried)
	}
	return strings.Fields(always)
}

// button is the act by the button of the card that has it, or by the form that the button opens to ask for a reason.
func (a act) button(c caller, in string) (act, bool) {
	if c.standing == pipeline || c.standing == annotation || !slices.Contains(strings.Fields(a.in), in) {
		return act{}, false
	}
	switch {
	case a.action == rollout.Abandon, a.action == rollout.PromoteNow:
		a.form = "reason"
	case grammar.Verb(a.name).Decides():
		a.pressed = true
	default:
		return act{}, false
	}
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
	case a.action == rollout.AutoGate && p.joint():
		return notNow // nobody would approve any more
	case a.action == rollout.PromoteNow && p.approvals > 1:
		return notNow // none of several skips a bake alone
	case a.action == rollout.Review && c.asked:
		return noCount
	case a.action == rollout.Promote && p.joint() && c.standing == pipeline:
		return noCount
	case (a.action == rollout.Promote || a.action == rollout.PromoteNow) && p.joint() && c.asked && !p.self:
		return noCount
	}
	return counts
}

// mayDo reports whether the caller has the right.
func mayDo(c caller, a act, p ruled) bool {
	byGroup := c.byGroup || p.groupsOnly
	switch c.standing {
	case outsider:
		return false
	case member:
		return hasAll(c, a, p, true)
	case unknown: // the safe direction only, and those only of whom something is known
		if a.takes == "membership" { // nothing moves: it goes by what Slack said last, or by the policy
			return c.known || c.named != "" && !byGroup
		}
		return a.takes == "rollback" && c.named != "" && (c.known || !byGroup) && hasAll(c, a, p, true)
	case ungrouped: // what a group allowed last holds in the safe direction; what no group is asked for, always
		return hasAll(c, a, p, !byGroup || c.known && a.takes == "rollback")
	case pipeline:
		return !slices.ContainsFunc(pipelineNeeds(a), func(need rollout.Action) bool { return !slices.Contains(c.may, need) })
	case annotation:
		return a.takes == "rollback"
	}
	return false
}

// hasAll reports whether the policy gives a member all that the act takes; known is whether what names them is known.
func hasAll(c caller, a act, p ruled, known bool) bool {
	for _, right := range strings.Fields(a.takes) {
		lists := right
		if right == "rollback" {
			lists = p.back
		}
		switch {
		case right == "own", right == "membership", lists == "":
		case !known || !slices.ContainsFunc(strings.Fields(lists), c.isNamed):
			return false
		}
	}
	return true
}

// isNamed reports whether the policies name the caller for the right.
func (c caller) isNamed(right string) bool { return slices.Contains(strings.Fields(c.named), right) }

// pipelineNeeds is what a policy has to let a pipeline do for the act.
func pipelineNeeds(a act) []rollout.Action {
	switch {
	case a.action == rollout.AutoGate: // nobody is asked any more
		return []rollout.Action{rollout.Deploy, rollout.Promote}
	case a.takes == "deploy rollback":
		return []rollout.Action{a.action, rollout.Rollback}
	}
	return []rollout.Action{a.action}
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

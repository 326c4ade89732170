package rollout

// Who owns what a rollout writes: a tool that writes the object from a repository or a chart, or an operator. Object is
// what the rollout writes, Key the field of it (a Field), Names where in the object that is, as JSON pointers; Value is the
// tool, Other the tool's own object, Want how it works (an OwnerWay) and Words the mark that names it. Service is whose
// configuration may answer it.
const (
	ProblemOwnerReverts ProblemCode = "owner_reverts" // it would put the field back
	ProblemOwnerUnread  ProblemCode = "owner_unread"  // it may put the field back: its own object cannot be read, or does not say
	ProblemOwnerUnnamed ProblemCode = "owner_unnamed" // the same, and nothing names its own object
)

// What is told of owners, and does not keep a rollout from starting.
const (
	ProblemOwnerAllows   ProblemCode = "owner_allows"   // it leaves the field alone
	ProblemOwnerWrites   ProblemCode = "owner_writes"   // the field is its own, and the rollout does not write it
	ProblemOwnerStops    ProblemCode = "owner_stops"    // it is told to leave Object alone until the end
	ProblemOwnerFreezes  ProblemCode = "owner_freezes"  // it ignores a list of a custom resource, and so later edits of it in Git
	ProblemOwnerPromised ProblemCode = "owner_promised" // the configuration acknowledges what cannot be read
	ProblemOwnerUpgrade  ProblemCode = "owner_upgrade"  // Helm's next upgrade puts the field back
	ProblemOwnerConflict ProblemCode = "owner_conflict" // Helm's next upgrade fails, as somebody else wrote the field
	ProblemOwnerApplies  ProblemCode = "owner_applies"  // the manager Value applies the field server-side
	ProblemOwnerOperator ProblemCode = "owner_operator" // the operator of Other may put back what is written
)

// OwnerWay says how an owner comes to write its objects again.
type OwnerWay string

// The ways.
const (
	OwnerSelfHeals  OwnerWay = "self_heal" // as soon as something differs
	OwnerAutomated  OwnerWay = "automated" // with the next commit
	OwnerManual     OwnerWay = "manual"    // when a person says so
	OwnerContinuous OwnerWay = "continuous"
	OwnerSuspended  OwnerWay = "suspended"
	OwnerUpgrades   OwnerWay = "upgrades" // with the next change of a chart or its values
	// OwnerUnrespected is Argo CD that hides the difference, and writes the field with each sync all the same.
	OwnerUnrespected OwnerWay = "unrespected"
	// OwnerForbidden and OwnerMissing are why an owner's own object was not read, and OwnerElsewhere that it may say the
	// rest somewhere else.
	OwnerForbidden OwnerWay = "forbidden"
	OwnerMissing   OwnerWay = "missing"
	OwnerElsewhere OwnerWay = "elsewhere"
)

// What is wrong with the HTTPRoute Object that another one, Other, is made from. Index is the rule.
const (
	ProblemFromMissing ProblemCode = "from_missing" // it does not exist
	ProblemFromMethod  ProblemCode = "from_method"  // a match names a method, so that no route can be more specific by it
	ProblemFromMatches ProblemCode = "from_matches" // with each method it has Count matches, and may have Limit
)

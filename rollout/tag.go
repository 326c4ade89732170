package rollout

import "strings"

// ProblemTagMoved says that the tag Key names another image now, of the digest Value; the rollout goes on with that of Want.
const ProblemTagMoved ProblemCode = "tag_moved"

// PinnedByTag reports whether the rollout was asked for by a tag, and took the digest that it named at the start.
func (r Rollout) PinnedByTag() bool {
	n := parseImage(r.Image)
	return n.tag != "" && n.digest != "" && !r.Request.Back && !strings.Contains(r.Request.Version, "@")
}

// TagMoved says that the tag of the rollout's image names another one by now; zero: it does not, as far as anybody knows.
func (r Rollout) TagMoved() Problem {
	n, moved := parseImage(r.Image), parseImage(r.Moved)
	if r.Moved == "" {
		return Problem{}
	}
	return Problem{Code: ProblemTagMoved, Service: r.Service, Key: n.tag, Value: ShortVersion("@" + moved.digest), Want: ShortVersion("@" + n.digest)}
}

// watchTag takes over what the tag names now. That it is another image is told when it begins to be so.
func (rc *reconciliation) watchTag() {
	if !rc.Phase.Forward() || !rc.PinnedByTag() || parseImage(rc.f.Tag).digest == "" {
		return
	}
	before := rc.Moved
	rc.Moved = ""
	if !SameImage(rc.f.Tag, rc.Image) {
		rc.Moved = rc.f.Tag
	}
	if before == "" && rc.Moved != "" {
		rc.tell(EntryTagMoved, bot, Data{Notices: []Problem{rc.TagMoved()}})
	}
}

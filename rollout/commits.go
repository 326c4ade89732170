package rollout

import (
	"regexp"
	"slices"
	"strings"
)

// Source is the repository that a service is built from.
type Source struct {
	Repository string // as github.com/acme/checkout; empty: nobody said
	// Tag is how a version is tagged there, with {version} in the version's place; empty: as it is.
	Tag string
}

// IsZero reports whether nobody said where the code is.
func (s Source) IsZero() bool { return s.Repository == "" }

// VersionWord is what a template of tags has in a version's place.
const VersionWord = "{version}"

var (
	// commitForm is a commit's id, whole or shortened; a number of so many digits may also be a date.
	commitForm = regexp.MustCompile(`^[0-9a-f]{7,40}$`)
	// builtFrom is how builds put the commit into an image's tag: sha-3f9c2a1, and v1.2.4-3-g3f9c2a1 as git describe does.
	builtFrom = regexp.MustCompile(`^(?:sha-|.+-[0-9]+-g)([0-9a-f]{7,40})$`)
)

// IsCommit reports whether the text is the id of a commit, whole or shortened.
func IsCommit(ref string) bool {
	return commitForm.MatchString(ref) && strings.ContainsAny(ref, "abcdef") && (len(ref) == 40 || strings.ContainsAny(ref, "0123456789"))
}

// Ref returns what the repository calls the version of an image: the commit that it names, else its tag by the template.
// Empty: the image has no tag.
func (s Source) Ref(image string) string {
	version := tagOf(image)
	if m := builtFrom.FindStringSubmatch(version); m != nil {
		return m[1]
	}
	if version == "" || s.Tag == "" || IsCommit(version) {
		return version
	}
	return strings.ReplaceAll(s.Tag, VersionWord, version)
}

// Commits are what lies between two versions.
type Commits struct {
	Base string `json:"base,omitempty"` // the version before, as the repository calls it
	Head string `json:"head,omitempty"` // the new one
	// Ahead counts the commits that the new version has and the one before has not; Behind those that it takes back.
	Ahead  int `json:"ahead,omitempty"`
	Behind int `json:"behind,omitempty"`
	// Newest are the newest of those ahead, newest first; where there are none, of those behind.
	Newest []SourceCommit `json:"newest,omitempty"`
	Link   string         `json:"link,omitempty"` // where people read them; empty: not known
	// Unknown is why it is not known which they are; nothing above but Base and Head may be relied on then.
	Unknown Problem `json:"unknown,omitzero"`
}

// SourceCommit is one commit. Title and Author are somebody's words.
type SourceCommit struct {
	Hash   string `json:"hash"`
	Title  string `json:"title,omitempty"`
	Author string `json:"author,omitempty"`
	Link   string `json:"link,omitempty"`
}

// Why it is not known which commits lie between two versions. Value is the repository, as far as there is a question to it.
const (
	ProblemNoVersionTag   ProblemCode = "no_version_tag"   // the image Value has no tag
	ProblemOneVersionTag  ProblemCode = "one_version_tag"  // both versions have the tag Want
	ProblemNoSuchTag      ProblemCode = "no_such_tag"      // the repository has no tag and no commit Want
	ProblemForgeLimit     ProblemCode = "forge_limit"      // the forge answers no more questions of ours until Until; zero: it does not say
	ProblemNotRead        ProblemCode = "commits_not_read" // what the forge answers is none of its answers
	ProblemTooManyCommits ProblemCode = "too_many_commits" // the answer has more than Limit MiB
	ProblemNoForge        ProblemCode = "no_forge"         // nothing says what runs at the host Want
)

// Between returns the question about two images: Base and Head, or Unknown where there is none to ask.
func (s Source) Between(from, to string) Commits {
	c := Commits{Base: s.Ref(from), Head: s.Ref(to)}
	switch {
	case c.Base == "":
		c.Unknown = Problem{Code: ProblemNoVersionTag, Value: ShortVersion(from)}
	case c.Head == "":
		c.Unknown = Problem{Code: ProblemNoVersionTag, Value: ShortVersion(to)}
	case c.Base == c.Head && !IsCommit(c.Head):
		c.Unknown = Problem{Code: ProblemOneVersionTag, Want: c.Head}
	}
	return c
}

// MayBeKnownLater reports whether another try may find out what this one could not.
func (c Commits) MayBeKnownLater() bool {
	return slices.Contains([]ProblemCode{
		ProblemGitNoAnswer, ProblemGitTimeout, ProblemGitForge, ProblemForgeLimit, ProblemNoSuchTag, ProblemInternal,
	}, c.Unknown.Code)
}

// WantsCommits reports whether it is to be asked which commits the new version brings: once, when the version before is
// known, and for as long as somebody may decide by the answer.
func (r Rollout) WantsCommits() bool { return r.Phase.Forward() && r.From() != "" && !r.CommitsTold }

// noteCommits tells once which commits the new version brings. Nothing depends on it.
func (rc *reconciliation) noteCommits() {
	if rc.f.Commits == nil || !rc.WantsCommits() {
		return
	}
	rc.CommitsTold = true
	rc.tell(EntryCommits, bot, Data{Commits: rc.f.Commits})
}

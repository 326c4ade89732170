package view

import (
	"fmt"

	"canarybot.io/rollout"
)

// maxCommit is how much of the first line of a commit's message is shown.
const maxCommit = 120

// commits are the lines about what lies between two versions: how many commits, then each that is named.
func commits(c rollout.Commits) []string {
	if !c.Unknown.IsZero() {
		return []string{iconUnknown + " Which commits lie between the two versions is not known. " + fullStop(short(c.Unknown))}
	}
	lines := []string{word(c.Head) + " " + fullStop(howMany(c, anchorOr))}
	for _, one := range c.Newest {
		lines = append(lines, "• "+sourceCommit(one))
	}
	total := c.Ahead
	if total == 0 {
		total = c.Behind
	}
	if more := total - len(c.Newest); more > 0 && len(c.Newest) > 0 {
		lines = append(lines, "… and "+anchorOr(c.Link, fmt.Sprintf("%d before", more))+".")
	}
	return lines
}

// howMany says how many commits lie between two versions. link makes a link of a number.
func howMany(c rollout.Commits, link func(address, text string) string) string {
	ahead, behind := plural(c.Ahead, "commit", "commits"), plural(c.Behind, "commit", "commits")
	switch {
	case c.Ahead == 0 && c.Behind == 0:
		return "has no commits of its own: it is the code of " + word(c.Base) + ", built again"
	case c.Behind == 0:
		return "brings " + link(c.Link, ahead)
	case c.Ahead == 0:
		return "takes back " + link(c.Link, behind)
	}
	return "brings " + link(c.Link, ahead) + ", and takes back " + behind + " that only " + word(c.Base) + " has"
}

// sourceCommit is one commit in a line.
func sourceCommit(c rollout.SourceCommit) string {
	title := escape(c.Title, maxCommit)
	if title == "" {
		title = "(no message)"
	}
	return anchorOr(c.Link, word(c.Hash[:min(len(c.Hash), 8)])) + " " + dotted(title, word(c.Author))
}

// WithCommits appends what lies between the versions that an answer is about; nil: nobody asked.
func (m Message) WithCommits(c *rollout.Commits) Message {
	if c == nil {
		return m
	}
	return m.withBlocks(list(commits(*c))...)
}

// AskingForge says that the forge is being asked; its answer follows.
func (a Answers) AskingForge(s rollout.Source) Message {
	return sentenceMessage("Asking for the commits in %s …", s.Repository)
}

// commits tells what the version brings that this is the thread of.
func (t threadReply) commits() (Message, bool) {
	c := t.e.Data.Commits
	if c == nil {
		return Message{}, false
	}
	says := howMany(*c, func(_, text string) string { return text })
	if !c.Unknown.IsZero() {
		says = "brings commits that are not known: " + short(c.Unknown)
	}
	return Message{}.WithCommits(c).withText("%s %s", fullName(t.r), fullStop(says)), true
}

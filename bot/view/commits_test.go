package view_test

import (
	"fmt"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// between is what lies between the fixtures' versions: so many commits ahead and behind, of which three at most are named.
func between(ahead, behind int) rollout.Commits {
	c := rollout.Commits{Base: "v1.2.3", Head: "v1.2.4", Ahead: ahead, Behind: behind, Link: "https://github.com/acme/checkout/compare/v1.2.3...v1.2.4"}
	titles := []string{"Round the tax of each line, not of the sum (#412)", "Merge branch 'main' into tax", "Ask the stock once per basket"}
	named := ahead
	if named == 0 {
		named = behind
	}
	for i := range min(named, len(titles)) {
		hash := fmt.Sprintf("%d3f9c2a1b7%030d", i, i)
		c.Newest = append(c.Newest, rollout.SourceCommit{Hash: hash, Title: titles[i], Author: "Nia", Link: "https://github.com/acme/checkout/commit/" + hash})
	}
	return c
}

// comparisons are of every kind.
func comparisons() map[string]rollout.Commits {
	odd := between(2, 0)
	odd.Newest[0].Title, odd.Newest[1].Author = "", ""
	odd.Newest[1].Title = "<!channel> `rm -rf` *now* <https://evil.example|here> :fire: \u202egnp.exe " + longTitle
	back := between(0, 2)
	back.Base, back.Head = back.Head, back.Base
	away := rollout.Commits{Base: "v1.2.3", Head: "v1.2.4", Unknown: rollout.Problem{Code: rollout.ProblemGitTimeout, Value: "github.com/acme/checkout", Span: 5e9}}
	untagged := rollout.Commits{Base: "v1.2.3", Head: "v1.2.4", Unknown: rollout.Problem{Code: rollout.ProblemNoSuchTag, Value: "github.com/acme/checkout", Want: "v1.2.4"}}
	return map[string]rollout.Commits{
		"one": between(1, 0), "many": between(3030, 0), "back": back, "apart": between(3, 1), "none": between(0, 0), "odd": odd, "away": away, "untagged": untagged,
	}
}

// longTitle is longer than any line of a message that people write.
var longTitle = fmt.Sprintf("%0300d", 7)

// compares are the answers about what lies between two versions.
func compares() map[string]view.Message {
	a := view.Answers{}
	all := map[string]view.Message{"asking_forge": a.AskingForge(rollout.Source{Repository: "github.com/acme/checkout"})}
	for name, c := range comparisons() {
		all["diff_commits_"+name] = a.Diff(baking(), nil, &c)
	}
	c, away := between(27, 0), comparisons()["away"]
	all["diff_commits_linked"] = a.Diff(baking(), pages(), &c)
	p := rollout.Preflight{Original: baking().Original}
	all["dry_run_commits"] = a.DryRun(in(rollout.Queued), p).WithCommits(&c)
	all["dry_run_commits_away"] = a.DryRun(in(rollout.Queued), p).WithCommits(&away)
	return all
}

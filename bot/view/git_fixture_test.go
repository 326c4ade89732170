package view_test

import (
	"time"

	"canarybot.io/rollout"
)

// gitProblems has each problem with a repository, as it is found.
func gitProblems() []rollout.Problem {
	at := rollout.Problem{Value: "github.com/acme/deploys", Want: "main", Key: "shop/kustomization.yaml"}
	of := func(code rollout.ProblemCode, words string) rollout.Problem {
		p := at
		p.Code, p.Words = code, words
		return p
	}
	in := func(code rollout.ProblemCode, place string) rollout.Problem {
		p := of(code, "did not find expected node content")
		p.Other.Name, p.Names, p.Count = place, []string{"registry.example.com/shop/cart"}, 2
		return p
	}
	limited := func(code rollout.ProblemCode, limit int) rollout.Problem {
		p := of(code, "")
		p.Limit, p.Count, p.Span = limit, limit, time.Minute
		return p
	}
	forge := of(rollout.ProblemGitForge, "Validation Failed")
	forge.Want, forge.Count = "api.github.com", 422
	closed := of(rollout.ProblemForgeLimit, "")
	closed.Until = noon.Add(20 * time.Minute)
	untagged := rollout.Problem{Code: rollout.ProblemNoVersionTag, Value: "registry.example.com/shop/checkout@sha256:0c0d"}
	other := in(rollout.ProblemGitOtherImage, "image.repository")
	other.Words = "registry.example.com/shop/cart"
	return []rollout.Problem{
		of(rollout.ProblemGitNoAnswer, "dial tcp 140.82.121.4:443: connect: connection refused"),
		limited(rollout.ProblemGitTimeout, 0),
		of(rollout.ProblemGitSignIn, ""),
		of(rollout.ProblemGitNoKey, "/etc/canarybot/git/token is empty"),
		of(rollout.ProblemGitMissing, ""),
		of(rollout.ProblemGitNoBranch, ""),
		limited(rollout.ProblemGitTooLarge, 64),
		limited(rollout.ProblemGitMoving, 5),
		of(rollout.ProblemGitPushRefused, "pre-receive hook declined: no commits on Fridays"),
		of(rollout.ProblemGitProtected, "protected branch hook declined"),
		of(rollout.ProblemGitNoForge, ""),
		forge,
		of(rollout.ProblemGitFailed, "unexpected EOF"),
		of(rollout.ProblemGitNoFile, ""),
		of(rollout.ProblemGitSymlink, ""),
		of(rollout.ProblemGitSubmodule, ""),
		of(rollout.ProblemGitDirectory, ""),
		of(rollout.ProblemGitLFS, ""),
		limited(rollout.ProblemGitFileTooLarge, 1024),
		in(rollout.ProblemGitNotYAML, ""),
		in(rollout.ProblemGitNoValue, "images[] named registry.example.com/shop/checkout"),
		in(rollout.ProblemGitTwice, "containers[].image of app"),
		in(rollout.ProblemGitAlias, "image.tag"),
		in(rollout.ProblemGitForm, "image.tag"),
		other,
		in(rollout.ProblemGitNoTag, "newTag"),
		in(rollout.ProblemGitNoDigest, "digest"),
		untagged,
		of(rollout.ProblemOneVersionTag, ""),
		of(rollout.ProblemNoSuchTag, ""),
		closed,
		of(rollout.ProblemForgeLimit, ""),
		of(rollout.ProblemNotRead, ""),
		limited(rollout.ProblemTooManyCommits, 16),
		of(rollout.ProblemNoForge, ""),
	}
}

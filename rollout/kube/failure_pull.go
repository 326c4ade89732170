package kube

import (
	"regexp"
	"slices"
	"strings"

	"canarybot.io/rollout"
)

// The kubelet's words for a container that waits for its image.
const (
	errImagePull     = "ErrImagePull"
	imagePullBackOff = "ImagePullBackOff"
)

// pullFailure returns what the kubelet's reason and message say about an image that a container waits for: whether
// Kubernetes may still get it by trying again. It is no failure for a reason that is not about images.
//
// A condemned canary is gone, and one that waits ends at its deadline, so words that are not known wait.
func pullFailure(reason, message string) rollout.FailureKind {
	switch reason {
	case "InvalidImageName", "ErrImageNeverPull", "SignatureValidationFailed":
		return rollout.ImagePull
	case "RegistryUnavailable", "ImageInspectError":
		return rollout.ImagePullRetried
	case errImagePull, imagePullBackOff:
	default:
		return rollout.NoFailure
	}
	words := spoken(message)
	if !passes.MatchString(words) && stays.MatchString(words) {
		return rollout.ImagePull
	}
	return rollout.ImagePullRetried
}

// passes and stays are how container runtimes say why they could not pull, in lower case. What passes is looked for
// first: a token that was not given for want of time reads "failed to authorize: ... 503 Service Unavailable".
var (
	passes = anyOf(
		// The registry is busy or ill.
		`too ?many ?requests`, `rate ?limit`, `quota`, `\b429\b`, `\b50[0-4]\b`, `\b52\d\b`, `internal server error`, `bad gateway`,
		`service unavailable`, `temporarily unavailable`, `gateway time-?out`, `registry is unavailable`,
		// Its network is.
		`time-?out`, `timed out`, `deadline ?exceeded`, `connection (was )?(refused|reset|aborted)`, `broken pipe`, `\beof\b`,
		`no such host`, `name resolution`, `server misbehaving`, `no route to host`, `network is unreachable`,
		`request cancell?ed`, `context cancell?ed`, `connection lost`,
		// Credentials that are given out for a few hours are renewed by whoever gives them out.
		`token (has|is) expired`,
	)
	stays = anyOf(
		`manifest unknown`, `name unknown`, `manifest invalid`, `not found`, `does not exist`, `no match for (current )?platform`, `no matching manifest`,
		`no image found in (manifest list|image index)`, `\b40[134]\b`, `unauthori[sz]ed`, `forbidden`, `denied`, `insufficient_scope`, `authentication required`,
		`no basic auth credentials`, `invalid username/password`, `invalid reference format`, `failed to parse image name`, `invalid image name`,
		`signature (validation failed|was required)`, `rejected by policy`,
	)
)

func anyOf(patterns ...string) *regexp.Regexp {
	return regexp.MustCompile("(" + strings.Join(patterns, "|") + ")")
}

// spoken returns the message in lower case without what is named in it: an image may be called "not-found:503".
func spoken(message string) string {
	words := strings.Fields(quotedText.ReplaceAllString(strings.ToLower(message), " "))
	words = slices.DeleteFunc(words, func(word string) bool {
		return strings.ContainsAny(word, "/@") && word != "username/password"
	})
	return strings.Join(words, " ")
}

var quotedText = regexp.MustCompile(`"[^"]*"`)

// bare reports whether the words of a failed pull lack its cause: before Kubernetes 1.32 the kubelet says between two
// attempts no more than that it waits.
func bare(f rollout.Failure) bool {
	_, message, waits := strings.Cut(f.Detail, imagePullBackOff)
	_, cause, _ := strings.Cut(quotedText.ReplaceAllString(message, ""), "Back-off pulling image")
	return waits && strings.Trim(cause, ": ") == ""
}

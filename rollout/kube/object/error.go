package object

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/rollout"
)

// Ref names an object of the cluster.
func Ref(kind, namespace, name string) rollout.ObjectRef {
	return rollout.ObjectRef{Kind: kind, Namespace: namespace, Name: name}
}

// Error translates what client-go returns for a request into the error type of the product. Asked says what was
// requested of which object: its Call and Object. No other function names the API server's errors. Errors that are
// ours already pass unchanged, and nil stays nil.
//
// Only what the API server surely refused is a refusal. Whatever else went wrong - no answer, an answer of 500, a
// cancelled context - is Unavailable: the request may have been done, or be done later.
func Error(err error, asked rollout.Problem) error {
	var ours *rollout.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ours):
		return err
	}
	code, p := translate(err, asked)
	return rollout.Refuse(code, p).Because(err)
}

func translate(err error, p rollout.Problem) (rollout.Code, rollout.Problem) {
	switch {
	case apierrors.IsConflict(err):
		p.Code = rollout.ProblemObjectChanged
		return rollout.Conflict, p
	case apierrors.IsAlreadyExists(err):
		p.Code = rollout.ProblemObjectExists
		return rollout.Conflict, p
	case Unserved(err):
		p.Code = rollout.ProblemKindGone
		return rollout.Unavailable, p
	case apierrors.IsNotFound(err):
		p.Code = rollout.ProblemObjectMissing
		return rollout.NotFound, p
	case apierrors.IsUnauthorized(err), passes(err):
		// Not a refusal: a token is renewed while it is rejected.
	case apierrors.IsForbidden(err):
		p.Code, p.Words = rollout.ProblemForbidden, words(err)
		return rollout.Forbidden, p
	case refused(err):
		p.Code, p.Words = rollout.ProblemRefused, words(err)
		return rollout.Invalid, p
	}
	return rollout.Unavailable, unavailable(err, p)
}

// Unserved reports whether the error says that the API server does not serve the kind at all, and not that one object
// is missing.
func Unserved(err error) bool {
	return apierrors.IsNotFound(err) && apierrors.HasStatusCause(err, meta.CauseTypeUnexpectedServerResponse)
}

func unavailable(err error, p rollout.Problem) rollout.Problem {
	var sent *url.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		p.Code = rollout.ProblemRequestTimeout
	case errors.Is(err, context.Canceled):
		p.Code = rollout.ProblemRequestCanceled
	case errors.As(err, &sent):
		// The whole text begins with the method and the URL, which tell people nothing and fill a phone.
		p.Code, p.Words = rollout.ProblemAPIServerNoAnswer, words(sent.Err)
	default:
		p.Code, p.Words = rollout.ProblemRequestFailed, words(err)
	}
	return p
}

// refused reports whether the API server answered that it will never do this request as it is.
func refused(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return false
	}
	switch code := status.Status().Code; code {
	case http.StatusTooManyRequests, http.StatusRequestTimeout:
		return false
	default:
		return code >= http.StatusBadRequest && code < http.StatusInternalServerError
	}
}

// passing are words of the API server in refusals that hold for a moment only: its own caches are not filled yet.
var passing = []string{"status unknown for quota", "not yet ready to handle request"}

// passes reports whether a refusal is one of a moment.
func passes(err error) bool { return apierrors.IsForbidden(err) && Passing(err.Error()) }

// Passing reports whether the API server's words say that a refusal holds for a moment only.
func Passing(words string) bool {
	return slices.ContainsFunc(passing, func(said string) bool { return strings.Contains(words, said) })
}

// NoDryRun reports whether the error is one of a webhook that takes no part in dry runs: it says nothing about the write.
func NoDryRun(err error) bool {
	return err != nil && strings.Contains(rollout.ProblemOf(err).Words, "does not support dry run")
}

// words returns the server's own words in one line, cut to what fits a phone.
func words(err error) string {
	const longest = 300
	text := strings.Join(strings.Fields(err.Error()), " ")
	if r := []rune(text); len(r) > longest {
		text = string(r[:longest-1]) + "…"
	}
	return text
}

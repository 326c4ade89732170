package object

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/rollout"
)

// Error translates what client-go says about a request into the one error type of the product, with a sentence for
// people: doing is the verb ("update"), what the object ("Deployment shop/checkout"). It is the only place where the
// API server's errors are named. Errors that are ours already pass unchanged; nil stays nil.
//
// Only what the API server surely refused is a refusal. Whatever else went wrong - no answer, an answer of 500, a
// cancelled context - is Unavailable: the request may have been done, or be done later.
func Error(err error, doing, what string) error {
	var ours *rollout.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ours):
		return err
	}
	switch {
	case apierrors.IsConflict(err):
		return rollout.Wrap(rollout.Conflict, err, what+" changed since it was read; nothing was written.")
	case apierrors.IsAlreadyExists(err):
		return rollout.Wrap(rollout.Conflict, err, what+" exists already; nothing was written.")
	case Unserved(err):
		return rollout.Wrap(rollout.Unavailable, err, fmt.Sprintf("The cluster does not know the kind of %s (any more).", what))
	case apierrors.IsNotFound(err):
		return rollout.Wrap(rollout.NotFound, err, what+" does not exist.")
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return rollout.Wrap(rollout.Forbidden, err, fmt.Sprintf("Kubernetes forbids to %s %s: %s", doing, what, words(err)))
	case refused(err):
		return rollout.Wrap(rollout.Invalid, err, fmt.Sprintf("Kubernetes refuses to %s %s: %s", doing, what, words(err)))
	}
	return unavailable(err, doing, what)
}

// Unserved reports whether the error says that the API server does not serve the kind at all, and not that one object
// is missing.
func Unserved(err error) bool {
	return apierrors.IsNotFound(err) && apierrors.HasStatusCause(err, meta.CauseTypeUnexpectedServerResponse)
}

func unavailable(err error, doing, what string) error {
	why := words(err)
	var sent *url.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		why = "the API server did not answer in time."
	case errors.Is(err, context.Canceled):
		why = "the request was given up."
	case errors.As(err, &sent):
		// Its own words begin with the method and the whole URL, which tell people nothing and fill a phone.
		why = "the API server does not answer: " + words(sent.Err)
	}
	return rollout.Wrap(rollout.Unavailable, err, fmt.Sprintf("Could not %s %s: %s", doing, what, why))
}

// refused reports whether the API server answered that it will never do this request as it is.
func refused(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return false
	}
	code := status.Status().Code
	return code >= http.StatusBadRequest && code < http.StatusInternalServerError && code != http.StatusTooManyRequests
}

// words are the server's own, cut to what fits a phone, as the end of a sentence.
func words(err error) string {
	const longest = 300
	text := strings.Join(strings.Fields(err.Error()), " ")
	if r := []rune(text); len(r) > longest {
		text = string(r[:longest]) + "…"
	}
	return strings.TrimRight(text, ".") + "."
}

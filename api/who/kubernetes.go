package who

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"canarybot.io/rollout"
)

// Reviewer asks the API server whose a token is.
type Reviewer interface {
	// ReviewToken returns the user whose token it is and what else is known of them, where the token is good for the
	// audience. An empty user: it is good for nothing. The error is Unavailable.
	ReviewToken(ctx context.Context, token, audience string) (user string, extra map[string][]string, err error)
}

const (
	// reviewedFor is how long an answer of the API server holds: a token is taken back when its pod goes.
	reviewedFor = 10 * time.Second
	// badReviews is how many tokens a second may turn out to be good for nothing: whoever makes some up must not keep the API
	// server busy through us.
	badReviews = 5
	// reviewsKept is how many answers are kept.
	reviewsKept = 1000
	// podName is where the API server names the pod that a token was made for.
	podName = "authentication.kubernetes.io/pod-name"
)

// reviewed is an answer of the API server.
type reviewed struct {
	at    time.Time
	user  string
	extra map[string][]string
}

// reviews keeps the API server's answers for a moment: a pipeline that waits asks again and again.
type reviews struct {
	Reviewer
	kept *lru.Cache[string, reviewed] // by the sum of audience and token
	bad  *rate.Limiter
}

func newReviews(r Reviewer) reviews {
	kept, _ := lru.New[string, reviewed](reviewsKept) // fails for a size below one only
	return reviews{r, kept, rate.NewLimiter(badReviews, 10*badReviews)}
}

func (r reviews) review(ctx context.Context, token, audience string) (reviewed, error) {
	key := Sum(audience + " " + token)
	if one, ok := r.kept.Get(key); ok && time.Since(one.at) < reviewedFor {
		return one, nil
	}
	if r.bad.Tokens() < 1 {
		return reviewed{}, errors.New("too many tokens were good for nothing; it is spared for a moment")
	}
	user, extra, err := r.ReviewToken(ctx, token, audience)
	if err != nil {
		return reviewed{}, err
	}
	if user == "" {
		r.bad.Allow()
	}
	one := reviewed{time.Now(), user, extra}
	r.kept.Add(key, one)
	return one, nil
}

// accounts returns the pipelines of the service account that a token names, each once for its audience. What the token says
// is not checked yet: the API server is only asked about tokens that could be good.
func accounts(all []Pipeline, c claims) (named, possible []Pipeline) {
	for _, p := range all {
		if p.Account != (Account{}) && p.Account.user() == c.text("sub") {
			named = append(named, p)
			if slices.Contains(c.values("aud"), p.Audience) {
				possible = append(possible, p)
			}
		}
	}
	return named, possible
}

// account returns whose token of a service account it is.
func (v *Verifier) account(ctx context.Context, token string, c claims) (Caller, error) {
	named, possible := accounts(v.Pipelines, c)
	if len(possible) == 0 {
		return Caller{}, rollout.Refuse(rollout.Forbidden, rollout.Problem{
			Code: ProblemAudience, Value: strings.Join(c.values("aud"), ", "), Want: named[0].Audience,
		})
	}
	var caller Caller
	for _, p := range possible {
		one, err := v.reviews.review(ctx, token, p.Audience)
		if err != nil {
			return Caller{}, rollout.Refuse(rollout.Unavailable, rollout.Problem{Code: ProblemUnchecked, Words: "the API server cannot be asked"}).Because(err)
		}
		if one.user != p.Account.user() {
			continue
		}
		caller.Pipelines = append(caller.Pipelines, p)
		caller.Run = "service account " + p.Account.Namespace + "/" + p.Account.Name
		if pod := one.extra[podName]; len(pod) > 0 {
			caller.Run += ", pod " + pod[0]
		}
	}
	if len(caller.Pipelines) == 0 {
		return Caller{}, rollout.Refuse(rollout.Forbidden, rollout.Problem{Code: ProblemRefused})
	}
	return caller, nil
}

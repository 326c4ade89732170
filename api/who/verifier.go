package who

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"canarybot.io/rollout"
)

// Why a token is refused.
const (
	ProblemNoToken      rollout.ProblemCode = "token_missing"
	ProblemUnknownToken rollout.ProblemCode = "token_unknown" // it is no static token of the configuration, and no other kind
	ProblemMalformed    rollout.ProblemCode = "token_malformed"
	ProblemIssuer       rollout.ProblemCode = "token_issuer"    // Value is its issuer, of which no pipeline is
	ProblemAlgorithm    rollout.ProblemCode = "token_algorithm" // Value is how it is signed: by nothing, or by a secret
	ProblemSignature    rollout.ProblemCode = "token_signature" // Want is the issuer whose keys did not sign it
	ProblemAudience     rollout.ProblemCode = "token_audience"  // Value is its audience, Want the pipeline's
	ProblemExpired      rollout.ProblemCode = "token_expired"
	ProblemEarly        rollout.ProblemCode = "token_early"     // it is not valid yet
	ProblemClaims       rollout.ProblemCode = "token_claims"    // Key is the claim, Value what the token has
	ProblemRefused      rollout.ProblemCode = "token_refused"   // by Kubernetes
	ProblemUnchecked    rollout.ProblemCode = "token_unchecked" // Words say why nobody can say
)

// Options are what a verifier is made of. All but Transport and Log are required.
type Options struct {
	Pipelines []Pipeline
	// Reviewer is asked about tokens of service accounts; nil where no pipeline has one.
	Reviewer Reviewer
	// Transport is how issuers are reached; nil: by the network.
	Transport http.RoundTripper
	Log       *slog.Logger
}

// Verifier knows the pipelines. Make it with New. It is safe for concurrent use.
type Verifier struct {
	Options
	static  map[string][]Pipeline // by the token's sum
	issuers map[string]*issuer    // by their address
	reviews reviews
}

// New returns a verifier that asks nobody before the first token.
func New(o Options) *Verifier {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	v := &Verifier{Options: o, static: map[string][]Pipeline{}, issuers: map[string]*issuer{}, reviews: newReviews(o.Reviewer)}
	for _, p := range o.Pipelines {
		for _, sum := range p.Tokens {
			v.static[sum] = append(v.static[sum], p)
		}
		if p.Issuer != "" && v.issuers[p.Issuer] == nil {
			reach := o.Transport
			if reach == nil {
				reach = transport(p.CAFile)
			}
			v.issuers[p.Issuer] = newIssuer(p.Issuer, reach, o.Log)
		}
	}
	return v
}

// Sum is how the configuration keeps a static token: the SHA-256 of the whole token, in lower-case hex.
func Sum(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Whose returns who the token proves to ask. The error is Forbidden with the reason, or Unavailable where nobody can say now.
// It blocks for ten seconds at most, while an issuer or the API server is asked.
func (v *Verifier) Whose(ctx context.Context, token string) (Caller, error) {
	if token == "" {
		return Caller{}, rollout.Refuse(rollout.Forbidden, rollout.Problem{Code: ProblemNoToken})
	}
	if all := v.static[Sum(token)]; len(all) > 0 {
		return Caller{Pipelines: all}, nil
	}
	p, ok, err := peek(token)
	switch {
	case !ok:
		return Caller{}, rollout.Refuse(rollout.Forbidden, rollout.Problem{Code: ProblemUnknownToken})
	case err != nil:
		return Caller{}, err
	case !slices.Contains(algorithms(), p.algorithm):
		return Caller{}, rollout.Refuse(rollout.Forbidden, rollout.Problem{Code: ProblemAlgorithm, Value: p.algorithm})
	}
	ctx, cancel := context.WithTimeout(ctx, 2*fetching)
	defer cancel()
	if i := v.issuers[p.claims.text("iss")]; i != nil {
		return v.issued(ctx, i, token)
	}
	if named, _ := accounts(v.Pipelines, p.claims); len(named) > 0 {
		return v.account(ctx, token, p.claims)
	}
	return Caller{}, v.unknown(p.claims)
}

// issued returns whose token of the issuer it is.
func (v *Verifier) issued(ctx context.Context, i *issuer, token string) (Caller, error) {
	c, err := i.verified(ctx, token)
	if err != nil {
		return Caller{}, err
	}
	of := slices.DeleteFunc(slices.Clone(v.Pipelines), func(p Pipeline) bool { return p.Issuer != i.address })
	found, err := match(of, c)
	if err != nil {
		return Caller{}, err
	}
	run, link := runOf(i.address, c)
	return Caller{Pipelines: found, Run: run, Link: link}, nil
}

// unknown is the error for a token of whom no pipeline is.
func (v *Verifier) unknown(c claims) error {
	hasAccounts := slices.ContainsFunc(v.Pipelines, func(p Pipeline) bool { return p.Account != (Account{}) })
	if account := c.text("sub"); hasAccounts && strings.HasPrefix(account, "system:serviceaccount:") {
		return rollout.Refuse(rollout.Forbidden, rollout.Problem{Code: ProblemClaims, Key: "sub", Value: account})
	}
	return rollout.Refuse(rollout.Forbidden, rollout.Problem{Code: ProblemIssuer, Value: c.text("iss")})
}

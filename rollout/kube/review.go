package kube

import (
	"context"
	"slices"

	authentication "k8s.io/api/authentication/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// ReviewToken asks the API server whose a service account's token is, and what else it knows of them, such as the pod. An empty
// user: the token is good for nothing, or not for this audience. It blocks for readTimeout at most, and needs the right to create
// tokenreviews.
func (c *Cluster) ReviewToken(ctx context.Context, token, audience string) (user string, extra map[string][]string, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	ask := &authentication.TokenReview{Spec: authentication.TokenReviewSpec{Token: token, Audiences: []string{audience}}}
	answer, err := c.client.tokenReviews().Create(ctx, ask, meta.CreateOptions{})
	if err != nil {
		asked := rollout.Problem{Call: rollout.CallCreate, Object: object.Ref("TokenReview", "", "")}
		return "", nil, object.Error(err, asked)
	}
	s := answer.Status
	if !s.Authenticated || s.Error != "" || !slices.Contains(s.Audiences, audience) {
		return "", nil, nil
	}
	extra = map[string][]string{}
	for name, values := range s.User.Extra {
		extra[name] = values
	}
	return s.User.Username, extra, nil
}

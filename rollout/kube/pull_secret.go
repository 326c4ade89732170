package kube

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// mostPullSecrets bounds how many pull secrets of one service are read.
const mostPullSecrets = 10

// PullSecrets returns the Docker configurations, as JSON, in the pull secrets that stable's pods have: those of the names,
// or all of them where there are no names. The pods themselves name also those that their service account brings. A secret
// that is not there, or of another type, holds none. The error is about what else could not be read; it quotes no secret.
func (c *Cluster) PullSecrets(ctx context.Context, r rollout.Rollout, names []string) ([][]byte, error) {
	o := r.Spec.Objects
	stable, err := c.getDeployment(ctx, o.Namespace, o.Stable)
	if err != nil {
		return nil, err
	}
	_, pods, err := c.own(ctx, stable)
	if err != nil {
		return nil, err
	}
	named := slices.Clone(stable.Spec.Template.Spec.ImagePullSecrets)
	for _, p := range pods {
		named = append(named, p.Spec.ImagePullSecrets...)
	}
	var all [][]byte
	var seen []string
	var failed error
	for _, ref := range named {
		if ref.Name == "" || slices.Contains(seen, ref.Name) || len(names) > 0 && !slices.Contains(names, ref.Name) || len(seen) == mostPullSecrets {
			continue
		}
		seen = append(seen, ref.Name)
		config, err := c.pullSecret(ctx, o.Namespace, ref.Name)
		if err != nil {
			failed = errors.Join(failed, err)
		} else if config != nil {
			all = append(all, config)
		}
	}
	return all, failed
}

// pullSecret returns the Docker configuration in a secret; nil: there is none.
func (c *Cluster) pullSecret(ctx context.Context, namespace, name string) ([]byte, error) {
	asked := rollout.Problem{Call: rollout.CallRead, Object: object.Ref("Secret", namespace, name)}
	s, err := absent(read(ctx, asked, func(ctx context.Context) (*core.Secret, error) {
		return c.client.secrets(namespace).Get(ctx, name, meta.GetOptions{})
	}))
	if err != nil || s == nil {
		return nil, err
	}
	// The other types hold nothing for registries.
	//exhaustive:ignore
	switch s.Type {
	case core.SecretTypeDockerConfigJson:
		return s.Data[core.DockerConfigJsonKey], nil
	case core.SecretTypeDockercfg: // the older form has the registries without a key above them
		if auths := s.Data[core.DockerConfigKey]; json.Valid(auths) {
			return json.Marshal(map[string]json.RawMessage{"auths": auths})
		}
	}
	return nil, nil
}

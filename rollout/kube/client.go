package kube

import (
	"context"
	"encoding/json"
	"fmt"

	apps "k8s.io/api/apps/v1"
	authentication "k8s.io/api/authentication/v1"
	authorization "k8s.io/api/authorization/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/gentype"
	"k8s.io/client-go/rest"
)

// client is a typed client for the few kinds that Canarybot reads and writes: client-go's generic client with a scheme
// of seven groups. Each client in client-go/kubernetes/typed registers every kind of Kubernetes and links server-side
// apply; together with the discovery client that was a third of the binary and of the memory after the start.
type client struct {
	groups map[schema.GroupVersion]rest.Interface
	codec  runtime.ParameterCodec
}

func newClient(config *rest.Config) (client, error) {
	scheme := runtime.NewScheme()
	groups := runtime.NewSchemeBuilder(apps.AddToScheme, authentication.AddToScheme, authorization.AddToScheme, autoscaling.AddToScheme,
		core.AddToScheme, discovery.AddToScheme, policy.AddToScheme)
	if err := groups.AddToScheme(scheme); err != nil {
		return client{}, fmt.Errorf("register the kinds of Kubernetes: %w", err)
	}
	transport, err := rest.HTTPClientFor(config)
	if err != nil {
		return client{}, fmt.Errorf("make a client for Kubernetes: %w", err)
	}
	c := client{groups: map[schema.GroupVersion]rest.Interface{}, codec: runtime.NewParameterCodec(scheme)}
	for _, group := range []schema.GroupVersion{
		apps.SchemeGroupVersion, authentication.SchemeGroupVersion, authorization.SchemeGroupVersion, autoscaling.SchemeGroupVersion,
		core.SchemeGroupVersion, discovery.SchemeGroupVersion, policy.SchemeGroupVersion,
	} {
		settings := rest.CopyConfig(config)
		settings.GroupVersion, settings.APIPath = &group, "/apis"
		if group == core.SchemeGroupVersion {
			settings.APIPath = "/api"
		}
		settings.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
		if c.groups[group], err = rest.RESTClientForConfigAndClient(settings, transport); err != nil {
			return client{}, fmt.Errorf("make a client for Kubernetes: %w", err)
		}
	}
	return c, nil
}

// kind returns the client for one kind of object in the namespace. It reads and writes protobuf, as client-go's own do.
func kind[T, L any, Object interface {
	*T
	runtime.Object
	meta.Object
}, List interface {
	*L
	runtime.Object
}](c client, group schema.GroupVersion, resource, namespace string) *gentype.ClientWithList[Object, List] {
	return gentype.NewClientWithList[Object, List](resource, c.groups[group], c.codec, namespace,
		func() Object { return new(T) }, func() List { return new(L) }, gentype.PrefersProtobuf[Object]())
}

func (c client) deployments(namespace string) *gentype.ClientWithList[*apps.Deployment, *apps.DeploymentList] {
	return kind[apps.Deployment, apps.DeploymentList](c, apps.SchemeGroupVersion, "deployments", namespace)
}

func (c client) replicaSets(namespace string) *gentype.ClientWithList[*apps.ReplicaSet, *apps.ReplicaSetList] {
	return kind[apps.ReplicaSet, apps.ReplicaSetList](c, apps.SchemeGroupVersion, "replicasets", namespace)
}

func (c client) pods(namespace string) *gentype.ClientWithList[*core.Pod, *core.PodList] {
	return kind[core.Pod, core.PodList](c, core.SchemeGroupVersion, "pods", namespace)
}

func (c client) events(namespace string) *gentype.ClientWithList[*core.Event, *core.EventList] {
	return kind[core.Event, core.EventList](c, core.SchemeGroupVersion, "events", namespace)
}

func (c client) secrets(namespace string) *gentype.ClientWithList[*core.Secret, *core.SecretList] {
	return kind[core.Secret, core.SecretList](c, core.SchemeGroupVersion, "secrets", namespace)
}

func (c client) services(namespace string) *gentype.ClientWithList[*core.Service, *core.ServiceList] {
	return kind[core.Service, core.ServiceList](c, core.SchemeGroupVersion, "services", namespace)
}

func (c client) claims(namespace string) *gentype.ClientWithList[*core.PersistentVolumeClaim, *core.PersistentVolumeClaimList] {
	return kind[core.PersistentVolumeClaim, core.PersistentVolumeClaimList](c, core.SchemeGroupVersion, "persistentvolumeclaims", namespace)
}

func (c client) endpointSlices(namespace string) *gentype.ClientWithList[*discovery.EndpointSlice, *discovery.EndpointSliceList] {
	return kind[discovery.EndpointSlice, discovery.EndpointSliceList](c, discovery.SchemeGroupVersion, "endpointslices", namespace)
}

func (c client) autoscalers(namespace string) *gentype.ClientWithList[*autoscaling.HorizontalPodAutoscaler, *autoscaling.HorizontalPodAutoscalerList] {
	return kind[autoscaling.HorizontalPodAutoscaler, autoscaling.HorizontalPodAutoscalerList](c, autoscaling.SchemeGroupVersion, "horizontalpodautoscalers", namespace)
}

func (c client) budgets(namespace string) *gentype.ClientWithList[*policy.PodDisruptionBudget, *policy.PodDisruptionBudgetList] {
	return kind[policy.PodDisruptionBudget, policy.PodDisruptionBudgetList](c, policy.SchemeGroupVersion, "poddisruptionbudgets", namespace)
}

// getJSON reads what is at the path: of kinds that Canarybot knows by a few fields only, in whatever version is served.
func (c client) getJSON(ctx context.Context, into any, path ...string) error {
	body, err := c.groups[core.SchemeGroupVersion].Get().SetHeader("Accept", "application/json").AbsPath(path...).Do(ctx).Raw()
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

// accessReviews returns the client for the questions about what the bot may do.
func (c client) accessReviews() *gentype.Client[*authorization.SelfSubjectAccessReview] {
	return gentype.NewClient("selfsubjectaccessreviews", c.groups[authorization.SchemeGroupVersion], c.codec, "",
		func() *authorization.SelfSubjectAccessReview { return &authorization.SelfSubjectAccessReview{} },
		gentype.PrefersProtobuf[*authorization.SelfSubjectAccessReview]())
}

// tokenReviews returns the client for the questions whose a token is.
func (c client) tokenReviews() *gentype.Client[*authentication.TokenReview] {
	return gentype.NewClient("tokenreviews", c.groups[authentication.SchemeGroupVersion], c.codec, "",
		func() *authentication.TokenReview { return &authentication.TokenReview{} },
		gentype.PrefersProtobuf[*authentication.TokenReview]())
}

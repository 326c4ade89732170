package traffic

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
)

// discoveryTimeout bounds the request, also where the configuration is one for watching and has no bound of its own.
const discoveryTimeout = 10 * time.Second

// Groups asks the API server what a version of an API group serves: the one request of client-go's discovery client
// that routers need. That client registers every kind of Kubernetes and links OpenAPI.
type Groups struct{ client rest.Interface }

var _ Discovery = Groups{}

// NewGroups returns a Discovery over the configuration. It sends nothing.
func NewGroups(config *rest.Config) (Groups, error) {
	settings := rest.CopyConfig(config)
	settings.APIPath, settings.Timeout = "/apis", discoveryTimeout
	settings.NegotiatedSerializer = serializer.NewCodecFactory(runtime.NewScheme()).WithoutConversion()
	client, err := rest.UnversionedRESTClientFor(settings)
	if err != nil {
		return Groups{}, fmt.Errorf("make a client for discovery: %w", err)
	}
	return Groups{client}, nil
}

// ServerResourcesForGroupVersionWithContext returns the resources of the version, which is written GROUP/VERSION, or
// VERSION for the core group. One that is not served is a NotFound error of Kubernetes.
func (g Groups) ServerResourcesForGroupVersionWithContext(ctx context.Context, groupVersion string) (*meta.APIResourceList, error) {
	root := "/apis"
	if !strings.Contains(groupVersion, "/") {
		root = "/api" // the core group has no name
	}
	body, err := g.client.Get().AbsPath(root, groupVersion).Do(ctx).Raw()
	if err != nil {
		return nil, err
	}
	list := &meta.APIResourceList{}
	if err := json.Unmarshal(body, list); err != nil {
		return nil, fmt.Errorf("read the resources of %s: %w", groupVersion, err)
	}
	return list, nil
}

package main

import (
	"net/http"
	"regexp"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// defaultService is where the chart puts the API.
const defaultService = "canarybot/canarybot:api"

// serviceForm is NAMESPACE/SERVICE:PORT, with https: before a service that serves TLS itself. Nothing else gets into the
// path of a request.
var serviceForm = regexp.MustCompile(`^([a-z0-9][-a-z0-9]{0,62})/((?:https:)?[a-z0-9][-a-z0-9]{0,62}:[a-z0-9][-a-z0-9]{0,14})$`)

// route is a way to Canarybot through Kubernetes.
type route struct {
	address   string
	transport http.RoundTripper
}

// throughKubernetes returns the way through the API server's service proxy, with the caller's own kubeconfig, or from inside a pod with its
// service account. It sends nothing.
func throughKubernetes(via string) (route, error) {
	path, err := proxyPath(via)
	if err != nil {
		return route{}, err
	}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), &clientcmd.ConfigOverrides{}).ClientConfig()
	if err != nil {
		return route{}, ended{exitRefused, "There is no way to Kubernetes: " + err.Error()}
	}
	config.UserAgent = "canarybot/" + version
	address, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return route{}, ended{exitRefused, "There is no way to Kubernetes: " + err.Error()}
	}
	transport, err := rest.TransportFor(config)
	if err != nil {
		return route{}, ended{exitRefused, "There is no way to Kubernetes: " + err.Error()}
	}
	return route{address: address.JoinPath(path).String(), transport: transport}, nil
}

// proxyPath returns the path of the service in Kubernetes's API.
func proxyPath(via string) (string, error) {
	service := defaultService
	if via != "kubernetes" {
		named, ok := strings.CutPrefix(via, "kubernetes:")
		if !ok || !serviceForm.MatchString(named) {
			return "", ended{exitRefused, "--via is kubernetes, or kubernetes:NAMESPACE/SERVICE:PORT."}
		}
		service = named
	}
	m := serviceForm.FindStringSubmatch(service)
	return "api/v1/namespaces/" + m[1] + "/services/" + m[2] + "/proxy", nil
}

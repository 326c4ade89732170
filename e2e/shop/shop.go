// Package shop describes the sample application that scenarios deploy: a service as its team would
// have it before the bot comes, with one stable Deployment and a route that sends it everything.
package shop

import (
	"bytes"
	_ "embed"
	"fmt"
	"text/template"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"canarybot.io/e2e/cluster"
	"canarybot.io/e2e/traefik"
)

//go:embed shop.yaml
var manifests string

// Router is what splits an application's traffic.
type Router string

// The routers that the world has.
const (
	HTTPRoute    Router = "HTTPRoute"
	TrafficSplit Router = "TrafficSplit"
)

// App is one application. Its objects carry its name: the Deployment and the Service NAME-stable, the
// route NAME and, with a TrafficSplit, its root Service NAME.
type App struct {
	Namespace  string
	Name       string
	Repository string // of its image, without a tag
	Version    string // the tag that is stable at first
	Replicas   int
	Router     Router
	// Settle is how many seconds a pod must be ready before it counts, to slow a replacement down.
	Settle int
}

// Checkout returns the application of most scenarios: two replicas behind an HTTPRoute.
func Checkout(namespace string) App {
	return App{
		Namespace: namespace, Name: "checkout", Repository: "registry.example.com/shop/checkout",
		Version: "v1.2.3", Replicas: 2, Router: HTTPRoute,
	}
}

// Cart returns the same behind a TrafficSplit.
func Cart(namespace string) App {
	app := Checkout(namespace)
	app.Name, app.Repository, app.Router = "cart", "registry.example.com/shop/cart", TrafficSplit
	return app
}

// Stable returns the name of the stable Deployment and its Service.
func (a App) Stable() string { return a.Name + "-stable" }

// Canary returns the name of the canary Deployment and its Service, which the bot creates.
func (a App) Canary() string { return a.Name + "-canary" }

// Image returns the reference of a version.
func (a App) Image(version string) string { return a.Repository + ":" + version }

// Host returns the Host header by which the proxies know the application.
func (a App) Host() string { return a.Name + "." + a.Namespace }

// Objects returns the application with its namespace.
func (a App) Objects() ([]*unstructured.Unstructured, error) {
	return a.render("app", arm{App: a, Track: "stable", Tag: a.Version, Size: a.Replicas})
}

// Arm returns another Deployment with its Service, such as a manual canary: track is the last
// part of their name and the value of their label.
func (a App) Arm(track, version string, replicas int) ([]*unstructured.Unstructured, error) {
	return a.render("arm", arm{App: a, Track: track, Tag: version, Size: replicas})
}

// arm is what the templates know.
type arm struct {
	App
	Track string
	Tag   string
	Size  int
}

// Gateway returns the name of the route's parent.
func (arm) Gateway() string { return traefik.GatewayName }

// GatewayNamespace returns where it is.
func (arm) GatewayNamespace() string { return traefik.GatewayNamespace }

func (a App) render(name string, values arm) ([]*unstructured.Unstructured, error) {
	parsed, err := template.New("shop.yaml").Parse(manifests)
	if err != nil {
		return nil, fmt.Errorf("read the application's template: %w", err)
	}
	var text bytes.Buffer
	if err := parsed.ExecuteTemplate(&text, name, values); err != nil {
		return nil, fmt.Errorf("render %s of %s: %w", name, a.Name, err)
	}
	return cluster.Parse(text.Bytes())
}

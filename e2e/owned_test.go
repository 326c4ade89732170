package e2e_test

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"canarybot.io/bot/view"
	"canarybot.io/e2e/cluster"
	"canarybot.io/e2e/install"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
	"canarybot.io/e2e/writer"
	"canarybot.io/rollout"
	"canarybot.io/rollout/kube"
	"canarybot.io/rollout/traffic/gateway"
)

// testOwned has the libraries of Flux and Helm write the shop, reads what the preflight says of them, and looks whether it
// is true: what becomes of the bot's fields when they write again.
func testOwned(t *testing.T, w *world.World) {
	installOwners(t, w)
	t.Run("Flux", func(t *testing.T) { testFlux(t, w) })
	t.Run("Helm 4", func(t *testing.T) { testHelm4(t, w) })
	t.Run("Helm 3", func(t *testing.T) { testHelm3(t, w) })
	t.Run("Argo CD", func(t *testing.T) { testArgo(t, w) })
}

// owned is an application that somebody else writes, and the bot's adapter beside it.
type owned struct {
	t       *testing.T
	w       *world.World
	app     shop.App
	cluster *kube.Cluster
	rollout rollout.Rollout
}

// own returns the application, which must have been written by now.
func own(t *testing.T, w *world.World, app shop.App) *owned {
	t.Helper()
	settings := kube.Config(w.Cluster.Config(w.Cluster.AdminToken()))
	routes, err := dynamic.NewForConfig(settings)
	if err != nil {
		t.Fatal(err)
	}
	served, err := discovery.NewDiscoveryClientForConfig(settings)
	if err != nil {
		t.Fatal(err)
	}
	c, err := kube.New(settings, map[string]kube.Router{gateway.Kind: gateway.New(routes, served)})
	if err != nil {
		t.Fatal(err)
	}
	w.Available(t, app.Namespace, app.Stable())
	w.Published(t, app.Namespace, app.Stable(), app.Replicas)
	return &owned{t: t, w: w, app: app, cluster: c, rollout: beginning(t, w, app)}
}

// says returns what the preflight says of owners, in sentences, and what it would leave alone.
func (o *owned) says(by rollout.Promoter) (lines []string, found rollout.Preflight) {
	o.t.Helper()
	r := o.rollout
	r.Phase, r.Revision, r.Original, r.Spec.Promote.By = rollout.Queued, 0, rollout.Original{}, by
	world.Eventually(o.t, time.Minute, func() error {
		found = o.cluster.Preflight(o.t.Context(), r)
		if !found.Unreadable.IsZero() {
			return rollout.Refuse(rollout.Unavailable, found.Unreadable)
		}
		for _, p := range found.Problems {
			if !strings.HasPrefix(string(p.Code), "owner_") {
				return rollout.Refuse(rollout.Invalid, p) // its pods are still new
			}
		}
		return nil
	})
	for _, p := range append(found.Problems, found.Notices...) {
		if strings.HasPrefix(string(p.Code), "owner_") {
			lines = append(lines, view.Problem(p))
		}
	}
	return lines, found
}

// expect checks the sentences about owners: as many, each with its words.
func (o *owned) expect(got []string, want ...string) {
	o.t.Helper()
	all := strings.Join(got, "\n")
	if len(got) != len(want) {
		o.t.Errorf("the preflight says of owners:\n%s\nwant %d sentences: %q", all, len(want), want)
	}
	for _, words := range want {
		if !strings.Contains(all, words) {
			o.t.Errorf("the preflight says of owners:\n%s\nwant %q", all, words)
		}
	}
}

// write sends one write as the bot does, on the object as it is now.
func (o *owned) write(write rollout.Write) {
	o.t.Helper()
	world.Eventually(o.t, time.Minute, func() error { // a controller may write the status in between
		now := o.cluster.Observe(o.t.Context(), o.rollout)
		write.UID, write.Version = now.Route.UID, now.Route.Version
		if write.Object == rollout.StableDeployment {
			write.UID, write.Version = now.Stable.UID, now.Stable.Version
		}
		write.Stamp = rollout.Stamp{
			Store: o.rollout.Store, Rollout: o.rollout.ID, Revision: o.rollout.Revision, Weight: write.Weight, Image: write.Image, Original: &o.rollout.Original,
		}
		return o.cluster.Do(o.t.Context(), o.rollout, write)
	})
}

func (o *owned) weigh(weight rollout.Weight) {
	o.t.Helper()
	o.write(rollout.Write{Object: rollout.RouteObject, Verb: rollout.Update, Weight: &weight})
}

func (o *owned) promote(version string) {
	o.t.Helper()
	o.write(rollout.Write{Object: rollout.StableDeployment, Verb: rollout.Update, Image: o.app.Image(version)})
}

// has checks what stable runs and the canary's weight; -1: the route does not name it.
func (o *owned) has(when, version string, weighs int64) {
	o.t.Helper()
	if got := deployment(o.t, o.w, o.app, o.app.Stable()).Spec.Template.Spec.Containers[0].Image; got != o.app.Image(version) {
		o.t.Errorf("%s: stable has the image %s, want %s", when, got, version)
	}
	if got := weight(o.app, route(o.t, o.w, o.app)); got != weighs {
		o.t.Errorf("%s: the weight is %d, want %d", when, got, weighs)
	}
}

// objects are the application as its team has it in Git.
func objects(t *testing.T, app shop.App) []*unstructured.Unstructured {
	t.Helper()
	all, err := app.Objects()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func testFlux(t *testing.T, w *world.World) {
	app := shop.Checkout("owned-flux")
	flux, err := writer.NewFlux(w.Cluster.Config(w.Cluster.AdminToken()), "owned-flux", "apps")
	if err != nil {
		t.Fatal(err)
	}
	w.AddNamespace(t, app.Namespace)
	git := objects(t, app)[1:] // without the namespace
	sync := func() {
		t.Helper()
		if _, err := flux.Reconcile(t.Context(), git); err != nil {
			t.Fatal(err)
		}
	}
	sync()
	apply(t, w, "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {namespace: owned-flux, name: apps}\nspec: {}\n")
	o := own(t, w, app)
	said, found := o.says(rollout.ByPatch)
	o.expect(said, "belongs to Flux, Kustomization apps, which puts the image back whenever it reconciles")
	rules := view.OwnerYAML(found.Problems[0])

	o.promote(next)
	o.weigh(20)
	o.has("written", next, 20)
	sync()
	o.has("reconciled", current, -1)

	said, found = o.says(rollout.ByGit)
	o.expect(said, "it writes the image, and Canarybot waits for it", "tells it to leave the object alone until this is over")
	o.rollout.Original.LeftAlone = found.Original.LeftAlone
	o.weigh(20)
	sync()
	o.has("reconciled while the route is left alone", current, 20)
	o.rollout.Phase = rollout.Releasing
	o.weigh(0)
	o.write(rollout.Write{Object: rollout.RouteObject, Verb: rollout.Release, DropCanary: true})
	if left := route(t, w, app).GetAnnotations(); len(left) > 0 {
		t.Errorf("after the release the route has the annotations %v", left)
	}
	sync()
	o.has("reconciled after the release", current, -1)

	// What the sentence says to add is what Flux needs: the image stays, and what else changes in Git is applied.
	o.rollout.Phase = rollout.Promoting
	apply(t, w, "{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {namespace: owned-flux, name: apps}, "+rules[1:])
	flux.Ignore = rules
	said, _ = o.says(rollout.ByPatch)
	o.expect(said, "which leaves the image alone", "tells it to leave the object alone")
	o.promote(next)
	for _, object := range git {
		if object.GetKind() == "Deployment" {
			must(t, unstructured.SetNestedField(object.Object, int64(3), "spec", "replicas"))
		}
	}
	sync()
	o.has("reconciled with rules", next, -1)
	if got := *deployment(t, w, app, app.Stable()).Spec.Replicas; got != 3 {
		t.Errorf("a change in Git of another field: %d replicas, want 3", got)
	}
	t.Logf("what was said: %s\n%s", strings.Join(said, "\n"), rules)
}

// charted returns the application as a template of Helm, without its namespace.
func charted(t *testing.T, app shop.App) string {
	t.Helper()
	var documents []string
	for _, object := range objects(t, app) {
		if object.GetKind() == "Namespace" {
			continue
		}
		text, err := yaml.Marshal(object.Object)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, strings.NewReplacer(app.Image(app.Version), app.Image("{{ .Values.tag }}"), "replicas: 2", "replicas: {{ .Values.replicas }}").Replace(string(text)))
	}
	return strings.Join(documents, "\n---\n")
}

// installed has Helm install the application, and returns it with what the preflight says.
func installed(t *testing.T, w *world.World, app shop.App, version func(kubeconfig, namespace, template string) (writer.Helm, error)) (*owned, writer.Helm) {
	t.Helper()
	w.AddNamespace(t, app.Namespace)
	kubeconfig, err := w.Cluster.WriteKubeconfig(app.Namespace, w.Cluster.AdminToken())
	if err != nil {
		t.Fatal(err)
	}
	helm, err := version(kubeconfig, app.Namespace, charted(t, app))
	if err != nil {
		t.Fatal(err)
	}
	must(t, helm.Install(map[string]any{"tag": current, "replicas": 2}))
	return own(t, w, app), helm
}

func testHelm4(t *testing.T, w *world.World) {
	o, helm := installed(t, w, shop.Checkout("owned-helm4"), writer.NewHelm4)
	said, _ := o.says(rollout.ByPatch)
	o.expect(said, "belongs to Helm, release shop: the next helm upgrade fails with a conflict")
	o.promote(next)
	if err := helm.Upgrade(map[string]any{"tag": current, "replicas": 3}); err == nil || !strings.Contains(err.Error(), "conflict") {
		t.Errorf("an upgrade to the version before: %v, want a conflict", err)
	}
	o.has("after an upgrade that failed", next, -1)
	must(t, helm.Upgrade(map[string]any{"tag": next, "replicas": 2}))
	o.has("after an upgrade to what was promoted", next, -1)
}

func testHelm3(t *testing.T, w *world.World) {
	o, helm := installed(t, w, shop.Checkout("owned-helm3"), writer.NewHelm3)
	said, _ := o.says(rollout.ByPatch)
	o.expect(said, "belongs to Helm, release shop: the next helm upgrade puts back the version")
	o.promote(next)
	must(t, helm.Upgrade(map[string]any{"tag": current, "replicas": 3}))
	o.has("after an upgrade that changes something else", current, -1)
	o.promote(next)
	must(t, helm.Upgrade(map[string]any{"tag": next, "replicas": 2}))
	o.has("after an upgrade to what was promoted", next, -1)
}

// testArgo writes what Argo CD's server-side apply leaves on objects: its library cannot be had.
func testArgo(t *testing.T, w *world.World) {
	app := shop.Checkout("owned-argo")
	w.AddNamespace(t, app.Namespace)
	for _, object := range objects(t, app)[1:] {
		object.SetAnnotations(map[string]string{
			"argocd.argoproj.io/tracking-id": "owned-argo_shop:" + object.GroupVersionKind().Group + "/" + object.GetKind() + ":" + app.Namespace + "/" + object.GetName(),
		})
		must(t, w.Cluster.ApplyAs(t.Context(), "argocd-controller", object))
	}
	apply(t, w, "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {namespace: owned-argo, name: shop}\nspec: {syncPolicy: {automated: {selfHeal: true}}}\n")
	o := own(t, w, app)
	said, _ := o.says(rollout.ByPatch)
	o.expect(said, "Argo CD, application shop (self-heal on), which puts the image back as soon as", "which puts the weights back")
	said, _ = o.says(rollout.ByGate)
	o.expect(said, "HTTPRoute owned-argo/checkout belongs to Argo CD, application shop (self-heal on)")
}

// installOwners makes the kinds of the tools' own objects known, as far as they are read.
func installOwners(t *testing.T, w *world.World) {
	t.Helper()
	for kind, at := range map[string][3]string{
		"Application": {"argoproj.io", "v1alpha1", "applications"}, "Kustomization": {"kustomize.toolkit.fluxcd.io", "v1", "kustomizations"},
		"HelmRelease": {"helm.toolkit.fluxcd.io", "v2", "helmreleases"},
	} {
		must(t, w.Cluster.InstallKind(t.Context(), at[0], at[1], at[2], kind))
	}
}

// apply applies a text of YAML.
func apply(t *testing.T, w *world.World, text string) {
	t.Helper()
	parsed, err := cluster.Parse([]byte(text))
	must(t, err)
	w.Apply(t, parsed)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// testRouteFrom has the bot make its route from the one that serves the application, which a real proxy has to prefer.
func testRouteFrom(t *testing.T, w *world.World) {
	app := shop.Checkout("route-from")
	s := stage(t, w, app, false, func(c map[string]any) {
		route := service(c, app)["route"].(map[string]any)
		route["name"], route["create"], route["from"] = app.Name+"-rollout", true, app.Name
	})
	card := s.bot.Deploy(app.Name, next)
	card.Shows(time.Minute, "Waiting for a person", "5 % of traffic")
	shares(t, s.traffic, next, 0.05, 0.05)
	card.Press(install.OnCall, "Promote to 50 %")
	card.Shows(time.Minute, "Waiting for a person", "50 % of traffic")
	shares(t, s.traffic, next, 0.5, 0.1)
	card.Press(install.Dev, "Roll back")
	card.Shows(time.Minute, "Rolled back")
	s.before.restored(t, w, app, current)
	s.unharmed()
}

package kube_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout/kube"
	"canarybot.io/rollout/kube/kubetest"
)

// metadataCase is a label and an annotation of stable's Deployment, of its pods and of its Service, and which of the
// canary's have it, too.
type metadataCase struct{ key, deployment, service, pods string }

const (
	neither    = ""
	label      = "label"
	annotation = "annotation"
	both       = "label annotation"
)

// metadataCases has what tools write onto Deployments and Services, and what is the team's own.
func metadataCases() []metadataCase {
	cases := []metadataCase{
		// The team's own.
		{"team", both, both, both}, {"app", both, both, both}, {"cost-center", both, both, both},
		{"app.kubernetes.io/name", label, label, both}, {"app.kubernetes.io/component", label, label, both},
		{"app.kubernetes.io/part-of", label, label, both}, {"app.kubernetes.io/version", label, label, both},
		{"tags.datadoghq.com/service", label, label, both},
		// How pods are reached and scraped.
		{"prometheus.io/scrape", neither, annotation, both}, {"prometheus.io/port", neither, annotation, both},
		{"prometheus.io/probe", neither, neither, both},
		{"service.kubernetes.io/topology-mode", neither, annotation, both},
		{"service.kubernetes.io/topology-aware-hints", neither, annotation, both},
		{"service.kubernetes.io/service-proxy-name", neither, label, both},
		{"networking.istio.io/exportTo", neither, annotation, both}, {"istio.io/use-waypoint", neither, label, both},
		{"config.linkerd.io/opaque-ports", neither, annotation, both}, {"timeout.linkerd.io/request", neither, annotation, both},
		{"konghq.com/plugins", neither, annotation, both}, {"konghq.com/protocol", neither, annotation, both},
		{"projectcontour.io/upstream-protocol.h2c", neither, annotation, both},
		{"traefik.ingress.kubernetes.io/service.serversscheme", neither, annotation, both},
		{"traefik.ingress.kubernetes.io/service.sticky.cookie", neither, neither, both},
		{"polaris.fairwinds.com/exempt", annotation, neither, both},
		// By which something outside would send requests to the canary's pods.
		{"external-dns.alpha.kubernetes.io/hostname", neither, neither, label},
		{"consul.hashicorp.com/connect-service", neither, neither, label},
		{"consul.hashicorp.com/kubernetes-service", neither, neither, label},
		{"kubectl.kubernetes.io/last-applied-configuration", neither, neither, label},
	}
	for _, key := range strings.Fields(onlyStables) {
		cases = append(cases, metadataCase{key, neither, neither, both})
	}
	return cases
}

// onlyStables are keys by which somebody owns, prunes, changes or registers an object. Stable's pods have them, where
// the template says so, and so have the canary's: what owns a pod is its ReplicaSet.
const onlyStables = `
	app.kubernetes.io/managed-by app.kubernetes.io/instance app.kubernetes.io/created-by
	helm.sh/chart meta.helm.sh/release-name meta.helm.sh/release-namespace helm.sh/resource-policy helm.sh/hook chart heritage
	argocd.argoproj.io/tracking-id argocd.argoproj.io/instance argocd.argoproj.io/sync-wave argocd.argoproj.io/hook
	kustomize.toolkit.fluxcd.io/name kustomize.toolkit.fluxcd.io/prune helm.toolkit.fluxcd.io/name fluxcd.io/automated fluxcd.io/sync-gc-mark
	applyset.kubernetes.io/part-of applyset.kubernetes.io/id
	kapp.k14s.io/app kapp.k14s.io/association kapp.k14s.io/identity kapp.k14s.io/original
	objectset.rio.cattle.io/hash objectset.rio.cattle.io/applied objectset.rio.cattle.io/id field.cattle.io/publicEndpoints
	config.k8s.io/owning-inventory cli-utils.sigs.k8s.io/inventory-id kustomize.config.k8s.io/needHash
	configsync.gke.io/resource-id configmanagement.gke.io/managed cnrm.cloud.google.com/management-conflict-prevention-policy
	pulumi.com/autonamed pulumi.com/patchForce crossplane.io/composite crossplane.io/claim-name
	app.terraform.io/workspace skaffold.dev/run-id werf.io/version garden.io/service moniker.spinnaker.io/application
	apps.open-cluster-management.io/hosting-subscription olm.owner olm.owner.kind addonmanager.kubernetes.io/mode kubernetes.io/cluster-service
	velero.io/restore-name backup.velero.io/backup-volumes
	deployment.kubernetes.io/revision kubernetes.io/change-cause pod-template-hash
	service.beta.kubernetes.io/aws-load-balancer-type alb.ingress.kubernetes.io/target-type
	cloud.google.com/neg cloud.google.com/backend-config cloud.google.com/app-protocols networking.gke.io/load-balancer-type controller.autoneg.dev/neg
	service.beta.kubernetes.io/azure-load-balancer-internal service.beta.kubernetes.io/do-loadbalancer-protocol
	metallb.universe.tf/loadBalancerIPs metallb.io/address-pool kube-vip.io/loadbalancerIPs io.cilium/lb-ipam-ips tailscale.com/expose
	cert-manager.io/cluster-issuer service.beta.openshift.io/serving-cert-secret-name
	consul.hashicorp.com/service-sync consul.hashicorp.com/service-name kuma.io/ingress-upstream
	getambassador.io/config getambassador.io/resource-downstream mirror.linkerd.io/exported service.cilium.io/global io.cilium/global-service istio.io/global
	fabric8.io/expose backstage.io/kubernetes-id
	keel.sh/policy keel.sh/trigger reloader.stakater.com/auto configmap.reloader.stakater.com/reload wave.pusher.com/update-on-config-change
	downscaler/uptime goldilocks.fairwinds.com/enabled autoscaling.cast.ai/vertical vpa.k8s.io/mode example.com/team
`

// What the canary's objects have of the metadata of stable's, each key as a label and as an annotation.
func TestMetadataIsCarriedByList(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		s.Apply("helm", kubetest.Shop)
		mark := func(o kubetest.Object) {
			m := o["metadata"].(kubetest.Object)
			for _, field := range []string{"labels", "annotations"} {
				if m[field] == nil {
					m[field] = kubetest.Object{}
				}
				for _, c := range metadataCases() {
					m[field].(kubetest.Object)[c.key] = "x"
				}
			}
		}
		s.Edit("helm", "services", "shop", "checkout", func(o kubetest.Object) {
			mark(o)
			spec(o)["selector"].(kubetest.Object)["app"] = "x"
		})
		s.Edit("helm", "deployments", "shop", "checkout", func(o kubetest.Object) {
			mark(o)
			mark(spec(o)["template"].(kubetest.Object))
			spec(o)["selector"].(kubetest.Object)["matchLabels"].(kubetest.Object)["app"] = "x"
		})
		deployment, service := made(t, s, kubetest.Rollout())
		has := func(o kubetest.Object, key string) string {
			var found []string
			for _, of := range []struct{ field, name string }{{"labels", label}, {"annotations", annotation}} {
				if all, ok := o["metadata"].(kubetest.Object)[of.field].(kubetest.Object); ok && all[key] == "x" {
					found = append(found, of.name)
				}
			}
			return strings.Join(found, " ")
		}
		for _, c := range metadataCases() {
			got := metadataCase{c.key, has(deployment, c.key), has(service, c.key), has(spec(deployment)["template"].(kubetest.Object), c.key)}
			if got != c {
				t.Errorf("got %+v, want %+v", got, c)
			}
		}
	})
}

// A policy may ask every Deployment for a label that stable's has under somebody's domain: the configuration adds it.
func TestTheConfigurationsLabelsAreOnTheDeployment(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		s.Apply("helm", kubetest.Shop)
		r := kubetest.Rollout()
		r.Spec.Objects.CanaryLabels = map[string]string{"example.com/team": "payments"}
		deployment, _ := made(t, s, r)
		if got := deployment["metadata"].(kubetest.Object)["labels"].(kubetest.Object)["example.com/team"]; got != "payments" {
			t.Errorf("got %v, want payments", got)
		}
	})
}

// The page shows the lists as they are.
func TestDocsShowWhatIsCarried(t *testing.T) {
	t.Parallel()
	const path, begin, end = "../../docs/canary.md", "<!-- carried -->\n", "<!-- end -->"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(page), begin)
	shown, after, ok := strings.Cut(rest, end)
	if !ok {
		t.Fatalf("%s has no table between %q and %q", path, begin, end)
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+kube.Carried()+end+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(shown, kube.Carried()); diff != "" {
		t.Errorf("%s, shown before in force:\n%s", path, diff)
	}
}

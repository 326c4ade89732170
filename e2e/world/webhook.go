package world

import (
	"context"
	"encoding/pem"
	"errors"
	"net/http/httptest"
	"testing"

	admission "k8s.io/api/admissionregistration/v1"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/e2e/webhook"
)

// Webhook is a mutating webhook for the images of one namespace.
type Webhook struct {
	Name      string
	Namespace string
	Resource  string // pods or deployments
	Change    func(image string) string
}

// AddWebhook runs a webhook until the test ends and returns when the API server asks it.
func (w *World) AddWebhook(t testing.TB, hook Webhook) {
	t.Helper()
	handler := &webhook.Handler{Change: hook.Change}
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	group := ""
	if hook.Resource == "deployments" {
		group = "apps"
	}
	none, fail := admission.SideEffectClassNone, admission.Fail
	configurations := w.Cluster.Kube.AdmissionregistrationV1().MutatingWebhookConfigurations()
	_, err := configurations.Create(t.Context(), &admission.MutatingWebhookConfiguration{
		ObjectMeta: meta.ObjectMeta{Name: hook.Name},
		Webhooks: []admission.MutatingWebhook{{
			Name: hook.Name + ".example.com",
			ClientConfig: admission.WebhookClientConfig{
				URL:      &server.URL,
				CABundle: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
			},
			Rules: []admission.RuleWithOperations{{
				Operations: []admission.OperationType{admission.Create, admission.Update},
				Rule:       admission.Rule{APIGroups: []string{group}, APIVersions: []string{"v1"}, Resources: []string{hook.Resource}},
			}},
			NamespaceSelector:       &meta.LabelSelector{MatchLabels: map[string]string{core.LabelMetadataName: hook.Namespace}},
			SideEffects:             &none,
			FailurePolicy:           &fail,
			AdmissionReviewVersions: []string{"v1"},
		}},
	}, meta.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if err := configurations.Delete(ctx, hook.Name, meta.DeleteOptions{}); err != nil {
			t.Errorf("delete the webhook: %v", err)
		}
	})
	Eventually(t, patience, func() error {
		err := w.tryWebhook(t.Context(), hook)
		if err == nil && handler.Asked() == 0 {
			err = errors.New("the API server does not ask the webhook yet")
		}
		return err
	})
}

// tryWebhook sends the API server an object that the webhook is for, and that it keeps nothing of.
func (w *World) tryWebhook(ctx context.Context, hook Webhook) error {
	about := meta.ObjectMeta{Namespace: hook.Namespace, Name: "try-webhook", Labels: map[string]string{"app": "try"}}
	pod := core.PodSpec{Containers: []core.Container{{Name: "try", Image: "registry.example.com/try:v1"}}}
	dry := meta.CreateOptions{DryRun: []string{meta.DryRunAll}}
	if hook.Resource == "pods" {
		_, err := w.Cluster.Kube.CoreV1().Pods(hook.Namespace).Create(ctx, &core.Pod{ObjectMeta: about, Spec: pod}, dry)
		return err
	}
	_, err := w.Cluster.Kube.AppsV1().Deployments(hook.Namespace).Create(ctx, &apps.Deployment{
		ObjectMeta: about,
		Spec: apps.DeploymentSpec{
			Selector: &meta.LabelSelector{MatchLabels: about.Labels},
			Template: core.PodTemplateSpec{ObjectMeta: meta.ObjectMeta{Labels: about.Labels}, Spec: pod},
		},
	}, dry)
	return err
}

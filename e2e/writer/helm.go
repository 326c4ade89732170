package writer

import (
	"fmt"

	helm3action "helm.sh/helm/v3/pkg/action"
	helm3chart "helm.sh/helm/v3/pkg/chart"
	helm3kube "helm.sh/helm/v3/pkg/kube"
	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/kube"
	"k8s.io/cli-runtime/pkg/genericclioptions"
)

// release is what both call what they install.
const release = "shop"

// Helm installs and upgrades one chart of one template, as helm does it on a command line.
type Helm interface {
	Install(values map[string]any) error
	Upgrade(values map[string]any) error
}

// settings are those of a command line in the namespace.
func settings(kubeconfig, namespace string) *genericclioptions.ConfigFlags {
	flags := genericclioptions.NewConfigFlags(false)
	flags.KubeConfig, flags.Namespace = &kubeconfig, &namespace
	return flags
}

type helm4 struct {
	configuration       *action.Configuration
	namespace, template string
}

// NewHelm4 returns Helm 4 over the cluster of the kubeconfig, which is to say with server-side apply. It sends nothing.
func NewHelm4(kubeconfig, namespace, template string) (Helm, error) {
	kube.ManagedFieldsManager = "helm" // else the name of the program
	c := action.NewConfiguration()
	if err := c.Init(settings(kubeconfig, namespace), namespace, "secret"); err != nil {
		return nil, fmt.Errorf("set up Helm 4: %w", err)
	}
	return helm4{configuration: c, namespace: namespace, template: template}, nil
}

func (h helm4) chart() *chart.Chart {
	return &chart.Chart{
		Metadata:  &chart.Metadata{APIVersion: "v2", Name: release, Version: "0.1.0"},
		Templates: []*common.File{{Name: "templates/shop.yaml", Data: []byte(h.template)}},
	}
}

func (h helm4) Install(values map[string]any) error {
	install := action.NewInstall(h.configuration)
	install.ReleaseName, install.Namespace, install.WaitStrategy = release, h.namespace, kube.HookOnlyStrategy
	_, err := install.Run(h.chart(), values)
	return err
}

func (h helm4) Upgrade(values map[string]any) error {
	upgrade := action.NewUpgrade(h.configuration)
	upgrade.Namespace, upgrade.WaitStrategy = h.namespace, kube.HookOnlyStrategy
	_, err := upgrade.Run(release, h.chart(), values)
	return err
}

type helm3 struct {
	configuration       *helm3action.Configuration
	namespace, template string
}

// NewHelm3 returns Helm 3 over the cluster of the kubeconfig. It sends nothing.
func NewHelm3(kubeconfig, namespace, template string) (Helm, error) {
	helm3kube.ManagedFieldsManager = "helm"
	c := &helm3action.Configuration{}
	if err := c.Init(settings(kubeconfig, namespace), namespace, "secret", func(string, ...any) {}); err != nil {
		return nil, fmt.Errorf("set up Helm 3: %w", err)
	}
	return helm3{configuration: c, namespace: namespace, template: template}, nil
}

func (h helm3) chart() *helm3chart.Chart {
	return &helm3chart.Chart{
		Metadata:  &helm3chart.Metadata{APIVersion: "v2", Name: release, Version: "0.1.0"},
		Templates: []*helm3chart.File{{Name: "templates/shop.yaml", Data: []byte(h.template)}},
	}
}

func (h helm3) Install(values map[string]any) error {
	install := helm3action.NewInstall(h.configuration)
	install.ReleaseName, install.Namespace = release, h.namespace
	_, err := install.Run(h.chart(), values)
	return err
}

func (h helm3) Upgrade(values map[string]any) error {
	upgrade := helm3action.NewUpgrade(h.configuration)
	upgrade.Namespace = h.namespace
	_, err := upgrade.Run(release, h.chart(), values)
	return err
}

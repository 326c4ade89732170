package chart_test

import (
	"io"
	"os"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/kube/fake"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"
	"sigs.k8s.io/yaml"
)

// product is the chart of the bot, before the last one that was released.
const (
	product = "../../charts/canarybot"
	before  = "testdata/before/canarybot"
)

// helm is Helm with its releases in memory and no cluster, except for the kinds that it claims to serve.
type helm struct{ configuration *action.Configuration }

func newHelm(kinds ...string) helm {
	capabilities := chartutil.DefaultCapabilities.Copy()
	capabilities.APIVersions = append(capabilities.APIVersions, kinds...)
	return helm{&action.Configuration{
		Releases:     storage.Init(driver.NewMemory()),
		KubeClient:   &fake.PrintingKubeClient{Out: io.Discard},
		Capabilities: capabilities,
		Log:          func(string, ...any) {},
	}}
}

func (h helm) install(folder, name string, values map[string]any) (*release.Release, error) {
	loaded, err := loader.Load(folder)
	if err != nil {
		return nil, err
	}
	install := action.NewInstall(h.configuration)
	install.ReleaseName, install.Namespace = name, "canarybot"
	return install.Run(loaded, values)
}

func (h helm) upgrade(folder, name string, values map[string]any) (*release.Release, error) {
	loaded, err := loader.Load(folder)
	if err != nil {
		return nil, err
	}
	upgrade := action.NewUpgrade(h.configuration)
	upgrade.Namespace = "canarybot"
	return upgrade.Run(name, loaded, values)
}

// shop returns the values of a file, with the lines of YAML laid over them.
func shop(t *testing.T, path, lines string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var values, over map[string]any
	if err := yaml.UnmarshalStrict(text, &values); err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict([]byte(lines), &over); err != nil {
		t.Fatalf("%s: %v", lines, err)
	}
	return chartutil.CoalesceTables(over, values)
}

// installed installs the product with the shop's values and the lines over them.
func installed(t *testing.T, lines string) (*release.Release, error) {
	t.Helper()
	return newHelm("monitoring.coreos.com/v1").install(product, "canarybot", shop(t, product+"/ci/shop-values.yaml", lines))
}

// documents returns the documents of a manifest, without empty ones.
func documents(manifest string) []string {
	var all []string
	for _, text := range strings.Split("\n"+manifest, "\n---") {
		if strings.Contains(text, "kind:") {
			all = append(all, text)
		}
	}
	return all
}

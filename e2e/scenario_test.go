package e2e_test

import (
	"testing"

	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// TestScenarios runs the product for real: each scenario installs it anew, beside an application of its own.
func TestScenarios(t *testing.T) {
	w := world.Start(t, world.Defaults())
	scenarios := map[string]func(*testing.T, *world.World){
		"promoted by clicks, and back":         func(t *testing.T, w *world.World) { testPromoted(t, w, shop.Checkout("promoted"), false) },
		"a bad version, then its fix":          func(t *testing.T, w *world.World) { testBad(t, w, shop.Checkout("bad"), false) },
		"aborted by people":                    func(t *testing.T, w *world.World) { testAborted(t, w, shop.Checkout("aborted"), false) },
		"split: promoted by clicks, and back":  func(t *testing.T, w *world.World) { testPromoted(t, w, shop.Cart("split-promoted"), true) },
		"split: a bad version, then its fix":   func(t *testing.T, w *world.World) { testBad(t, w, shop.Cart("split-bad"), true) },
		"split: aborted by people":             func(t *testing.T, w *world.World) { testAborted(t, w, shop.Cart("split-aborted"), true) },
		"a canary that was there":              func(t *testing.T, w *world.World) { testExisting(t, w, shop.Checkout("existing")) },
		"split: a canary that was there":       func(t *testing.T, w *world.World) { testExisting(t, w, shop.Cart("split-existing")) },
		"the store is lost":                    func(t *testing.T, w *world.World) { testLost(t, w, shop.Checkout("lost"), false) },
		"split: the store is lost":             func(t *testing.T, w *world.World) { testLost(t, w, shop.Cart("split-lost"), true) },
		"paused, replaced, unanswered":         testPeople,
		"a silent canary":                      testSilent,
		"a slow version":                       testSlow,
		"a version that leaks":                 testLeak,
		"an incident of both":                  testShared,
		"one slow pod of three":                testOnePod,
		"containers that restart":              testRestarts,
		"a hang":                               testHang,
		"a slow start, and a blip at 98 %":     testPassing,
		"no traffic":                           testIdle,
		"judged by limits":                     testLimits,
		"replayed traces":                      testReplayed,
		"judged by Traefik's counts":           func(t *testing.T, w *world.World) { testCounted(t, w, "traefik", "") },
		"judged by a client library's":         func(t *testing.T, w *world.World) { testCounted(t, w, "client", "-client") },
		"judged by its native histogram":       func(t *testing.T, w *world.World) { testCounted(t, w, "client-native", "-client") },
		"versions that never get ready":        testBroken,
		"changed by somebody else":             testEdited,
		"stuck, and given up":                  testStuck,
		"refused, and put right":               testRefused,
		"Slack away":                           testSlackAway,
		"a webhook away, and the bot killed":   testTold,
		"a full disk":                          testFullDisk,
		"the chart, where pods are restricted": testChart,
		"an autoscaler":                        testAutoscaled,
		"images pinned in deployments":         func(t *testing.T, w *world.World) { testPinned(t, w, "deployments") },
		"images pinned in pods":                func(t *testing.T, w *world.World) { testPinned(t, w, "pods") },
		"a webhook puts the old image back":    testUnpinned,
		"a tag is pushed again":                testPushedAgain,
		"a pipeline, and people":               testPipelinePromoted,
		"a pipeline with a bad version":        testPipelineBad,
		"pipelines that are stopped":           testPipelineStopped,
		"a pipeline that outlives the bot":     testPipelineOutlived,
		"a pipeline that is cut off":           testPipelineCutOff,
		"pipelines that race":                  testPipelinesRace,
		"tokens that prove nobody":             testTokensRefused,
		"a pipeline through Kubernetes":        testPipelineThroughKubernetes,
		"nodes of two platforms":               testTwoPlatforms,
		"a registry that has enough":           testTooManyPulls,
		"counters that fall":                   testDipping,
		"no place for a canary":                testForbidden,
		"a Gateway that names no generation":   testGenerationless,
		"owned by Flux, Helm, Argo CD":         testOwned,
		"a route made from another":            testRouteFrom,
		"promoted by Git, applied by Flux":     testPromotedByGit,
		"the adapters' contract, HTTPRoute":    func(t *testing.T, w *world.World) { testContract(t, w, shop.Checkout) },
		"the adapters' contract, TrafficSplit": func(t *testing.T, w *world.World) { testContract(t, w, shop.Cart) },
	}
	for name, k := range killings() {
		scenarios["killed: "+name] = func(t *testing.T, w *world.World) { testKilled(t, w, shop.Checkout("killed-"+name), false, k) }
	}
	for _, name := range []string{"promoting", "rolling-back"} {
		scenarios["split: killed: "+name] = func(t *testing.T, w *world.World) {
			testKilled(t, w, shop.Cart("split-killed-"+name), true, killings()[name])
		}
	}
	t.Run("beside each other", func(t *testing.T) {
		for name, scenario := range scenarios {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				scenario(t, w)
			})
		}
	})
	t.Run("how fast a click takes a canary off", func(t *testing.T) { testLatency(t, w) })
	t.Run("Prometheus away", func(t *testing.T) { testPrometheusAway(t, w) })
	t.Run("Kubernetes away", func(t *testing.T) { testServerAway(t, w) })
}

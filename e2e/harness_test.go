package e2e_test

import (
	"testing"

	"canarybot.io/e2e/world"
)

// TestHarness shows that the world behaves as the scenarios take for granted: that what they see of the
// product is the product's doing.
func TestHarness(t *testing.T) {
	w := world.Start(t, world.Defaults())
	t.Run("at once", func(t *testing.T) {
		for name, test := range map[string]func(*testing.T, *world.World){
			"a deployment becomes available and its endpoints are published": testEndpoints,
			"a version that crashes is seen in its pods":                     testCrash,
			"an image that is missing is seen in its pods":                   testMissing,
			"a version that runs out of memory is seen in its pods":          testOutOfMemory,
			"an image says what was deployed":                                testImageID,
			"an HTTPRoute splits requests":                                   testHTTPRoute,
			"an HTTPRoute says whether it is followed":                       testRouteStatus,
			"a TrafficSplit splits requests":                                 testTrafficSplit,
			"no request fails while pods are replaced":                       testReplace,
			"a version turns bad while its pods run":                         testTurnBad,
			"Prometheus has each pod's series":                               testMetrics,
			"a program is killed and runs again":                             testRun,
			"a service account may do what the chart grants and no more":     testRights,
			"an autoscaler follows what pods serve":                          testAutoscaler,
			"a webhook pins images in deployments":                           func(t *testing.T, w *world.World) { testPinning(t, w, "deployments") },
			"a webhook pins images in pods":                                  func(t *testing.T, w *world.World) { testPinning(t, w, "pods") },
			"an image has an id on each platform":                            testPlatforms,
			"a registry answers 429 at first":                                testThrottled,
			"counters fall at times":                                         testDips,
			"a Gateway names no generation":                                  testNoGeneration,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, w)
			})
		}
	})
	t.Run("the API server comes back", func(t *testing.T) { testServerOutage(t, w) })
	t.Run("Prometheus comes back", func(t *testing.T) { testPrometheusOutage(t, w) })
}

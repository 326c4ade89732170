package view_test

import (
	"slices"

	"canarybot.io/rollout"
)

// clusterProblems has each problem that the cluster's adapters find, as they find it.
func clusterProblems() []rollout.Problem {
	return slices.Concat(requestProblems(), startProblems(), routeProblems(), noticeProblems())
}

// inShop names an object in the namespace shop.
func inShop(kind, name string) rollout.ObjectRef {
	return rollout.ObjectRef{Kind: kind, Namespace: "shop", Name: name}
}

// requestProblems has what goes wrong with a request, and before one.
func requestProblems() []rollout.Problem {
	return []rollout.Problem{
		{Code: rollout.ProblemObjectChanged, Object: rollout.ObjectRef{Name: "checkout"}},
		{Code: rollout.ProblemObjectChanged, Object: inShop("Deployment", "checkout-canary"), Call: rollout.CallDelete},
		{Code: rollout.ProblemObjectExists, Object: inShop("Service", "checkout-canary"), Call: rollout.CallCreate},
		{Code: rollout.ProblemObjectMissing, Object: inShop("Deployment", "checkout-canary"), Call: rollout.CallRead},
		{Code: rollout.ProblemKindGone, Object: inShop("HTTPRoute", "checkout"), Call: rollout.CallRead},
		{Code: rollout.ProblemForbidden, Object: rollout.ObjectRef{Kind: "HTTPRoute", Namespace: "shop"}, Call: rollout.CallWatch, Words: "made to fail"},
		{Code: rollout.ProblemForbidden, Call: rollout.CallPods, Object: inShop("Deployment", "checkout"), Words: `pods is forbidden: User "bot" cannot list resource "pods"`},
		{Code: rollout.ProblemRefused, Object: inShop("Deployment", "checkout"), Call: rollout.CallUpdate, Words: "made to fail"},
		{Code: rollout.ProblemRequestFailed, Object: inShop("Deployment", "checkout"), Call: rollout.CallRead, Words: "made to fail"},
		{Code: rollout.ProblemRequestFailed, Object: rollout.ObjectRef{Kind: "replicasets.apps"}, Call: rollout.CallReview, Value: "list", Words: "made to fail"},
		{Code: rollout.ProblemRequestFailed, Object: inShop("Deployment", "checkout-canary"), Call: rollout.CallPods, Words: "made to fail"},
		{Code: rollout.ProblemRequestFailed, Object: inShop("Service", "checkout-canary"), Call: rollout.CallEndpoints, Words: "made to fail"},
		{Code: rollout.ProblemRequestFailed, Object: inShop("Deployment", "checkout-canary"), Call: rollout.CallReplicaSets, Words: "made to fail"},
		{Code: rollout.ProblemRequestFailed, Object: inShop("Deployment", "checkout"), Call: rollout.CallUpdate, Words: "made to fail"},
		{Code: rollout.ProblemRequestFailed, Call: rollout.CallVersions, Object: rollout.ObjectRef{Kind: "HTTPRoute"}, Words: "made to fail"},
		{Code: rollout.ProblemRequestTimeout, Call: rollout.CallCreate, Object: inShop("Service", "checkout-canary")},
		{Code: rollout.ProblemRequestCanceled, Object: rollout.ObjectRef{Kind: "HTTPRoute", Namespace: "shop"}, Call: rollout.CallWatch},
		{Code: rollout.ProblemRequestCanceled, Object: inShop("HTTPRoute", "checkout"), Call: rollout.CallRead},
		{Code: rollout.ProblemAPIServerNoAnswer, Object: inShop("Deployment", "checkout"), Call: rollout.CallUpdate, Words: "EOF"},
		{Code: rollout.ProblemAPIServerNoAnswer, Call: rollout.CallRead, Object: inShop("Deployment", "checkout"), Words: "dial tcp 10.96.0.1:443: connect: connection refused"},
		{Code: rollout.ProblemWriteUnguarded, Object: rollout.ObjectRef{Name: "checkout"}},
		{Code: rollout.ProblemDeleteUnguarded},
		{Code: rollout.ProblemObjectReplaced, Object: rollout.ObjectRef{Name: "checkout"}},
		{Code: rollout.ProblemStampEncoding},
		{Code: rollout.ProblemPatchEncoding, Object: inShop("HTTPRoute", "checkout")},
		{Code: rollout.ProblemWeightsEncoding},
		{Code: rollout.ProblemStableProtected},
		{Code: rollout.ProblemObjectUnknown, Value: "pod"},
		{Code: rollout.ProblemVerbUnknown, Value: "update", Object: inShop("Service", "checkout-canary")},
		{Code: rollout.ProblemContainerGone, Value: "app", Object: inShop("Deployment", "checkout")},
		{Code: rollout.ProblemSelectorUnreadable, Object: inShop("Deployment", "checkout")},
		{Code: rollout.ProblemRouteKindUnknown, Service: "checkout", Key: "route.kind", Value: "VirtualService", Names: []string{"HTTPRoute"}},
		{Code: rollout.ProblemRouteKindUnknown, Value: "VirtualService", Names: []string{"HTTPRoute"}},
		{Code: rollout.ProblemKindNotServed, Service: "checkout", Object: rollout.ObjectRef{Kind: "HTTPRoute"}, Key: "route.kind", Value: "gateway.networking.k8s.io", Names: []string{"v1", "v1beta1"}},
		{Code: rollout.ProblemKindNotServed, Object: rollout.ObjectRef{Kind: "HTTPRoute"}, Value: "gateway.networking.k8s.io", Names: []string{"v1", "v1beta1"}},
		{Code: rollout.ProblemRouteNotOurs, Object: inShop("HTTPRoute", "checkout")},
		{Code: rollout.ProblemRulesMalformed, Object: inShop("HTTPRoute", "checkout")},
		{Code: rollout.ProblemRuleMalformed, Object: inShop("HTTPRoute", "checkout")},
		{Code: rollout.ProblemBackendsMalformed, Object: inShop("TrafficSplit", "checkout")},
		{Code: rollout.ProblemBackendMalformed, Object: inShop("TrafficSplit", "checkout"), Index: 1},
		{Code: rollout.ProblemPortsMalformed, Object: inShop("Service", "shop")},
		{Code: rollout.ProblemNothingToSteer, Object: inShop("HTTPRoute", "checkout"), Value: "checkout", Want: "checkout-canary"},
		{Code: rollout.ProblemShareImpossible, Count: 101},
		{Code: rollout.ProblemWeightsTooLarge, Object: inShop("HTTPRoute", "checkout"), Other: inShop("Service", "checkout"), Key: rollout.RouteRules, Limit: 1000000},
		{Code: rollout.ProblemWeightsTooLarge, Limit: 1000000},
		{Code: rollout.ProblemWeightsTooLarge, Key: rollout.RouteBackends, Limit: 1000000, Object: inShop("TrafficSplit", "checkout"), Other: inShop("Service", "checkout")},
	}
}

// startProblems has what keeps a rollout from starting.
func startProblems() []rollout.Problem {
	return []rollout.Problem{
		{Code: rollout.ProblemStampUnreadable, Object: inShop("HTTPRoute", "checkout"), Key: "canarybot.io/applied"},
		{Code: rollout.ProblemStampOtherStore, Rollout: "checkout-7", Object: inShop("Deployment", "checkout"), Key: "canarybot.io/applied", Value: "lost"},
		{Code: rollout.ProblemStampOtherService, Rollout: "cart-7", Object: inShop("Deployment", "checkout"), Key: "canarybot.io/applied"},
		{Code: rollout.ProblemRollbackAsked, Object: inShop("Deployment", "checkout"), Key: "canarybot.io/rollback", Value: "now"},
		{Code: rollout.ProblemGitOpsOwned, Service: "checkout", Object: inShop("HTTPRoute", "checkout"), Key: "kustomize.toolkit.fluxcd.io/name", Value: "Flux"},
		{Code: rollout.ProblemRightsMissing, Object: rollout.ObjectRef{Kind: "pods", Namespace: "shop"}, Names: []string{"list"}},
		{Code: rollout.ProblemRightsMissingRoute, Object: rollout.ObjectRef{Kind: "httproutes.gateway.networking.k8s.io", Namespace: "shop"}, Names: []string{"patch"}},
		{Code: rollout.ProblemRightsMissingCreate, Object: rollout.ObjectRef{Kind: "deployments.apps", Namespace: "shop"}, Names: []string{"patch", "delete"}},
		{Code: rollout.ProblemRightsMissingRouteCreate, Names: []string{"create", "delete"}, Object: rollout.ObjectRef{Kind: "trafficsplits.split.smi-spec.io", Namespace: "shop"}},
		{Code: rollout.ProblemStableMissing, Service: "checkout", Object: inShop("Deployment", "other"), Key: "stable"},
		{Code: rollout.ProblemAlreadyRuns, Object: inShop("Deployment", "checkout"), Value: "v1.2.3"},
		{Code: rollout.ProblemNoReplicas, Object: inShop("Deployment", "checkout")},
		{Code: rollout.ProblemPaused, Object: inShop("Deployment", "checkout-canary")},
		{Code: rollout.ProblemNotRolledOut, Object: inShop("Deployment", "checkout"), Value: "3", Count: 4, Limit: 4},
		{Code: rollout.ProblemContainerUnnamed, Service: "checkout", Key: "container", Object: inShop("Deployment", "checkout"), Names: []string{"app", "sidecar"}},
		{Code: rollout.ProblemContainersDiffer, Service: "checkout", Key: "container", Object: inShop("Deployment", "checkout"), Names: []string{"app (registry.example.com/shop/checkout:v1.2.3)", "migrate (registry.example.com/shop/checkout:v1.2.2)"}},
		{Code: rollout.ProblemContainerStays, Service: "checkout", Key: "container", Object: inShop("Deployment", "checkout"), Value: "migrate", Want: "registry.example.com/shop/checkout:v1.2.3"},
		{Code: rollout.ProblemImageIDsMissing, Object: inShop("Deployment", "checkout")},
		{Code: rollout.ProblemAdmissionReplaces, Object: inShop("Deployment", "checkout"), Key: "app", Value: "registry.example.com/shop/checkout:v1.2.3", Want: "registry.example.com/shop/checkout:v1.2.4"},
		{Code: rollout.ProblemContainerMissing, Service: "checkout", Object: inShop("Deployment", "checkout"), Key: "container", Value: "app", Names: []string{"checkout"}},
		{Code: rollout.ProblemContainerMissing, Object: inShop("Deployment", "checkout"), Key: "container", Value: "app", Names: []string{"checkout"}},
		{Code: rollout.ProblemCanaryRuns, Object: inShop("Deployment", "checkout-canary"), Count: 2},
		{Code: rollout.ProblemRecreate, Service: "checkout", Object: inShop("Deployment", "checkout"), Key: "plan"},
		{Code: rollout.ProblemLosesAll, Service: "checkout", Key: "plan", Object: inShop("Deployment", "checkout")},
		{Code: rollout.ProblemLosesOne, Service: "checkout", Object: inShop("Deployment", "checkout"), Key: "plan"},
		{Code: rollout.ProblemNoSurge, Service: "checkout", Object: inShop("Deployment", "checkout"), Key: "plan"},
		{Code: rollout.ProblemScalersSeveral, Object: inShop("Deployment", "checkout"), Names: []string{"grow", "grow-more"}},
		{Code: rollout.ProblemScalerOnCanary, Object: inShop("HorizontalPodAutoscaler", "grow"), Other: inShop("Deployment", "checkout")},
		{Code: rollout.ProblemVolumeNotShared, Object: inShop("PersistentVolumeClaim", "data"), Value: "ReadWriteOnce"},
		{Code: rollout.ProblemLabelsReachCanary, Service: "checkout", Object: inShop("Service", "checkout"), Key: "canary_labels", Value: "checkout-canary", Want: "app", Names: []string{"app"}},
		{Code: rollout.ProblemLabelsReachCanary, Object: inShop("Service", "checkout"), Key: "canary_labels", Value: "checkout-canary", Want: "app", Names: []string{"app"}},
		{Code: rollout.ProblemStableServiceMissing, Service: "checkout", Object: inShop("Service", "other"), Other: inShop("Deployment", "checkout"), Key: "stable_service"},
		{Code: rollout.ProblemStableServiceElsewhere, Service: "checkout", Object: inShop("Service", "checkout"), Other: inShop("Deployment", "checkout"), Key: "stable_service"},
		{Code: rollout.ProblemStableServiceOnCanary, Object: inShop("Service", "checkout"), Other: inShop("Deployment", "checkout-canary")},
		{Code: rollout.ProblemServiceOnBoth, Object: inShop("Service", "all"), Want: rollout.LabelsInConfig, Names: []string{"app"}},
		{Code: rollout.ProblemServiceOnBoth, Want: rollout.LabelsInTemplate, Object: inShop("Service", "all"), Names: []string{"app", "team"}},
		{Code: rollout.ProblemServiceOnStranger, Object: inShop("Service", "checkout"), Other: inShop("Deployment", "checkout"), Value: "cart-1"},
		{Code: rollout.ProblemServiceOnStranger, Object: inShop("Service", "checkout"), Other: inShop("Deployment", "checkout"), Value: "report-29-x7k2p", Want: "Job report-29"},
		{Code: rollout.ProblemServiceExternal, Service: "checkout", Key: "stable_service", Object: inShop("Service", "checkout"), Other: inShop("Deployment", "checkout")},
		{Code: rollout.ProblemServiceSelectless, Service: "checkout", Key: "stable_service", Object: inShop("Service", "checkout"), Other: inShop("Deployment", "checkout")},
		{Code: rollout.ProblemServiceShared, Service: "checkout", Key: "canary_service"},
		{Code: rollout.ProblemCanaryServiceElsewhere, Object: inShop("Service", "checkout-canary"), Other: inShop("Deployment", "checkout-canary"), Value: "app=checkout,track=stable"},
		{Code: rollout.ProblemCanaryServiceOnStable, Object: inShop("Service", "checkout-canary"), Other: inShop("Deployment", "checkout")},
		{Code: rollout.ProblemCanaryServicePort, Object: inShop("Service", "checkout-canary"), Other: inShop("Service", "checkout"), Value: "80/TCP"},
		{Code: rollout.ProblemStableSelectsCanary, Service: "checkout", Object: inShop("Deployment", "checkout"), Key: "canary_labels", Want: rollout.LabelsInTemplate},
		{Code: rollout.ProblemStableSelectsCanary, Service: "checkout", Object: inShop("Deployment", "checkout"), Key: "canary_labels", Want: rollout.LabelsInConfig, Names: []string{"app"}},
		{Code: rollout.ProblemCanarySelectsStable, Object: inShop("Deployment", "checkout-canary")},
		{Code: rollout.ProblemBudgetOnBoth, Object: inShop("PodDisruptionBudget", "keep"), Want: rollout.LabelsInConfig, Names: []string{"app.kubernetes.io/component", "app.kubernetes.io/name"}},
		{Code: rollout.ProblemBudgetOnBoth, Want: rollout.LabelsInTemplate, Object: inShop("PodDisruptionBudget", "keep")},
	}
}

// routeProblems has what about a route keeps a rollout from starting, and why it is not acknowledged.
func routeProblems() []rollout.Problem {
	return []rollout.Problem{
		{Code: rollout.ProblemWeightInvalid, Key: rollout.RouteRules, Index: 2, Value: "-1", Count: 1, Object: inShop("HTTPRoute", "checkout"), Other: inShop("Service", "checkout")},
		{Code: rollout.ProblemWeightInvalid, Key: rollout.RouteBackends, Value: "x", Count: 1, Object: inShop("TrafficSplit", "checkout"), Other: inShop("Service", "checkout")},
		{Code: rollout.ProblemStableNoTraffic, Object: inShop("HTTPRoute", "checkout"), Other: inShop("Service", "checkout"), Key: rollout.RouteRules},
		{Code: rollout.ProblemStableNoTraffic, Key: rollout.RouteBackends, Object: inShop("TrafficSplit", "checkout"), Other: inShop("Service", "checkout")},
		{Code: rollout.ProblemRouteMissing, Service: "checkout", Object: inShop("HTTPRoute", "other"), Other: inShop("Service", "checkout"), Key: "route.name"},
		{Code: rollout.ProblemRuleCanaryAlone, Object: inShop("HTTPRoute", "checkout"), Other: inShop("Service", "checkout-canary"), Value: "checkout", Index: 1},
		{Code: rollout.ProblemRulePairTwice, Object: inShop("HTTPRoute", "checkout"), Index: 1},
		{Code: rollout.ProblemRuleCanaryTraffic, Object: inShop("HTTPRoute", "checkout"), Other: inShop("Service", "checkout-canary"), Count: 10},
		{Code: rollout.ProblemRulePorts, Object: inShop("HTTPRoute", "checkout"), Other: inShop("Service", "checkout-canary"), Value: "checkout", Index: 2},
		{Code: rollout.ProblemStableUnnamed, Service: "checkout", Object: inShop("HTTPRoute", "checkout"), Other: inShop("Service", "checkout"), Key: "stable_service"},
		{Code: rollout.ProblemRulesDisagree, Object: inShop("HTTPRoute", "checkout"), Other: inShop("Service", "checkout-canary")},
		{Code: rollout.ProblemRouteStatusMalformed, Object: inShop("HTTPRoute", "checkout")},
		{Code: rollout.ProblemNoGateway, Object: inShop("HTTPRoute", "checkout")},
		{Code: rollout.ProblemGatewayBehind, Object: inShop("HTTPRoute", "checkout"), Other: rollout.ObjectRef{Kind: "Gateway", Name: "shop"}, Key: "Accepted"},
		{Code: rollout.ProblemGatewayRefuses, Object: inShop("HTTPRoute", "checkout"), Other: rollout.ObjectRef{Kind: "Gateway", Name: "shop"}, Key: "Accepted", Value: "False", Want: "NotAllowedByListeners", Words: "denied"},
		{Code: rollout.ProblemGatewaySilent, Object: inShop("HTTPRoute", "checkout"), Other: rollout.ObjectRef{Kind: "Gateway", Name: "shop"}, Key: "Accepted"},
		{Code: rollout.ProblemStartStatusMalformed, Object: inShop("HTTPRoute", "checkout")},
		{Code: rollout.ProblemStartNoGateway, Object: inShop("HTTPRoute", "checkout")},
		{Code: rollout.ProblemStartGatewayRefuses, Object: inShop("HTTPRoute", "checkout"), Other: rollout.ObjectRef{Kind: "Gateway", Name: "shop"}, Key: "Accepted", Value: "False", Want: "NotAllowedByListeners", Words: "denied"},
		{Code: rollout.ProblemStartGatewaySilent, Object: inShop("HTTPRoute", "checkout"), Other: rollout.ObjectRef{Kind: "Gateway", Name: "shop"}, Key: "Accepted"},
		{Code: rollout.ProblemSplitMissing, Service: "checkout", Object: inShop("TrafficSplit", "checkout"), Key: "route.create"},
		{Code: rollout.ProblemSplitStableUnnamed, Object: inShop("TrafficSplit", "checkout"), Other: inShop("Service", "checkout")},
		{Code: rollout.ProblemSplitPairTwice, Object: inShop("TrafficSplit", "checkout")},
		{Code: rollout.ProblemSplitCanaryTraffic, Object: inShop("TrafficSplit", "checkout"), Other: inShop("Service", "checkout-canary"), Count: 10},
		{Code: rollout.ProblemSplitOtherRoot, Service: "checkout", Object: inShop("TrafficSplit", "checkout"), Key: "route.service", Value: "shop", Want: "checkout"},
		{Code: rollout.ProblemSplitToItself, Service: "checkout", Other: inShop("Service", "checkout"), Key: "route.service"},
		{Code: rollout.ProblemRootMissing, Service: "checkout", Object: inShop("Service", "shop"), Key: "route.service"},
		{Code: rollout.ProblemBackendPort, Object: inShop("Service", "checkout"), Other: inShop("Service", "shop"), Value: "81"},
	}
}

// noticeProblems has what people should know at the start.
func noticeProblems() []rollout.Problem {
	return []rollout.Problem{
		{Code: rollout.ProblemCanaryTemplate, Object: inShop("Deployment", "checkout-canary"), Names: []string{"spec.topologySpreadConstraints[0].labelSelector", "metadata.annotations[external-dns.alpha.kubernetes.io/hostname]"}},
		{Code: rollout.ProblemKeepsApart, Object: inShop("Deployment", "checkout"), Key: "spec.affinity.podAntiAffinity", Value: "kubernetes.io/hostname"},
		{Code: rollout.ProblemServiceLocal, Object: inShop("Service", "checkout")},
		{Code: rollout.ProblemServiceExposed, Object: inShop("Service", "checkout"), Value: "type LoadBalancer"},
		{Code: rollout.ProblemServiceBeside, Object: inShop("Service", "checkout-internal"), Other: inShop("Deployment", "checkout")},
		{Code: rollout.ProblemScalerHeld, Object: inShop("HorizontalPodAutoscaler", "checkout"), Key: "spec.minReplicas", Count: 2, Limit: 20},
		{Code: rollout.ProblemVerticalScaler, Object: inShop("VerticalPodAutoscaler", "checkout"), Other: inShop("Deployment", "checkout")},
		{Code: rollout.ProblemOtherWays, Object: inShop("Service", "checkout"), Names: []string{"HTTPRoute admin", "Ingress legacy"}},
		{Code: rollout.ProblemOtherWays, Object: inShop("Service", "checkout"), Names: []string{"Ingress a", "Ingress b", "Ingress c", "Ingress d", "Ingress e"}, Count: 2},
		{Code: rollout.ProblemOtherWaysCanary, Object: inShop("Service", "checkout-canary"), Names: []string{"HTTPRoute testers"}},
		{Code: rollout.ProblemOtherWaysUnread, Object: rollout.ObjectRef{Namespace: "shop"}, Names: []string{"ingresses.networking.k8s.io", "grpcroutes.gateway.networking.k8s.io"}},
		{Code: rollout.ProblemVersionStays, Object: inShop("Deployment", "checkout-canary"), Names: []string{"label app.kubernetes.io/version", "variable SENTRY_RELEASE"}},
	}
}

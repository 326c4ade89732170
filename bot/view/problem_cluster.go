package view

import (
	"maps"
	"strconv"

	"canarybot.io/rollout"
)

// clusterSentences has the sentences for problems that the cluster's adapters find. Further placeholders:
//
//	{line}     "services.checkout.plan: ", the line of the configuration to change, where there is one
//	{call}  what was asked of the API server: "read", "read pods of"
//	{index}    of a rule or a backend
//	{route}    "Rule 0 of HTTPRoute shop/checkout: ", whose weights are wrong
//	{either}   the names, joined by "or"
//	{labels}   where the canary's labels are set
//	{oneof}    the label to change: "the label app", "one of the labels app, track"
//	{owner}    whose pod it is
//	{more}     " and 2 more", where not all names are told
func clusterSentences() map[rollout.ProblemCode]string {
	all := requestSentences()
	maps.Copy(all, startSentences())
	maps.Copy(all, routeSentences())
	maps.Copy(all, noticeSentences())
	return all
}

// requestSentences has the sentences for failed requests to the API server.
func requestSentences() map[rollout.ProblemCode]string {
	return map[rollout.ProblemCode]string{
		rollout.ProblemObjectChanged:     "{object} changed since it was read; nothing was written.",
		rollout.ProblemObjectExists:      "{object} exists already; nothing was written.",
		rollout.ProblemObjectMissing:     "{object} does not exist.",
		rollout.ProblemKindGone:          "The cluster does not know the kind of {object} (any more).",
		rollout.ProblemForbidden:         "Kubernetes forbids to {call} {object}: {words}",
		rollout.ProblemRefused:           "Kubernetes refuses to {call} {object}: {words}",
		rollout.ProblemRequestFailed:     "Could not {call} {object}: {words}",
		rollout.ProblemRequestTimeout:    "Could not {call} {object}: the API server did not answer in time.",
		rollout.ProblemRequestCanceled:   "Could not {call} {object}: the request was given up.",
		rollout.ProblemAPIServerNoAnswer: "Could not {call} {object}: the API server does not answer: {words}",

		rollout.ProblemWriteUnguarded:     "A write to {object} names no resourceVersion and UID; it was not sent.",
		rollout.ProblemDeleteUnguarded:    "A delete names no resourceVersion and UID; it was not sent.",
		rollout.ProblemObjectReplaced:     "{object} was deleted and made anew since it was read; nothing was written.",
		rollout.ProblemStampEncoding:      "The stamp of a write could not be encoded.",
		rollout.ProblemPatchEncoding:      "A patch of {object} could not be encoded.",
		rollout.ProblemWeightsEncoding:    "The weights of a route could not be encoded.",
		rollout.ProblemStableProtected:    "Stable is never made, deleted or resized by Canarybot; nothing was written.",
		rollout.ProblemObjectUnknown:      `{quoted} is no object that Canarybot writes.`,
		rollout.ProblemVerbUnknown:        `{quoted} is nothing that can be done to {object}.`,
		rollout.ProblemContainerGone:      `{object} has no container {quoted} whose image could be set.`,
		rollout.ProblemSelectorUnreadable: "{object} has a selector that cannot be read.",

		rollout.ProblemRouteKindUnknown:  `{line}{quoted} is no kind of route that Canarybot can steer; known are {names}.`,
		rollout.ProblemKindNotServed:     "{line}The cluster serves no {kind} of {value} in version {either}: its custom resource definition is missing.",
		rollout.ProblemRouteNotOurs:      "{object} is never made or deleted by Canarybot: it has to exist.",
		rollout.ProblemRulesMalformed:    "The rules of {object} are not a list.",
		rollout.ProblemRuleMalformed:     "Rule {index} of {object} is not what the Gateway API describes.",
		rollout.ProblemBackendsMalformed: "The backends of {object} are not a list.",
		rollout.ProblemBackendMalformed:  "Backend {index} of {object} is not what the Service Mesh Interface describes.",
		rollout.ProblemPortsMalformed:    "The ports of {object} are not a list.",
		rollout.ProblemNothingToSteer:    "{object} names neither Service {value} nor {want}: there is nothing to steer.",
		rollout.ProblemShareImpossible:   "A share of {count} % cannot be set: the pair is not whole or that is no percentage.",
		rollout.ProblemWeightsTooLarge:   "{route}The weights are too large to set a share exactly beside other backends: no weight may pass {limit}. Divide them all by a common factor.",
	}
}

// startSentences has the sentences for problems that block a rollout's start.
func startSentences() map[rollout.ProblemCode]string {
	const (
		annotate = "kubectl -n {namespace} annotate {resource} {key}-"
		rights   = "RBAC: the bot may not {names} {kind} in namespace {namespace}; list that namespace in the chart's values (namespaces"
		grant    = ") or grant it by a Role."
		hundred  = "Use a plan that ends with a step of weight 100, or set spec.strategy."
		relabel  = "give {oneof} another value in {labels}"
	)
	return map[rollout.ProblemCode]string{
		rollout.ProblemStampUnreadable:   "{object} bears an annotation {key} that cannot be read; when no rollout is under way there, remove it: " + annotate,
		rollout.ProblemStampOtherStore:   "{object} bears the stamp of rollout {rollout} of another Canarybot, whose store is {value}; when that one is gone for good, put the object right and remove the stamp: " + annotate,
		rollout.ProblemStampOtherService: "{object} bears the stamp of rollout {rollout}, of another service: wait for its end. Only if it has ended and left the stamp, remove it: " + annotate,
		rollout.ProblemRollbackAsked:     "{object} bears the annotation {key}={value}, which rolls back every rollout; remove it: " + annotate,
		rollout.ProblemGitOpsOwned:       "services.{service}.gitops: {value} owns {object} ({key}) and may undo what Canarybot writes to it.",

		rollout.ProblemRightsMissing:            rights + grant,
		rollout.ProblemRightsMissingRoute:       rights + ", with its kind among routes" + grant,
		rollout.ProblemRightsMissingCreate:      rights + ", with create: true" + grant,
		rollout.ProblemRightsMissingRouteCreate: rights + ", with its kind among routes and create: true" + grant,

		rollout.ProblemStableMissing:     "{line}{object} does not exist; name the Deployment that serves {service} now.",
		rollout.ProblemAlreadyRuns:       "{object} already runs {value}; there is nothing to roll out.",
		rollout.ProblemNoReplicas:        "{object} wants no replicas: set spec.replicas to 1 or more.",
		rollout.ProblemPaused:            "{object} is paused: kubectl -n {namespace} rollout resume {resource}",
		rollout.ProblemNotRolledOut:      "{object} is not rolled out: of {limit} replicas {count} are updated and {value} available. Wait for it: kubectl -n {namespace} rollout status {resource}",
		rollout.ProblemContainerUnnamed:  "{line}No container of Deployment {name} runs an image of the service's repository; name those to change, of {names}.",
		rollout.ProblemContainerMissing:  `{line}Deployment {name} has no container {quoted}; it has {names}.`,
		rollout.ProblemContainersDiffer:  "{line}The containers of Deployment {name} that run the service's image are not of one version: {names}. Give them the same one, or name those that change together.",
		rollout.ProblemContainerStays:    "{line}Container {value} of {object} keeps {wantversion} of the same repository: this line names others. Add it if it has to change with them.",
		rollout.ProblemImageIDsMissing:   "The pods of {object} do not say which image they run (imageID is empty), so that nobody can tell whether what is promoted is what was judged.",
		rollout.ProblemAdmissionReplaces: "An admission webhook of the cluster makes {value} of {want}, the image that is written to container {key} of {object}. Let it leave the version as it is; a digest beside the tag, or a mirror, does no harm. Look for it: kubectl get mutatingwebhookconfigurations",
		rollout.ProblemCanaryRuns:        "{object}, the canary, has {count} replicas already: kubectl -n {namespace} scale {resource} --replicas=0",
		rollout.ProblemRecreate:          "{line}{object} has the strategy Recreate, so promoting stops every pod before a new one starts. " + hundred + "type: RollingUpdate.",
		rollout.ProblemLosesAll:          "{line}{object} may lose all its pods at once, so promoting would stop every one of them before new ones serve. " + hundred + "rollingUpdate.maxUnavailable below 100 %.",
		rollout.ProblemLosesOne:          "{line}{object} has one replica and may lose it before the new one serves. " + hundred + "rollingUpdate.maxUnavailable to 0.",
		rollout.ProblemNoSurge:           "{line}{object} has one replica and no surge, so promoting stops it before the new one starts. " + hundred + "rollingUpdate.maxSurge to 1 or more.",
		rollout.ProblemScalersSeveral:    "The autoscalers {names} all set the size of {object}, so nobody can say which minimum holds it; leave one of them.",
		rollout.ProblemScalerOnCanary:    "{object} scales the canary, whose size Canarybot sets: delete it, or let it scale {othername}.",
		rollout.ProblemVolumeNotShared:   "{object} is mounted by stable and can not be shared with the canary (access modes [{value}]): use ReadWriteMany or ReadOnlyMany, or a canary Deployment with a volume of its own.",

		rollout.ProblemLabelsReachCanary:      "{line}Service {name} selects on {names} only, so it would reach the canary's pods too. Name at least one of these labels with another value, for example canary_labels: {{want}: {value}}.",
		rollout.ProblemStableServiceMissing:   "{line}{object} does not exist; name the Service in front of {othername}.",
		rollout.ProblemStableServiceElsewhere: "{line}{object} does not select the pods of Deployment {othername}.",
		rollout.ProblemStableServiceOnCanary:  "{object} selects the pods of Deployment {othername}, the canary, too: give one of the labels that it selects on another value in the canary's template.",
		rollout.ProblemServiceOnBoth:          "{object} selects stable's pods and the canary's, so its callers would reach the canary at weight 0: " + relabel + ", or narrow its selector.",
		rollout.ProblemServiceOnStranger:      "{object} reaches pod {value} ({owner}), which is not one of Deployment {othername}: narrow the Service's selector.",
		rollout.ProblemServiceExternal:        "{line}{object} is of the type ExternalName, a name for something elsewhere; name the Service that selects the pods of Deployment {othername}.",
		rollout.ProblemServiceSelectless:      "{line}{object} has no selector: somebody else fills in its endpoints, and would not tell the two sides apart. Name a Service that selects the pods of Deployment {othername}.",
		rollout.ProblemServiceShared:          "{line}It is the same Service as stable's; each side needs its own.",
		rollout.ProblemCanaryServiceElsewhere: "{object} does not select the pods of Deployment {othername}: its selector has to match their labels ({value}).",
		rollout.ProblemCanaryServiceOnStable:  "{object} selects the pods of stable, Deployment {othername}, too: add a label to its selector that only the canary's pods have.",
		rollout.ProblemCanaryServicePort:      "{object} lacks port {value}, which stable's Service {othername} has: add it to spec.ports.",
		rollout.ProblemStableSelectsCanary:    "{line}The selector of stable, Deployment {name}, matches the canary's pods, so a HorizontalPodAutoscaler would count them as stable's: " + relabel + ".",
		rollout.ProblemCanarySelectsStable:    "The selector of the canary, Deployment {name}, matches stable's pods: make it anew with a selector that only its own pods match.",
		rollout.ProblemBudgetOnBoth:           "{object} counts the canary's pods with stable's, so that losing stable's may seem harmless: " + relabel + ", or narrow its selector.",
	}
}

// routeSentences has the sentences for problems of a route that block a rollout's start.
func routeSentences() map[rollout.ProblemCode]string {
	const (
		malformed  = "the route's status is not what the Gateway API describes"
		none       = "no Gateway has taken the route yet"
		refuses    = "{other}: {key} is {value}, {want}: {said}"
		silent     = "{other}: has not said whether it took the route ({key})"
		notInForce = "{object} is not in force: "
		look       = ". See kubectl -n {namespace} describe {resource}"
	)
	return map[rollout.ProblemCode]string{
		rollout.ProblemWeightInvalid:     "{route}the weight {value} of its backend {count} is not a number of 0 or more; set the weight of Service {othername} above 0.",
		rollout.ProblemStableNoTraffic:   "{route}it gives stable no traffic; set the weight of Service {othername} above 0.",
		rollout.ProblemRouteMissing:      "{line}{object} does not exist; name the HTTPRoute that sends traffic to Service {othername}.",
		rollout.ProblemRuleCanaryAlone:   "Rule {index} of {object}: Service {othername}, the canary's, is named without stable's, {value}, so a share cannot be set and canary pods are reached at weight 0. Name both or none.",
		rollout.ProblemRulePairTwice:     "Rule {index} of {object}: a Service of the pair is named twice in its backendRefs; join the two.",
		rollout.ProblemRuleCanaryTraffic: "Rule {index} of {object}: Service {othername}, the canary's, has {count} % of the pair's traffic already; set its weight to 0.",
		rollout.ProblemRulePorts:         "Rule {index} of {object}: the ports of Services {value} and {othername} differ; give both the same.",
		rollout.ProblemStableUnnamed:     "{line}No rule of {object} names Service {othername} in its backendRefs, so there is nothing to steer.",
		rollout.ProblemRulesDisagree:     "Some rules of {object} name Service {othername}, the canary's, beside stable's and some do not: name it in all of them at weight 0, or in none.",

		rollout.ProblemRouteStatusMalformed: malformed,
		rollout.ProblemNoGateway:            none,
		rollout.ProblemGatewayBehind:        "{other}: has not seen the newest weights yet",
		rollout.ProblemGatewayRefuses:       refuses,
		rollout.ProblemGatewaySilent:        silent,
		rollout.ProblemStartStatusMalformed: notInForce + malformed + look,
		rollout.ProblemStartNoGateway:       notInForce + none + look,
		rollout.ProblemStartGatewayRefuses:  notInForce + refuses + look,
		rollout.ProblemStartGatewaySilent:   notInForce + silent + look,

		rollout.ProblemSplitMissing:       "{line}{object} does not exist; make it, or set route.create: true to have it made at the start and deleted at the end.",
		rollout.ProblemSplitStableUnnamed: "{object} does not name Service {othername}, stable's, among its backends: add {service: {othername}, weight: 100}.",
		rollout.ProblemSplitPairTwice:     "{object} names a Service of the pair twice: join the two backends.",
		rollout.ProblemSplitCanaryTraffic: "{object} gives Service {othername}, the canary's, {count} % of the pair's traffic already: set its weight to 0.",
		rollout.ProblemSplitOtherRoot:     `{line}{object} splits Service {quoted}, not "{want}"; name the one that it splits.`,
		rollout.ProblemSplitToItself:      "{line}Service {othername} is a backend too, and a split must not send to itself: name the Service that clients call, or give each side a Service of its own.",
		rollout.ProblemRootMissing:        "{line}{object} does not exist; name the Service that clients call.",
		rollout.ProblemBackendPort:        "Service {name} lacks port {value} of Service {othername}, whose traffic the split sends to it: it would get nothing there. Add the port; the canary's Service needs it too.",
	}
}

// fillCluster returns the value of a placeholder in these sentences.
func fillCluster(p rollout.Problem, name string) string {
	switch name {
	case "{line}":
		return line(p)
	case "{call}":
		return apiCall(p)
	case "{index}":
		return strconv.Itoa(p.Index)
	case "{route}":
		return routeWeights(p)
	case "{either}":
		return several(p.Names, " or ")
	case "{more}":
		if p.Count == 0 {
			return ""
		}
		return " and " + strconv.Itoa(p.Count) + " more"
	case "{owner}":
		if p.Want == "" {
			return "a bare pod"
		}
		return "of " + words(p.Want)
	case "{oneof}":
		switch len(p.Names) {
		case 0:
			return "one of its labels"
		case 1:
			return "the label " + words(p.Names[0])
		}
		return "one of the labels " + several(p.Names, ", ")
	case "{labels}":
		if p.Want == rollout.LabelsInTemplate {
			return "the canary's template"
		}
		return "canary_labels"
	}
	return fillOwner(p, name)
}

// line names the line of the configuration to change, as the start of a sentence.
func line(p rollout.Problem) string {
	switch {
	case p.Key == "":
		return ""
	case p.Service == "":
		return word(p.Key) + ": "
	}
	return "services." + word(string(p.Service)) + "." + word(p.Key) + ": "
}

// apiCall is the request to the API server, as a verb without its object.
func apiCall(p rollout.Problem) string {
	switch p.Call {
	case rollout.CallRead, rollout.CallWatch, rollout.CallCreate, rollout.CallUpdate, rollout.CallDelete:
		return string(p.Call)
	case rollout.CallPods:
		return "read pods of"
	case rollout.CallReplicaSets:
		return "read ReplicaSets of"
	case rollout.CallEndpoints:
		return "read endpoints of"
	case rollout.CallVersions:
		return "ask the cluster for its versions of"
	case rollout.CallReview:
		return "read whether the bot may " + word(p.Value)
	}
	return word(string(p.Call))
}

// routeWeights names the weights that are wrong, as the start of a sentence.
func routeWeights(p rollout.Problem) string {
	switch p.Key {
	case rollout.RouteRules:
		return "Rule " + strconv.Itoa(p.Index) + " of " + words(p.Object.String()) + ": "
	case rollout.RouteBackends:
		return words(p.Object.String()) + " has weights that cannot be steered: "
	}
	return ""
}

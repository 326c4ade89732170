package rollout

// APICall names what was asked of the API server.
type APICall string

// The calls.
const (
	CallRead        APICall = "read"
	CallWatch       APICall = "watch"
	CallCreate      APICall = "create"
	CallUpdate      APICall = "update"
	CallDelete      APICall = "delete"
	CallPods        APICall = "pods"         // list the pods of the object
	CallReplicaSets APICall = "replica_sets" // list the ReplicaSets of the object
	CallEndpoints   APICall = "endpoints"    // list the EndpointSlices of the object
	CallVersions    APICall = "versions"     // discover the served versions of the object's kind
	CallReview      APICall = "review"       // ask whether the bot may do Value to the object's kind
)

// What the API server answers to a Call about an Object.
const (
	ProblemObjectChanged     ProblemCode = "object_changed"       // the resourceVersion is another one
	ProblemObjectExists      ProblemCode = "object_exists"        // a create found one of that name
	ProblemObjectMissing     ProblemCode = "object_missing"       // there is none of that name
	ProblemKindGone          ProblemCode = "kind_gone"            // the API server does not serve the object's kind
	ProblemForbidden         ProblemCode = "forbidden"            // by RBAC or admission, in Words
	ProblemRefused           ProblemCode = "refused"              // by validation or admission, in Words
	ProblemRequestFailed     ProblemCode = "request_failed"       // nobody knows what became of it: Words
	ProblemRequestTimeout    ProblemCode = "request_timeout"      // no answer in time
	ProblemRequestCanceled   ProblemCode = "request_canceled"     // we gave up
	ProblemAPIServerNoAnswer ProblemCode = "api_server_no_answer" // the connection failed: Words
)

// Final reports whether the problem is an answer of the API server that no retry mends: somebody has to change a right,
// a policy, a quota or the object.
func (p Problem) Final() bool { return p.Code == ProblemForbidden || p.Code == ProblemRefused }

// What is wrong with a write before it is sent.
const (
	ProblemWriteUnguarded     ProblemCode = "write_unguarded"     // no resourceVersion and UID, to Object
	ProblemDeleteUnguarded    ProblemCode = "delete_unguarded"    // no resourceVersion and UID
	ProblemObjectReplaced     ProblemCode = "object_replaced"     // the UID is another one
	ProblemStampEncoding      ProblemCode = "stamp_encoding"      // the stamp cannot be encoded
	ProblemPatchEncoding      ProblemCode = "patch_encoding"      // the patch of Object cannot be encoded
	ProblemWeightsEncoding    ProblemCode = "weights_encoding"    // the original weights cannot be encoded
	ProblemStableProtected    ProblemCode = "stable_protected"    // stable is only ever updated
	ProblemObjectUnknown      ProblemCode = "object_unknown"      // Value is none of the objects that we write
	ProblemVerbUnknown        ProblemCode = "verb_unknown"        // Value is not done to Object
	ProblemContainerGone      ProblemCode = "container_gone"      // Object has no container Value to set the image of
	ProblemSelectorUnreadable ProblemCode = "selector_unreadable" // of Object
)

// What in Object's metadata keeps a rollout from starting. Key is the annotation, label or field manager.
const (
	ProblemStampUnreadable   ProblemCode = "stamp_unreadable"    // our annotation holds something else
	ProblemStampOtherStore   ProblemCode = "stamp_other_store"   // of Rollout in the store Value
	ProblemStampOtherService ProblemCode = "stamp_other_service" // of Rollout, which is of another service
	ProblemRollbackAsked     ProblemCode = "rollback_asked"      // the annotation asks to roll back: Key=Value
	ProblemGitOpsOwned       ProblemCode = "gitops_owned"        // the tool Value may undo our writes; an earlier Canarybot stored it
)

// What the bot may not do: Names are the verbs, Object the resource and the namespace. The codes differ in what the
// chart's values lack.
const (
	ProblemRightsMissing            ProblemCode = "rights_missing"              // the namespace
	ProblemRightsMissingRoute       ProblemCode = "rights_missing_route"        // the namespace, with the kind of route
	ProblemRightsMissingCreate      ProblemCode = "rights_missing_create"       // the namespace, with create
	ProblemRightsMissingRouteCreate ProblemCode = "rights_missing_route_create" // the namespace, with both
)

// What about the Deployments keeps a rollout from starting: Object is the Deployment, Other what it has to do with.
const (
	ProblemStableMissing    ProblemCode = "stable_missing"
	ProblemAlreadyRuns      ProblemCode = "already_runs"      // the version Value
	ProblemNoReplicas       ProblemCode = "no_replicas"       // scaled to 0
	ProblemPaused           ProblemCode = "paused"            // spec.paused
	ProblemNotRolledOut     ProblemCode = "not_rolled_out"    // of Limit replicas Count are updated, Value available
	ProblemContainerUnnamed ProblemCode = "container_unnamed" // several: Names
	ProblemContainerMissing ProblemCode = "container_missing" // there is none called Value: Names
	ProblemContainersDiffer ProblemCode = "containers_differ" // those whose image is set have different ones: Names
	ProblemCanaryRuns       ProblemCode = "canary_runs"       // with Count replicas
	ProblemRecreate         ProblemCode = "recreate"          // the strategy stops all pods first
	ProblemLosesAll         ProblemCode = "loses_all"         // maxUnavailable is all of them
	ProblemLosesOne         ProblemCode = "loses_one"         // the only replica may go before the next one is ready
	ProblemNoSurge          ProblemCode = "no_surge"          // the only replica goes before the next one starts
	ProblemScalersSeveral   ProblemCode = "scalers_several"   // the autoscalers Names all set the size of Object
	ProblemScalerOnCanary   ProblemCode = "scaler_on_canary"  // Object, an autoscaler, sets the canary's size
	ProblemVolumeNotShared  ProblemCode = "volume_not_shared" // Object, a claim, has the access modes Value
)

// What is told of the images at a start, and what admission makes of them.
const (
	ProblemContainerStays    ProblemCode = "container_stays"    // the container Value keeps the image Want of the repository
	ProblemImageIDsMissing   ProblemCode = "image_ids_missing"  // no pod of Object says what it resolved its image to
	ProblemAdmissionReplaces ProblemCode = "admission_replaces" // it makes Value of the image Want, which was written to the container Key
)

// What about Services and labels keeps a rollout from starting: they mix the pods of the two sides. Want says where the
// canary's labels are set.
const (
	ProblemLabelsReachCanary      ProblemCode = "labels_reach_canary"      // the Service Object selects on the labels Names only; Want: Value would be another
	ProblemStableServiceMissing   ProblemCode = "stable_service_missing"   // in front of Other
	ProblemStableServiceElsewhere ProblemCode = "stable_service_elsewhere" // it does not select Other's pods
	ProblemStableServiceOnCanary  ProblemCode = "stable_service_on_canary" // it selects the pods of Other, the canary
	ProblemServiceOnBoth          ProblemCode = "service_on_both"          // a third Service selects both, by the labels Names
	ProblemServiceOnStranger      ProblemCode = "service_on_stranger"      // it reaches the pod Value, which is not Other's
	ProblemServiceShared          ProblemCode = "service_shared"           // one Service for both sides
	ProblemCanaryServiceElsewhere ProblemCode = "canary_service_elsewhere" // it does not select the labels Value of Other's pods
	ProblemCanaryServiceOnStable  ProblemCode = "canary_service_on_stable" // it selects the pods of Other, stable
	ProblemCanaryServicePort      ProblemCode = "canary_service_port"      // it lacks the port Value of stable's Service Other
	ProblemStableSelectsCanary    ProblemCode = "stable_selects_canary"    // the selector of the Deployment Object, by the labels Names
	ProblemCanarySelectsStable    ProblemCode = "canary_selects_stable"    // the selector of the Deployment Object
	ProblemBudgetOnBoth           ProblemCode = "budget_on_both"           // Object, a PodDisruptionBudget, by the labels Names
)

// Where the canary's labels are set.
const (
	LabelsInConfig   = "config"   // canary_labels
	LabelsInTemplate = "template" // the pod template of a canary that was there
)

// What is wrong with the kind of route, or with a route as it is.
const (
	ProblemRouteKindUnknown  ProblemCode = "route_kind_unknown" // no router for Value; there are Names
	ProblemKindNotServed     ProblemCode = "kind_not_served"    // Object's kind, of group Value, in any of the versions Names
	ProblemRouteNotOurs      ProblemCode = "route_not_ours"     // a route that we may not make or delete
	ProblemRulesMalformed    ProblemCode = "rules_malformed"    // not a list
	ProblemRuleMalformed     ProblemCode = "rule_malformed"     // the rule Index
	ProblemBackendsMalformed ProblemCode = "backends_malformed" // not a list
	ProblemBackendMalformed  ProblemCode = "backend_malformed"  // the backend Index
	ProblemPortsMalformed    ProblemCode = "ports_malformed"    // not a list
	ProblemNothingToSteer    ProblemCode = "nothing_to_steer"   // Object names neither of the Services Value and Want
	ProblemShareImpossible   ProblemCode = "share_impossible"   // Count is not a percentage, or one of the pair is missing
	ProblemWeightsTooLarge   ProblemCode = "weights_too_large"  // a weight would pass Limit
	ProblemWeightInvalid     ProblemCode = "weight_invalid"     // Value, of the backend Count; Other is stable's Service
	ProblemStableNoTraffic   ProblemCode = "stable_no_traffic"  // the weight of Other, stable's Service, is 0
)

// The fields that hold a route's weights: the Key of a problem with them.
const (
	RouteRules    = "spec.rules"    // a list of rules, of which Index is one
	RouteBackends = "spec.backends" // one list of backends
)

// What about an HTTPRoute keeps a rollout from starting: Object is the route, Index its rule, Other the Service.
const (
	ProblemRouteMissing      ProblemCode = "route_missing"
	ProblemRuleCanaryAlone   ProblemCode = "rule_canary_alone"   // names the canary's Service Other, and not stable's, Value
	ProblemRulePairTwice     ProblemCode = "rule_pair_twice"     // names one of the pair twice
	ProblemRuleCanaryTraffic ProblemCode = "rule_canary_traffic" // Other has Count percent
	ProblemRulePorts         ProblemCode = "rule_ports"          // those of the Services Value and Other differ
	ProblemStableUnnamed     ProblemCode = "stable_unnamed"      // no rule names Other
	ProblemRulesDisagree     ProblemCode = "rules_disagree"      // some name Other, the canary's Service, and some do not
)

// Why the Gateways do not acknowledge an HTTPRoute as it is: Object is the route, Other the Gateway, Key its condition.
const (
	ProblemRouteStatusMalformed ProblemCode = "route_status_malformed" // not what the Gateway API describes
	ProblemNoGateway            ProblemCode = "no_gateway"             // none has a status for the route
	ProblemGatewayBehind        ProblemCode = "gateway_behind"         // it did not see the newest generation
	ProblemGatewayRefuses       ProblemCode = "gateway_refuses"        // the condition is Value, for the reason Want: Words
	ProblemGatewaySilent        ProblemCode = "gateway_silent"         // it has no such condition
)

// The same where it keeps a rollout from starting. That a Gateway is behind does not.
const (
	ProblemStartStatusMalformed ProblemCode = "start_status_malformed"
	ProblemStartNoGateway       ProblemCode = "start_no_gateway"
	ProblemStartGatewayRefuses  ProblemCode = "start_gateway_refuses"
	ProblemStartGatewaySilent   ProblemCode = "start_gateway_silent"
)

// What about a TrafficSplit keeps a rollout from starting: Object is the split, Other a Service.
const (
	ProblemSplitMissing       ProblemCode = "split_missing"
	ProblemSplitStableUnnamed ProblemCode = "split_stable_unnamed" // Other is not a backend
	ProblemSplitPairTwice     ProblemCode = "split_pair_twice"     // names one of the pair twice
	ProblemSplitCanaryTraffic ProblemCode = "split_canary_traffic" // Other has Count percent
	ProblemSplitOtherRoot     ProblemCode = "split_other_root"     // splits Value in place of Want
	ProblemSplitToItself      ProblemCode = "split_to_itself"      // the root Other is a backend
	ProblemRootMissing        ProblemCode = "root_missing"         // Object, the Service that clients call
	ProblemBackendPort        ProblemCode = "backend_port"         // the Service Object lacks the port Value of the root Other
)

// What about stable's Service keeps a rollout from starting: it is no Service in front of pods.
const (
	ProblemServiceExternal   ProblemCode = "service_external"   // Object is of the type ExternalName
	ProblemServiceSelectless ProblemCode = "service_selectless" // Object selects nothing, in front of Other
)

// What people should know of the cluster, and what does not keep a rollout from starting.
const (
	ProblemCanaryTemplate  ProblemCode = "canary_template"   // the canary Object's pods have Names of their own
	ProblemVersionStays    ProblemCode = "version_stays"     // the canary Object's pods say by Names that they are of stable's version
	ProblemKeepsApart      ProblemCode = "keeps_apart"       // by the field Key of Object no canary pod is where a pod of stable is, within the topology Value
	ProblemServiceLocal    ProblemCode = "service_local"     // Object has internalTrafficPolicy: Local
	ProblemServiceExposed  ProblemCode = "service_exposed"   // Object lets users in by itself: Value, its type or field
	ProblemServiceBeside   ProblemCode = "service_beside"    // Object selects the pods of Other, stable, and is not in the split
	ProblemScalerHeld      ProblemCode = "scaler_held"       // the minimum Key of Object, an autoscaler, is raised from Count to Limit
	ProblemVerticalScaler  ProblemCode = "vertical_scaler"   // Object restarts the pods of Other to resize them
	ProblemOtherWays       ProblemCode = "other_ways"        // Object, stable's Service or one beside it, is named by the routes Names and Count more
	ProblemOtherWaysCanary ProblemCode = "other_ways_canary" // Object, the canary's Service, is named by the routes Names and Count more
	ProblemOtherWaysUnread ProblemCode = "other_ways_unread" // the bot may not list Names in Object's namespace
)

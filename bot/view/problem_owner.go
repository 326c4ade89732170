package view

import (
	"encoding/json"
	"strings"

	"canarybot.io/rollout"
)

// ownerSentences are those about who else writes what a rollout writes. Further placeholders:
//
//	{tool}    the tool and its own object: "Argo CD, application shop (self-heal on)"
//	{field}   what of the object is written: "the weights"
//	{when}    when the owner puts it back: "with its next sync"
//	{unread}  why nobody knows whether it does
//	{remedy}  what to do about it, with the YAML to add
func ownerSentences() map[rollout.ProblemCode]string {
	const next = "Put the promoted version into the chart's values before that, or let a commit promote (services.{service}.promote)."
	return map[rollout.ProblemCode]string{
		rollout.ProblemOwnerReverts: "{object} belongs to {tool}, which puts {field} back {when}. {remedy}",
		rollout.ProblemOwnerUnread: "{object} belongs to {tool}. {unread}, so nobody knows whether it puts {field} back. {remedy} " +
			"If it leaves {field} alone, say so by services.{service}.gitops: acknowledged.",
		rollout.ProblemOwnerUnnamed: "{object} belongs to {value} ({said}), and nothing on it says to which {otherkind}, so nobody knows whether it puts {field} back. " +
			"If it leaves {field} alone, say so by services.{service}.gitops: acknowledged.",

		rollout.ProblemFromMissing: "{line}{object} does not exist; name the HTTPRoute that serves {service} when no rollout does.",
		rollout.ProblemFromMethod: "{line}Rule {index} of {object} matches a method, and {otherresource} is made more specific by methods: the two would match alike, and the older one serve. " +
			"Leave the method out there.",
		rollout.ProblemFromMatches: "{line}{object} has too many matches: {otherresource} has each of them for every method, {count} in all, and an HTTPRoute may have {limit}.",

		rollout.ProblemOwnerAllows: "{object} belongs to {tool}, which leaves {field} alone{until}.",
		rollout.ProblemOwnerWrites: "{object} belongs to {tool}: it writes {field}, and Canarybot waits for it.",
		rollout.ProblemOwnerStops: "{object} belongs to {tool}: Canarybot tells it to leave the object alone until this is over " +
			"(annotation kustomize.toolkit.fluxcd.io/reconcile: disabled); what is committed for it meanwhile counts after that.",
		rollout.ProblemOwnerFreezes: "{object} belongs to {tool}, which ignores a list of it: while that holds, Argo CD applies no later edit of {pointers} from Git, " +
			"and says nothing. {remedy}",
		rollout.ProblemOwnerPromised: "{object} belongs to {tool}. {unread}; the configuration says that it leaves {field} alone (gitops: acknowledged).",
		rollout.ProblemOwnerUpgrade:  "{object} belongs to {tool}: the next helm upgrade puts back the version that the chart's values say. " + next,
		rollout.ProblemOwnerConflict: "{object} belongs to {tool}: the next helm upgrade fails with a conflict where the chart's values say another version than was promoted. " + next,
		rollout.ProblemOwnerApplies:  "{value} applies {field} of {object} on the server: its next apply fails with a conflict, or puts its own back. Commit the new version there before.",
		rollout.ProblemOwnerOperator: "{object} belongs to {other}, whose operator may put back {field}; Canarybot asks when it does.",
	}
}

// fillOwner returns the value of a placeholder in these sentences.
func fillOwner(p rollout.Problem, name string) string {
	switch name {
	case "{tool}":
		return ownerName(p)
	case "{field}":
		return ownedField(p)
	case "{pointers}":
		return several(p.Names, " and ")
	case "{when}":
		return ownerWays[rollout.OwnerWay(p.Want)].when
	case "{until}":
		if way := rollout.OwnerWay(p.Want); way == rollout.OwnerManual || way == rollout.OwnerUpgrades {
			return " until it writes all of it " + ownerWays[way].when
		}
		return ""
	case "{unread}":
		return unread(p)
	case "{remedy}":
		return answer(p)
	}
	return fillTime(p, name)
}

// ownerWays are how owners work: what is said beside their name, and when they put a field back.
var ownerWays = map[rollout.OwnerWay]struct{ how, when string }{
	rollout.OwnerSelfHeals:   {"self-heal on", "as soon as it differs from Git"},
	rollout.OwnerAutomated:   {"self-heal off", "with the next commit"},
	rollout.OwnerManual:      {"synced by hand", "with its next sync"},
	rollout.OwnerContinuous:  {"", "whenever it reconciles"},
	rollout.OwnerSuspended:   {"suspended", "once it is resumed"},
	rollout.OwnerUpgrades:    {"", "with its next upgrade"},
	rollout.OwnerUnrespected: {"the difference is hidden", "with its next sync all the same"},
}

// ownerName names an owner: "Argo CD, application shop (self-heal on)".
func ownerName(p rollout.Problem) string {
	name := word(p.Value)
	if p.Other.Name != "" {
		name = joined(", ", name, kindInWords(p.Other.Kind)+" "+word(p.Other.Name))
	}
	if how := ownerWays[rollout.OwnerWay(p.Want)].how; how != "" {
		name += " (" + how + ")"
	}
	return name
}

// kindInWords is a tool's kind of object within a sentence: Argo CD's applications are words there, Flux's kinds names.
func kindInWords(kind string) string {
	if kind == "Application" {
		return "application"
	}
	return word(kind)
}

// ownedField names the field within a sentence.
func ownedField(p rollout.Problem) string {
	//exhaustive:ignore
	switch rollout.Field(p.Key) {
	case rollout.FieldStableImage, rollout.FieldCanaryImage:
		return "the image"
	case rollout.FieldCanaryReplicas:
		return "the replicas"
	case rollout.FieldStableMin:
		return "the minimum"
	}
	return "the weights"
}

// unread is why nobody knows what the owner does.
func unread(p rollout.Problem) string {
	own := words(p.Other.String())
	//exhaustive:ignore
	switch rollout.OwnerWay(p.Want) {
	case rollout.OwnerForbidden:
		return "The bot may not read " + own + " (owners in the chart's values)"
	case rollout.OwnerMissing:
		return "The bot found no " + own
	}
	if p.Other.Kind == "Application" {
		return "What it ignores in all applications stands in argocd-cm, which is not read"
	}
	return "How it is set up is not read"
}

// answer is what to do about an owner that puts a field back, or may.
func answer(p rollout.Problem) string {
	add := "add to " + words(p.Other.String()) + ": " + code(OwnerYAML(p))
	service := "services." + word(string(p.Service))
	argo, chart := p.Other.Kind == "Application", p.Other.Kind == "HelmRelease"
	//exhaustive:ignore
	switch field := rollout.Field(p.Key); {
	case field == rollout.FieldWeight && argo, field == rollout.FieldWeight && OwnerYAML(p) == "":
		return "Take the route out of Git, and let Canarybot make it: " + service + ".route.create: true."
	case field == rollout.FieldStableImage && chart:
		return "Let a commit to the chart's values promote: " + service + ".promote: {by: git, edit: helm-values}."
	case OwnerYAML(p) == "":
		return "See how it is set up."
	case field == rollout.FieldStableImage:
		return "Let a commit promote (" + service + ".promote: {by: git}), or " + add
	case field == rollout.FieldCanaryImage || field == rollout.FieldCanaryReplicas:
		return "Take the canary out of Git, and Canarybot makes it, or " + add
	}
	return strings.ToUpper(add[:1]) + add[1:]
}

// OwnerYAML is what to add to the owner's own object so that it leaves the field alone, in one line of YAML; empty where
// nothing does.
func OwnerYAML(p rollout.Problem) string {
	type object map[string]any
	rule := object{"target": object{"kind": p.Object.Kind, "name": p.Object.Name}, "paths": p.Names}
	switch p.Other.Kind {
	case "Application":
		return flow(object{
			"ignoreDifferences": []object{{"group": apiGroups[p.Object.Kind], "kind": p.Object.Kind, "name": p.Object.Name, "jsonPointers": p.Names}},
			"syncPolicy":        object{"syncOptions": []string{"RespectIgnoreDifferences=true"}},
		})
	case "Kustomization":
		return flow(object{"ignore": []object{rule}})
	case "HelmRelease":
		return flow(object{"driftDetection": object{"mode": "enabled", "ignore": []object{rule}}})
	}
	return ""
}

// flow is a spec as one line of YAML.
func flow(spec any) string {
	text, err := json.Marshal(map[string]any{"spec": spec})
	if err != nil {
		return ""
	}
	// JSON is YAML. Without its quotes people read it faster; a name or a path of Kubernetes needs none.
	return strings.NewReplacer(`"`, "", ":", ": ", ",", ", ").Replace(string(text))
}

// apiGroups are the groups of the kinds that a rollout writes.
var apiGroups = map[string]string{
	"Deployment": "apps", "HorizontalPodAutoscaler": "autoscaling", "ScaledObject": "keda.sh",
	"HTTPRoute": "gateway.networking.k8s.io", "TrafficSplit": "split.smi-spec.io",
}

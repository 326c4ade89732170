package kube

import (
	"fmt"
	"slices"
	"strings"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/rollout"
)

// revisionAnnotation says which of a Deployment's ReplicaSets has its current template.
const revisionAnnotation = "deployment.kubernetes.io/revision"

// telling has the failures, the most specific first: when pods fail in several ways, or a pod's failure made the
// Deployment miss its deadline, people see the cause and not its consequence.
var telling = []rollout.FailureKind{
	rollout.OOMKilled, rollout.CrashLoop, rollout.ImagePull, rollout.Refused, rollout.OverQuota, rollout.ProgressDeadline,
	rollout.ImagePullRetried, rollout.NotCreated, rollout.ConfigMissing, rollout.Unschedulable, rollout.NotReady,
}

// rank orders failures by how telling they are; of two of a kind the one that says why comes first.
func rank(f rollout.Failure) int {
	at := 2 * slices.Index(telling, f.Kind)
	if bare(f) {
		at++
	}
	return at
}

// worst returns the most telling failure. A missed deadline says nothing of its cause, so that of the next one, which
// alone would wait, goes with it.
func worst(failures []rollout.Failure) rollout.Failure {
	if len(failures) == 0 {
		return rollout.Failure{}
	}
	slices.SortStableFunc(failures, func(a, b rollout.Failure) int { return rank(a) - rank(b) })
	first := failures[0]
	if first.Kind == rollout.ProgressDeadline && len(failures) > 1 {
		first.Detail += "; " + failures[1].Detail
	}
	return first
}

// failure returns what is wrong with the Deployment, if anything. Of its pods only those of its current template count:
// those of an older one say nothing about this one.
func failure(d *apps.Deployment, sets []apps.ReplicaSet, pods []core.Pod) rollout.Failure {
	if !observed(d) {
		return rollout.Failure{} // no pod of this template exists yet
	}
	failures := deploymentFailures(d)
	if now := current(d, sets); now != nil {
		for _, p := range pods {
			if f := podFailure(p); f.Kind != rollout.NoFailure && meta.IsControlledBy(&p, now) {
				failures = append(failures, f)
			}
		}
	}
	return worst(failures)
}

// current returns the ReplicaSet of the Deployment's current template, or nil. Where that one existed before, the
// controller observes the template a moment before it updates the Deployment's revision: a ReplicaSet with other images
// is then the previous one.
func current(d *apps.Deployment, sets []apps.ReplicaSet) *apps.ReplicaSet {
	for i, s := range sets {
		if s.Annotations[revisionAnnotation] == d.Annotations[revisionAnnotation] &&
			slices.Equal(images(s.Spec.Template), images(d.Spec.Template)) {
			return &sets[i]
		}
	}
	return nil
}

// images returns the images of the template's containers, in order.
func images(t core.PodTemplateSpec) []string {
	var all []string
	for _, c := range containersOf(&t.Spec) {
		all = append(all, c.Image)
	}
	return all
}

// deploymentFailures returns the failures in the Deployment's own conditions.
func deploymentFailures(d *apps.Deployment) []rollout.Failure {
	var failures []rollout.Failure
	for _, c := range d.Status.Conditions {
		switch {
		case c.Type == apps.DeploymentProgressing && c.Status == core.ConditionFalse && c.Reason == "ProgressDeadlineExceeded":
			failures = append(failures, rollout.Failure{Kind: rollout.ProgressDeadline, Detail: c.Message})
		case c.Type == apps.DeploymentReplicaFailure && c.Status == core.ConditionTrue:
			failures = append(failures, rollout.Failure{Kind: creationFailure(c.Reason, c.Message), Detail: c.Message})
		}
	}
	return failures
}

// podFailure returns what is wrong with one pod. A pod that is being deleted, was evicted or has ended says nothing
// about its version: a drained node is not a bad canary.
func podFailure(p core.Pod) rollout.Failure {
	if p.DeletionTimestamp != nil || p.Status.Phase == core.PodFailed || p.Status.Phase == core.PodSucceeded {
		return rollout.Failure{}
	}
	statuses := slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses)
	var failures []rollout.Failure
	for _, s := range statuses {
		if kind, words := containerFailure(s); kind != rollout.NoFailure {
			failures = append(failures, rollout.Failure{Kind: kind, Detail: fmt.Sprintf("pod %s, container %s: %s", p.Name, s.Name, words)})
		}
	}
	if len(failures) > 0 {
		return worst(failures)
	}
	for _, c := range p.Status.Conditions {
		if c.Type == core.PodScheduled && c.Status == core.ConditionFalse && c.Reason == core.PodReasonUnschedulable {
			return rollout.Failure{Kind: rollout.Unschedulable, Detail: fmt.Sprintf("pod %s: %s", p.Name, c.Message)}
		}
	}
	return notReady(p, statuses)
}

// notReady returns why a pod is not ready where the cluster says more than that it is starting.
func notReady(p core.Pod, statuses []core.ContainerStatus) rollout.Failure {
	for _, s := range statuses {
		if w := s.State.Waiting; w != nil && w.Reason != "" && w.Reason != "ContainerCreating" && w.Reason != "PodInitializing" {
			kind := rollout.NotReady
			if w.Reason == "CreateContainerConfigError" {
				kind = rollout.ConfigMissing // somebody may make it yet
			}
			return rollout.Failure{Kind: kind, Detail: fmt.Sprintf("pod %s, container %s: %s", p.Name, s.Name, said(w.Reason, w.Message))}
		}
		if s.State.Running != nil && !s.Ready && s.Started != nil && *s.Started {
			return rollout.Failure{Kind: rollout.NotReady, Detail: fmt.Sprintf("pod %s, container %s runs but is not ready", p.Name, s.Name)}
		}
	}
	return rollout.Failure{}
}

// containerFailure returns how a container fails and the cluster's words for it.
func containerFailure(s core.ContainerStatus) (rollout.FailureKind, string) {
	for _, t := range []*core.ContainerStateTerminated{s.State.Terminated, s.LastTerminationState.Terminated} {
		if t != nil && t.Reason == "OOMKilled" {
			return rollout.OOMKilled, fmt.Sprintf("killed for lack of memory, %d restarts", s.RestartCount)
		}
	}
	w := s.State.Waiting
	if w == nil {
		return rollout.NoFailure, ""
	}
	words := said(w.Reason, w.Message)
	if w.Reason == "CrashLoopBackOff" {
		if t := s.LastTerminationState.Terminated; t != nil {
			words = fmt.Sprintf("%s (exit code %d, %d restarts)", words, t.ExitCode, s.RestartCount)
		}
		return rollout.CrashLoop, words
	}
	kind := pullFailure(w.Reason, w.Message)
	if kind == rollout.NoFailure {
		return rollout.NoFailure, ""
	}
	return kind, words
}

// said joins a reason and its message.
func said(reason, message string) string {
	return strings.TrimSuffix(reason+": "+message, ": ")
}

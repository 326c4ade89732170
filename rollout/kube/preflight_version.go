package kube

import (
	"slices"
	"strings"
	"unicode"

	core "k8s.io/api/core/v1"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// noticeVersion names the labels and variables by which the pods of a canary to be made say that they are of stable's
// version: only their image is another one.
func (s *start) noticeVersion() []rollout.Problem {
	if s.canary != nil {
		return nil
	}
	canary, version := s.canaryTemplate(), rollout.ShortVersion(s.found().Stable.Image)
	var names []string
	for key, value := range s.stable.Spec.Template.Labels {
		if canary[key] == value && labelTells(key, value, version) {
			names = append(names, "label "+key)
		}
	}
	for _, c := range containersOf(&s.stable.Spec.Template.Spec) {
		for _, v := range c.Env {
			if variableTells(v, version) && slices.Contains(chosen(s.stable, s.r), c.Name) {
				names = append(names, "variable "+v.Name)
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return []rollout.Problem{{
		Code: rollout.ProblemVersionStays, Names: slices.Compact(names),
		Object: object.Ref("Deployment", s.stable.Namespace, s.r.Spec.Objects.Canary),
	}}
}

// labelTells reports whether the label says a version, by its name or by its value.
func labelTells(key, value, version string) bool {
	return key == "app.kubernetes.io/version" || key == "tags.datadoghq.com/version" || isVersion(value, version)
}

// variableTells reports whether the variable itself says a version: one that is taken from elsewhere does not.
func variableTells(v core.EnvVar, version string) bool {
	if v.Name == "OTEL_RESOURCE_ATTRIBUTES" {
		_, is, _ := strings.Cut(v.Value, "service.version=")
		return is != "" && !strings.HasPrefix(is, "$(")
	}
	named := v.Name == "SENTRY_RELEASE" || v.Name == "DD_VERSION" || v.Name == "ELASTIC_APM_SERVICE_VERSION"
	return named && v.Value != "" && !strings.HasPrefix(v.Value, "$(") || isVersion(v.Value, version)
}

// isVersion reports whether the value is the version, written with or without its v. One of a digit or two could mean
// anything.
func isVersion(value, version string) bool {
	version = strings.TrimPrefix(version, "v")
	return strings.TrimPrefix(value, "v") == version && len(version) > 2 && strings.ContainsFunc(version, unicode.IsDigit)
}

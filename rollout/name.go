package rollout

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ServiceName names a service of the configuration. It is a DNS label.
type ServiceName string

// ID names one rollout: SERVICE-N, where N counts per service.
type ID string

// NewID returns the id of the service's n-th rollout.
func NewID(service ServiceName, n int) ID { return ID(fmt.Sprintf("%s-%d", service, n)) }

// Split returns the service and the number that the id is made of; ok is false when it is no rollout's id.
func (id ID) Split() (service ServiceName, n int, ok bool) {
	i := strings.LastIndexByte(string(id), '-')
	if i <= 0 {
		return "", 0, false
	}
	n, err := strconv.Atoi(string(id[i+1:]))
	if err != nil || n <= 0 || ID(id[:i]) == "" || string(id[i+1:]) != strconv.Itoa(n) {
		return "", 0, false
	}
	return ServiceName(id[:i]), n, true
}

// Revision counts the commits of one rollout, for compare-and-swap only. It is never shown to people.
type Revision int64

// Turn counts the questions that a rollout put to people. Buttons carry it.
type Turn int

// DecisionID identifies what came from outside, so that it counts at most once: slack:TRIGGER_ID,
// slack:CHANNEL:TS, api:PIPELINE:KEY or kube:UID:RESOURCEVERSION.
type DecisionID string

var (
	dnsLabel  = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	tagForm   = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	digest    = regexp.MustCompile(`^sha256:[a-f0-9]{64}$`)
	reference = regexp.MustCompile(`^[a-z0-9][a-zA-Z0-9._:/-]*$`)
)

// IsDNSLabel reports whether s may name a service, a namespace or an object that we make.
func IsDNSLabel(s string) bool { return dnsLabel.MatchString(s) }

// isObjectName reports whether s may name any object: labels with dots between them. Nothing else may get into the path of a
// request.
func isObjectName(s string) bool {
	return len(s) <= 253 && !slices.ContainsFunc(strings.Split(s, "."), func(label string) bool { return !IsDNSLabel(label) })
}

// IsRepository reports whether s is an image repository: a reference without tag or digest.
func IsRepository(s string) bool {
	return reference.MatchString(s) && !strings.Contains(s[strings.LastIndexByte(s, '/')+1:], ":") && len(s) <= 255
}

// Why a version is refused.
const (
	ProblemForeignImage ProblemCode = "foreign_image" // Value is the version, Want the repository
	ProblemNotAVersion  ProblemCode = "not_a_version" // Value is what was typed
)

// Image returns the full reference that a version means within the repository. The version is a tag, a digest, a tag with
// its digest, or a full reference, which must lie within the repository. The error is Invalid.
func Image(repository, version string) (string, error) {
	if rest, ok := strings.CutPrefix(version, repository); ok && rest != "" {
		switch {
		case rest[0] == ':' && tagged(rest[1:]), rest[0] == '@' && digest.MatchString(rest[1:]):
			return version, nil
		}
	}
	switch {
	case digest.MatchString(version):
		return repository + "@" + version, nil
	case tagged(version):
		return repository + ":" + version, nil
	case strings.ContainsAny(version, "/"):
		return "", Refuse(Invalid, Problem{Code: ProblemForeignImage, Value: version, Want: repository})
	default:
		return "", Refuse(Invalid, Problem{Code: ProblemNotAVersion, Value: version})
	}
}

// tagged reports whether the text is a tag, alone or with a digest.
func tagged(s string) bool {
	tag, sum, pinned := strings.Cut(s, "@")
	return tagForm.MatchString(tag) && (!pinned || digest.MatchString(sum))
}

// ShortVersion returns what people call an image: its tag, even beside a digest, or the first twelve digits of a digest
// that stands alone.
func ShortVersion(image string) string {
	name, sum, pinned := strings.Cut(image[strings.LastIndexByte(image, '/')+1:], "@")
	if _, tag, ok := strings.Cut(name, ":"); ok {
		return tag
	}
	if pinned {
		sum = strings.TrimPrefix(sum, "sha256:")
		return "sha256:" + sum[:min(12, len(sum))]
	}
	return "latest"
}

package object_test

import (
	"testing"
	"time"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/rollout/kube/object"
)

// entry is a manager's entry in managedFields, so many seconds after the first.
func entry(manager string, second int, fields string) meta.ManagedFieldsEntry {
	at := meta.NewTime(time.Date(2026, 1, 1, 0, 0, second, 0, time.UTC))
	return meta.ManagedFieldsEntry{Manager: manager, Time: &at, FieldsV1: meta.NewFieldsV1(fields)}
}

func TestOwnWrite(t *testing.T) {
	t.Parallel()
	const image, stamp, both = `{"f:spec":{"f:image":{}}}`, `{"f:metadata":{"f:annotations":{"f:canarybot.io/applied":{}}}}`,
		`{"f:spec":{"f:image":{}},"f:metadata":{"f:annotations":{"f:canarybot.io/applied":{}}}}`
	for _, c := range []struct {
		name    string
		entries []meta.ManagedFieldsEntry
		want    bool
	}{
		{"we set it", []meta.ManagedFieldsEntry{entry("helm", 1, `{}`), entry("canarybot", 2, both)}, true},
		{"we set it, and somebody wrote something else since", []meta.ManagedFieldsEntry{entry("canarybot", 2, both), entry("helm", 3, `{}`)}, true},
		{"somebody else set it before we wrote", []meta.ManagedFieldsEntry{entry("helm", 1, image), entry("canarybot", 2, stamp)}, true},
		{"somebody else set it after we wrote", []meta.ManagedFieldsEntry{entry("canarybot", 2, stamp), entry("helm", 3, image)}, false},
		{"somebody else set it in the second in which we wrote", []meta.ManagedFieldsEntry{entry("canarybot", 2, stamp), entry("helm", 2, image)}, false},
		{"somebody else set it, and we never wrote", []meta.ManagedFieldsEntry{entry("helm", 1, image)}, false},
		{"nobody is named, because somebody cleared them", nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := &meta.ObjectMeta{ManagedFields: c.entries}
			if got := object.OwnWrite(o, "f:spec", "f:image"); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
}

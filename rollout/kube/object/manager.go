package object

import (
	"encoding/json"
	"time"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// LastManager returns who last set the field: of the managers that managedFields name as owners, the newest. The path
// is in the notation of FieldsV1, for example "f:spec", "f:replicas". It is empty when there is none.
func LastManager(o meta.Object, path ...string) string {
	last, _ := lastManager(o, path)
	return last
}

// OwnWrite reports whether the field's value comes of a write of ours: we set it, or nobody has since we last wrote to the
// object. The API server notes who asks for a change before admission changes the request, so what a webhook makes of a
// field has the manager of the request, or where the request left the field as it was the one from before. A field that
// has no manager, because somebody cleared them, counts as ours too.
func OwnWrite(o meta.Object, path ...string) bool {
	by, at := lastManager(o, path)
	if by == Manager || by == "" {
		return true
	}
	stamped, when := lastManager(o, []string{"f:metadata", "f:annotations", "f:" + Applied})
	return stamped == Manager && at.Before(when)
}

func lastManager(o meta.Object, path []string) (last string, at time.Time) {
	for _, entry := range o.GetManagedFields() {
		if entry.FieldsV1 == nil || !owns(entry.FieldsV1.GetRawBytes(), path) {
			continue
		}
		var when time.Time
		if entry.Time != nil {
			when = entry.Time.Time
		}
		if last == "" || when.After(at) {
			last, at = entry.Manager, when
		}
	}
	return last, at
}

// owns reports whether the field set holds the path.
func owns(fields []byte, path []string) bool {
	for _, step := range path {
		var level map[string]json.RawMessage
		if err := json.Unmarshal(fields, &level); err != nil {
			return false
		}
		next, ok := level[step]
		if !ok {
			return false
		}
		fields = next
	}
	return true
}

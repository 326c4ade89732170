package object

import (
	"encoding/json"
	"time"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// LastManager returns who last set the field: of the managers that managedFields name as owners, the newest. The path
// is in the notation of FieldsV1, for example "f:spec", "f:replicas". It is empty when there is none.
func LastManager(o meta.Object, path ...string) string {
	var last string
	var at time.Time
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
	return last
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

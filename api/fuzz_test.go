package api_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"canarybot.io/api"
)

func parsed(t testing.TB, body string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// Whatever a body is, it is refused or read as encoding/json reads it without unknown fields: never half, never as another.
func FuzzBody(f *testing.F) {
	for _, body := range []string{
		`{"service":"checkout","version":"v2"}`, `{"service":"checkout","version":"v2","version":"v3"}`, `{"Service":"x"}`, `{"auto":null}`, `[]`,
		`{"service":"checkout","version":"v2"}{}`, "{\"service\":\"\xff\"}", `{"auto":"true"}`, `{"a":{"b":[1,2,{}]}}`, `{"service":"\ud800"}`, `{"service":"a",}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var got, want api.Start
		if api.Decode(body, &got) != nil {
			return
		}
		d := json.NewDecoder(bytes.NewReader(body))
		d.DisallowUnknownFields()
		if err := d.Decode(&want); err != nil || got != want {
			t.Errorf("%s: read as %+v, and encoding/json says %+v, %v", body, got, want, err)
		}
	})
}

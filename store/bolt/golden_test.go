package bolt_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/store/bolt"
)

var update = flag.Bool("update", false, "write what is missing of testdata/*.v1.json")

// TestOldRecordsDecode reads one record of each kind as schema 1 wrote it, with every field set, and finds every
// field again in what would be written today. A field that was renamed or dropped shows here: once released, it must
// go on being read.
func TestOldRecordsDecode(t *testing.T) {
	for bucket, v := range map[string]any{"rollouts": &rollout.Rollout{}, "entries": &rollout.Entry{}, "audit": &rollout.AuditEntry{}} {
		path := filepath.Join("testdata", bucket+".v1.json")
		if _, err := os.Stat(path); *update && err != nil {
			fill(reflect.ValueOf(v).Elem(), 1)
			text, err := json.MarshalIndent(v, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		old, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		now, err := bolt.Recode(bucket, old)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		for _, missing := range lost(parse(t, old), parse(t, now), bucket) {
			t.Errorf("%s: %s is not what it was", path, missing)
		}
	}
}

// fill sets every field to something that is not its zero value. Numbers count up, so that mixed-up fields differ.
func fill(v reflect.Value, n int) {
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = time.Date(2026, 3, 1, 12, 0, n, 0, time.UTC)
		return
	case *rollout.Phase:
		*x = rollout.Phases()[1+n%(len(rollout.Phases())-1)]
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n+i)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), n)
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), n+i)
		}
	case reflect.Map:
		one := reflect.New(v.Type().Elem()).Elem()
		fill(one, n)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key"), one)
	case reflect.String:
		v.SetString(fmt.Sprint("text ", n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(float64(n) + 0.5)
	case reflect.Uint8:
		v.SetUint(uint64(n))
	default:
		v.SetInt(int64(n))
	}
}

func parse(tb testing.TB, text []byte) any {
	tb.Helper()
	var v any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		tb.Fatal(err)
	}
	return v
}

// lost returns the places where now lacks something that old has.
func lost(old, now any, at string) []string {
	switch o := old.(type) {
	case map[string]any:
		n, _ := now.(map[string]any)
		var all []string
		for _, key := range slices.Sorted(maps.Keys(o)) {
			all = append(all, lost(o[key], n[key], at+"."+key)...)
		}
		return all
	case []any:
		n, _ := now.([]any)
		var all []string
		for i := range o {
			if i >= len(n) {
				return append(all, at)
			}
			all = append(all, lost(o[i], n[i], fmt.Sprintf("%s[%d]", at, i))...)
		}
		return all
	}
	if !reflect.DeepEqual(old, now) {
		return []string{at}
	}
	return nil
}

// A decision of before is read: its record was the time alone.
func TestOldDecisionsDecode(t *testing.T) {
	for old, want := range map[string]string{
		`"2026-03-01T12:00:00Z"`:                                `{"at":"2026-03-01T12:00:00Z"}`,
		`{"at":"2026-03-01T12:00:00Z","rollout":"checkout-42"}`: `{"at":"2026-03-01T12:00:00Z","rollout":"checkout-42"}`,
	} {
		now, err := bolt.Recode("decided", []byte(old))
		if err != nil || string(now) != want {
			t.Errorf("%s is read as %s, %v", old, now, err)
		}
	}
}

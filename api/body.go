package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"unicode/utf8"

	"canarybot.io/rollout"
)

// mostBody bounds a body. Each is a few fields.
const mostBody = 64 << 10

// mostText bounds one text in a body: far more than a card shows of it.
const mostText = 1000

// read reads a body into a struct of plain fields. It is strict: an unknown field, a field that is written twice, a wrong
// type, a null and anything behind the object are refused, all that is wrong with fields at once.
func read(w http.ResponseWriter, r *http.Request, into any) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemContentType, Value: r.Header.Get("Content-Type")})
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemBodyTooLarge, Limit: mostBody >> 10})
	case err != nil:
		return malformed("does not arrive whole")
	}
	return decode(raw, into)
}

func malformed(words string) error {
	return rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemBody, Words: words})
}

// decode reads an object.
func decode(raw []byte, into any) error {
	if !utf8.Valid(raw) {
		return malformed("is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return malformed("is not a JSON object")
	}
	fields, seen := fieldsOf(into), map[string]bool{}
	var wrong []FieldError
	for d.More() {
		key, err := d.Token()
		name, ok := key.(string)
		if err != nil || !ok {
			return malformed("is not valid JSON")
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return malformed("is not valid JSON")
		}
		if detail := set(fields[name], value, seen[name]); detail != "" {
			wrong = append(wrong, FieldError{Field: clip(name), Detail: detail})
		}
		seen[name] = true
	}
	if _, err := d.Token(); err != nil {
		return malformed("is not valid JSON")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return malformed("has something behind the object")
	}
	if len(wrong) > 0 {
		return &fieldsError{wrong}
	}
	return nil
}

// fieldsOf returns a struct's fields by their names in JSON.
func fieldsOf(into any) map[string]reflect.Value {
	v := reflect.ValueOf(into).Elem()
	all := map[string]reflect.Value{}
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		all[name] = v.Field(i)
	}
	return all
}

// set sets a field, and returns what is wrong with that.
func set(field reflect.Value, value json.RawMessage, twice bool) string {
	switch {
	case !field.IsValid():
		return "is no field of this request"
	case twice:
		return "is written twice"
	case string(value) == "null" || json.Unmarshal(value, field.Addr().Interface()) != nil:
		return "must be " + kindOf(field)
	case field.Kind() == reflect.String && utf8.RuneCountInString(field.String()) > mostText:
		return "is longer than 1000 characters"
	}
	return ""
}

// kindOf says what a field must be.
func kindOf(field reflect.Value) string {
	switch field.Kind() { //nolint:exhaustive // bodies have these alone
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	default:
		return "text"
	}
}

// clip shortens a field's name, which comes from outside.
func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

package slacksim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxBody is how much of a request is read; Slack's own bound is not documented.
const maxBody = 1 << 20

// args are a call's arguments: strings from a form or query, any JSON value from
// a JSON body.
type args struct {
	values map[string]any
	// bareJSON is set for a JSON body whose content type names no charset.
	bareJSON bool
}

var errFormData = errors.New("invalid_form_data")

// readArgs reads a call's arguments and the token it carries. The error's text is
// the one Slack answers.
func readArgs(r *http.Request) (args, string, error) {
	a := args{values: map[string]any{}}
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	a.addForm(r.URL.Query())
	// Slack takes no tokens from query strings of apps made today.
	delete(a.values, "token")
	if r.Method == http.MethodGet {
		return a, bearer, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return a, bearer, fmt.Errorf("request_timeout: %w", err)
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err != nil && len(body) > 0:
		return a, bearer, errors.New("missing_post_type")
	case kind == "application/json":
		a.bareJSON = params["charset"] == ""
		err = a.addJSON(body)
	case kind == "application/x-www-form-urlencoded":
		form, bad := url.ParseQuery(string(body))
		if bad != nil {
			return a, bearer, errFormData
		}
		a.addForm(form)
		err = nil
	case len(body) > 0:
		err = errors.New("invalid_post_type")
	}
	if err != nil {
		return a, bearer, err
	}
	token, _ := a.values["token"].(string)
	delete(a.values, "token")
	if bearer != "" {
		token = bearer
	}
	return a, token, nil
}

func (a args) addForm(form url.Values) {
	for k, v := range form {
		a.values[k] = v[0]
	}
}

func (a args) addJSON(body []byte) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return errors.New("invalid_json")
	}
	for k, raw := range fields {
		var s string
		switch {
		case string(raw) == "null":
		case json.Unmarshal(raw, &s) == nil:
			a.values[k] = s
		default:
			a.values[k] = raw
		}
	}
	return nil
}

func (a args) has(name string) bool {
	_, ok := a.values[name]
	return ok
}

// text returns a string argument; numbers and booleans in JSON count as their
// spelling.
func (a args) text(name string) string {
	switch v := a.values[name].(type) {
	case string:
		return v
	case json.RawMessage:
		return string(v)
	default:
		return ""
	}
}

func (a args) flag(name string) bool {
	switch a.text(name) {
	case "true", "1":
		return true
	default:
		return false
	}
}

// number returns an integer argument, or fallback when it is absent.
func (a args) number(name string, fallback int) (int, error) {
	s := a.text(name)
	if s == "" {
		return fallback, nil
	}
	return strconv.Atoi(s)
}

// raw returns a structured argument, which forms carry as a JSON string.
func (a args) raw(name string) json.RawMessage { return json.RawMessage(a.text(name)) }

package slacksim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
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

// readArgs reads a call's arguments and the token it carries. The error's text, up
// to a colon, is the one Slack answers.
func readArgs(r *http.Request) (args, string, error) {
	a := args{values: map[string]any{}}
	a.addForm(r.URL.Query())
	delete(a.values, "token") // Slack takes no tokens from the query strings of new apps
	if r.Method != http.MethodGet {
		if err := a.readBody(r); err != nil {
			return a, "", err
		}
	}
	token, _ := a.values["token"].(string)
	delete(a.values, "token")
	if bearer, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); isBearer {
		token = bearer
	}
	return a, token, nil
}

func (a *args) readBody(r *http.Request) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return fmt.Errorf("request_timeout: %w", err)
	}
	if r.Header.Get("Content-Type") == "" && len(body) == 0 {
		return nil
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("missing_post_type: %w", err)
	}
	switch kind {
	case "application/json":
		a.bareJSON = params["charset"] == ""
		return a.addJSON(body)
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return fmt.Errorf("invalid_form_data: %w", err)
		}
		a.addForm(form)
		return nil
	case "multipart/form-data":
		return a.addParts(multipart.NewReader(bytes.NewReader(body), params["boundary"]))
	default:
		return errors.New("invalid_post_type")
	}
}

// addParts reads a multipart form, as clients send it when an argument is a file. Files are for the upload's own address.
func (a *args) addParts(r *multipart.Reader) error {
	form, err := r.ReadForm(maxBody)
	if err != nil {
		return fmt.Errorf("invalid_form_data: %w", err)
	}
	a.addForm(form.Value)
	return form.RemoveAll()
}

func (a *args) addForm(form url.Values) {
	for k, v := range form {
		a.values[k] = v[0]
	}
}

func (a *args) addJSON(body []byte) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return fmt.Errorf("invalid_json: %w", err)
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

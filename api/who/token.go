package who

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"canarybot.io/rollout"
)

// longestToken bounds a token: those of issuers with many groups have some 4 KiB.
const longestToken = 16 << 10

// claims are what a token says, as JSON has it; numbers are json.Number.
type claims map[string]any

// peeked is what a token says of itself, before anybody has checked its signature: only who is to be asked depends on it.
type peeked struct {
	algorithm string
	claims    claims
}

// peek reads a token of an issuer. ok is false where it is no such token at all.
func peek(token string) (p peeked, ok bool, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return p, false, nil
	}
	malformed := rollout.Refuse(rollout.Forbidden, rollout.Problem{Code: ProblemMalformed})
	if len(token) > longestToken {
		return p, true, malformed
	}
	var header struct {
		Algorithm string `json:"alg"`
	}
	if raw, err := base64.RawURLEncoding.DecodeString(parts[0]); err != nil || json.Unmarshal(raw, &header) != nil {
		return p, true, malformed
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		p.claims, err = readClaims(raw)
	}
	if err != nil {
		return p, true, malformed
	}
	p.algorithm = header.Algorithm
	return p, true, nil
}

func readClaims(raw []byte) (claims, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var c claims
	if err := d.Decode(&c); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF || c == nil {
		return nil, io.ErrUnexpectedEOF
	}
	return c, nil
}

// text returns a claim that is text; empty: it is none.
func (c claims) text(name string) string {
	s, _ := c[name].(string)
	return s
}

// values returns a claim's values as they are compared: text as it is, a number with its digits, true or false. A list has
// those of its elements. An object, or null, has none.
func (c claims) values(name string) []string {
	list, ok := c[name].([]any)
	if !ok {
		list = []any{c[name]}
	}
	var all []string
	for _, v := range list {
		switch v := v.(type) {
		case string:
			all = append(all, v)
		case json.Number:
			all = append(all, v.String())
		case bool:
			all = append(all, map[bool]string{true: "true", false: "false"}[v])
		}
	}
	return all
}

// number returns a claim that is a time; zero: it is none.
func (c claims) number(name string) time.Time {
	n, ok := c[name].(json.Number)
	if !ok {
		return time.Time{}
	}
	seconds, err := n.Float64()
	if err != nil {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

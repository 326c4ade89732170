package config

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"canarybot.io/rollout"
)

// text reads a word. ok is false when nothing usable is written; any problem has been added.
func (n node) text() (s string, ok bool) {
	switch {
	case !n.there():
		return "", false
	case n.y.Kind != yaml.ScalarNode:
		n.bad("%s", n.wanted("text"))
		return "", false
	case n.y.Tag != "!!str":
		n.bad("%s; write it in quotes", n.wanted("text"))
		return "", false
	}
	return n.y.Value, true
}

// textOr reads a word that has a default. An empty one is none.
func (n node) textOr(fallback string) string {
	s, ok := n.text()
	switch {
	case !ok:
		return fallback
	case strings.TrimSpace(s) == "":
		n.bad("is empty; write a value, or remove the key")
		return fallback
	}
	return s
}

// label reads the name of an object.
func (n node) label(fallback string) string {
	s, ok := n.text()
	if !ok {
		return fallback
	}
	if !rollout.IsDNSLabel(s) {
		n.bad("%q is not a valid name: use lower-case letters, digits and dashes, at most 63", short(s))
	}
	return s
}

// word reads one word out of a closed set.
func (n node) word(fallback string, known ...string) string {
	s, ok := n.text()
	if !ok {
		return fallback
	}
	if !slices.Contains(known, s) {
		n.bad("%q is unknown%s", short(s), meant(s, known))
		return fallback
	}
	return s
}

// duration reads a duration such as 10m.
func (n node) duration(fallback time.Duration) time.Duration {
	if !n.there() {
		return fallback
	}
	if n.y.Kind == yaml.ScalarNode {
		if d, err := time.ParseDuration(n.y.Value); err == nil { // "0" needs no unit
			if d < 0 {
				n.bad("%s is negative", n.y.Value)
				return fallback
			}
			return d
		}
	}
	n.bad("%s, for example 10m, 90s or 2h", n.wanted("a duration"))
	return fallback
}

// positive reads a duration that is not zero.
func (n node) positive(fallback time.Duration) time.Duration {
	d := n.duration(fallback)
	if n.there() && d == 0 {
		n.bad("0 is not a time to wait; write for example %s", strings.TrimSuffix(fallback.String(), "0s"))
		return fallback
	}
	return d
}

// sizeForm bounds the digits, so that no size overflows.
var sizeForm = regexp.MustCompile(`^([0-9]{1,6})(MiB|GiB)$`)

// size reads a number of bytes such as 256MiB, that is not below the least.
func (n node) size(fallback, least int64) int64 {
	if !n.there() {
		return fallback
	}
	var m []string
	if n.y.Kind == yaml.ScalarNode {
		m = sizeForm.FindStringSubmatch(n.y.Value)
	}
	if m == nil {
		n.bad("%s, for example 256MiB or 1GiB", n.wanted("a size"))
		return fallback
	}
	size, _ := strconv.ParseInt(m[1], 10, 64)
	size <<= map[string]int{"MiB": 20, "GiB": 30}[m[2]]
	if size < least {
		n.bad("%s is too small; write at least %dMiB", n.y.Value, least>>20)
		return fallback
	}
	return size
}

// number reads a finite number.
func (n node) number(fallback float64) float64 {
	if !n.there() {
		return fallback
	}
	if n.y.Kind == yaml.ScalarNode && (n.y.Tag == "!!int" || n.y.Tag == "!!float") {
		var v float64
		if n.y.Decode(&v) == nil && !math.IsNaN(v) && !math.IsInf(v, 0) {
			return v
		}
	}
	n.bad("%s, for example 0.01", n.wanted("a number"))
	return fallback
}

// whole reads an integer.
func (n node) whole(fallback int) int {
	if !n.there() {
		return fallback
	}
	if n.y.Kind == yaml.ScalarNode && n.y.Tag == "!!int" {
		if v, err := strconv.Atoi(n.y.Value); err == nil {
			return v
		}
	}
	n.bad("%s, for example 5", n.wanted("a whole number"))
	return fallback
}

// yes reads a switch.
func (n node) yes() bool {
	if !n.there() {
		return false
	}
	if n.y.Kind != yaml.ScalarNode || n.y.Tag != "!!bool" {
		n.bad("%s", n.wanted("true or false"))
		return false
	}
	return strings.EqualFold(n.y.Value, "true")
}

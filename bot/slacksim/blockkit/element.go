package blockkit

import (
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"
)

// textRule says what kind of text object is allowed somewhere.
type textRule struct {
	max      int
	required bool
	plain    bool // only plain_text is taken there
}

func (c *checker) text(at string, o map[string]any, field string, rule textRule) {
	v, ok := o[field]
	if !ok {
		if rule.required {
			c.missing(at, field)
		}
		return
	}
	t, ok := v.(map[string]any)
	if !ok {
		c.fail(at+"/"+field, "must be a text object")
		return
	}
	c.textObject(at+"/"+field, t, rule)
}

func (c *checker) textObject(at string, t map[string]any, rule textRule) {
	switch kind := t["type"]; {
	case kind == "plain_text":
		c.only(at, t, "type", "text", "emoji")
		c.boolean(at, t, "emoji")
	case kind == "mrkdwn" && !rule.plain:
		c.only(at, t, "type", "text", "verbatim")
		c.boolean(at, t, "verbatim")
	case kind == nil:
		c.missing(at, "type")
	case rule.plain:
		c.fail(at+"/type", "must be one of: plain_text")
	default:
		c.fail(at+"/type", "must be one of: plain_text, mrkdwn")
	}
	if _, ok := t["text"]; !ok {
		c.missing(at, "text")
		return
	}
	c.shortString(at, t, "text", rule.max)
}

// element checks an interactive or image element; other types than those named
// are unsupported there.
func (c *checker) element(at string, e map[string]any, allowed ...string) {
	kind, ok := e["type"].(string)
	rule, fillable := elementRules()[kind]
	switch {
	case !ok:
		c.missing(at, "type")
	case fillable && rule.actions && c.inView() && slices.Contains(allowed, "button"):
		c.filled(at, e, rule)
	case !slices.Contains(allowed, kind):
		c.fail(at+"/type", "unsupported type: %s", kind)
	case kind == "button":
		c.button(at, e)
	case kind == "image":
		c.only(at, e, "type", "image_url", "slack_file", "alt_text")
		c.image(at, e)
	}
}

func (c *checker) button(at string, b map[string]any) {
	c.only(at, b, "type", "text", "action_id", "url", "value", "style", "confirm", "accessibility_label")
	c.text(at, b, "text", textRule{max: maxButtonText, required: true, plain: true})
	c.shortString(at, b, "value", maxButtonValue)
	c.shortString(at, b, "accessibility_label", maxButtonText)
	if link, ok := c.shortString(at, b, "url", maxURL); ok && !webAddress(link) {
		c.fail(at+"/url", "must be a valid URL")
	}
	c.style(at, b)
	c.confirm(at, b)
}

func (c *checker) style(at string, o map[string]any) {
	if style, ok := o["style"]; ok && style != "primary" && style != "danger" {
		c.fail(at+"/style", "must be one of: primary, danger")
	}
}

func (c *checker) confirm(at string, b map[string]any) {
	v, ok := b["confirm"]
	if !ok {
		return
	}
	at += "/confirm"
	d, ok := v.(map[string]any)
	if !ok {
		c.fail(at, "must be an object")
		return
	}
	c.only(at, d, "title", "text", "confirm", "deny", "style")
	c.text(at, d, "title", textRule{max: maxConfirmHead, required: true, plain: true})
	c.text(at, d, "text", textRule{max: maxConfirmText, required: true})
	c.text(at, d, "confirm", textRule{max: maxConfirmWord, required: true, plain: true})
	c.text(at, d, "deny", textRule{max: maxConfirmWord, required: true, plain: true})
	c.style(at, d)
}

// actionID checks an element's action_id and that it is unique in its block.
func (c *checker) actionID(at string, e map[string]any, seen map[string]bool) {
	id, ok := c.shortString(at, e, "action_id", maxID)
	if !ok {
		return
	}
	if seen[id] {
		c.fail(at+"/action_id", "`action_id` must be unique in the block: %s already exists", id)
	}
	seen[id] = true
}

// image checks what image blocks and image elements share.
func (c *checker) image(at string, o map[string]any) {
	if _, ok := o["alt_text"]; !ok {
		c.missing(at, "alt_text")
	}
	c.shortString(at, o, "alt_text", maxAltText)
	c.source(at, o)
}

// downloadable reports whether Slack's servers could have fetched the picture:
// they reach public web addresses only and cannot read webp.
func downloadable(link string) bool {
	u, err := url.Parse(link)
	if err != nil || !webAddress(link) {
		return false
	}
	host := u.Hostname()
	private := host == "localhost" || strings.HasPrefix(host, "127.") || strings.HasPrefix(host, "10.") ||
		strings.HasPrefix(host, "192.168.") || host == "::1" || strings.HasSuffix(host, ".local")
	return !private && path.Ext(u.Path) != ".webp"
}

func webAddress(link string) bool {
	u, err := url.Parse(link)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

func sorted(o map[string]any) []string { return slices.Sorted(maps.Keys(o)) }

// only reports unknown properties of the object, in alphabetical order.
func (c *checker) only(at string, o map[string]any, allowed ...string) {
	for _, field := range sorted(o) {
		if !slices.Contains(allowed, field) {
			c.fail(at, "invalid additional property: %s", field)
		}
	}
}

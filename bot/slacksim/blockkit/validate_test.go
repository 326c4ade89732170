package blockkit_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"canarybot.io/bot/slacksim/blockkit"
)

func text(kind, s string) string {
	b, _ := json.Marshal(map[string]string{"type": kind, "text": s})
	return string(b)
}

func plain(s string) string { return text("plain_text", s) }

func mrkdwn(s string) string { return text("mrkdwn", s) }

func chars(n int) string { return strings.Repeat("é", n) }

func times(n int, item string) string {
	return "[" + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + "]"
}

func section(field string) string { return `[{"type":"section",` + field + `}]` }

func button(fields string) string {
	return `{"type":"button","text":` + plain("Go") + fields + `}`
}

func actions(elements string) string { return `[{"type":"actions","elements":[` + elements + `]}]` }

func confirm(title, body, yes, no string) string {
	return fmt.Sprintf(`,"confirm":{"title":%s,"text":%s,"confirm":%s,"deny":%s}`, title, body, yes, no)
}

func TestValidate(t *testing.T) {
	good := plain("x")
	cases := []struct{ name, blocks, want string }{
		{"a divider", `[{"type":"divider"}]`, ""},
		{"no array", `{}`, "must be an array of blocks [json-pointer:/blocks]"},
		{"50 blocks", times(50, `{"type":"divider"}`), ""},
		{"51 blocks", times(51, `{"type":"divider"}`), "no more than 50 items allowed [json-pointer:/blocks]"},
		{"no type", `[{}]`, "missing required field: type [json-pointer:/blocks/0]"},
		{"a type the bot does not send", `[{"type":"carousel"}]`, "unsupported type: carousel [json-pointer:/blocks/0/type]"},
		{"unknown property", `[{"type":"divider","color":"red"}]`, "invalid additional property: color [json-pointer:/blocks/0]"},
		{"same block id twice", `[{"type":"divider","block_id":"a"},{"type":"divider","block_id":"a"}]`,
			"`block_id` must be unique in the message: a already exists [json-pointer:/blocks/1/block_id]"},
		{"long block id", `[{"type":"divider","block_id":"` + chars(256) + `"}]`, "must be less than 256 characters [json-pointer:/blocks/0/block_id]"},

		{"header", `[{"type":"header","text":` + plain(chars(150)) + `}]`, ""},
		{"long header", `[{"type":"header","text":` + plain(chars(151)) + `}]`, "must be less than 151 characters [json-pointer:/blocks/0/text/text]"},
		{"mrkdwn header", `[{"type":"header","text":` + mrkdwn("x") + `}]`, "must be one of: plain_text [json-pointer:/blocks/0/text/type]"},
		{"header without text", `[{"type":"header"}]`, "missing required field: text [json-pointer:/blocks/0]"},
		{"header level", `[{"type":"header","text":` + good + `,"level":5}]`, "must be between 1 and 4 [json-pointer:/blocks/0/level]"},

		{"section", section(`"text":` + mrkdwn(chars(3000))), ""},
		{"long section", section(`"text":` + mrkdwn(chars(3001))), "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"},
		{"empty text", section(`"text":` + mrkdwn("")), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"},
		{"empty section", `[{"type":"section"}]`, "missing required field: text [json-pointer:/blocks/0]"},
		{"10 fields", section(`"fields":` + times(10, good)), ""},
		{"11 fields", section(`"fields":` + times(11, good)), "no more than 10 items allowed [json-pointer:/blocks/0/fields]"},
		{"long field", section(`"fields":[` + mrkdwn(chars(2001)) + `]`), "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]"},
		{"no fields", section(`"fields":[]`), "no fewer than 1 items allowed [json-pointer:/blocks/0/fields]"},
		{"emoji flag in mrkdwn", section(`"text":{"type":"mrkdwn","text":"x","emoji":true}`), "invalid additional property: emoji [json-pointer:/blocks/0/text]"},
		{"text of another type", section(`"text":{"type":"html","text":"x"}`), "must be one of: plain_text, mrkdwn [json-pointer:/blocks/0/text/type]"},
		{"button beside a section", section(`"text":` + good + `,"accessory":` + button("")), ""},
		{"select beside a section", section(`"text":` + good + `,"accessory":{"type":"static_select"}`), "unsupported type: static_select [json-pointer:/blocks/0/accessory/type]"},

		{"context", `[{"type":"context","elements":` + times(10, mrkdwn("x")) + `}]`, ""},
		{"11 in context", `[{"type":"context","elements":` + times(11, mrkdwn("x")) + `}]`, "no more than 10 items allowed [json-pointer:/blocks/0/elements]"},
		{"button in context", `[{"type":"context","elements":[` + button("") + `]}]`, "unsupported type: button [json-pointer:/blocks/0/elements/0/type]"},

		{"25 buttons", `[{"type":"actions","elements":` + times(25, button("")) + `}]`, ""},
		{"26 buttons", `[{"type":"actions","elements":` + times(26, button("")) + `}]`, "no more than 25 items allowed [json-pointer:/blocks/0/elements]"},
		{"no buttons", actions(""), "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]"},
		{"same action id twice", actions(button(`,"action_id":"a"`) + "," + button(`,"action_id":"a"`)),
			"`action_id` must be unique in the block: a already exists [json-pointer:/blocks/0/elements/1/action_id]"},
		{"long label", actions(`{"type":"button","text":` + plain(chars(76)) + `}`), "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]"},
		{"mrkdwn label", actions(`{"type":"button","text":` + mrkdwn("x") + `}`), "must be one of: plain_text [json-pointer:/blocks/0/elements/0/text/type]"},
		{"value", actions(button(`,"value":"` + chars(2000) + `"`)), ""},
		{"long value", actions(button(`,"value":"` + chars(2001) + `"`)), "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]"},
		{"empty value", actions(button(`,"value":""`)), "must be more than 0 characters [json-pointer:/blocks/0/elements/0/value]"},
		{"value that is a number", actions(button(`,"value":1`)), "must be a string [json-pointer:/blocks/0/elements/0/value]"},
		{"style", actions(button(`,"style":"default"`)), "must be one of: primary, danger [json-pointer:/blocks/0/elements/0/style]"},
		{"url", actions(button(`,"url":"javascript:alert(1)"`)), "must be a valid URL [json-pointer:/blocks/0/elements/0/url]"},
		{"accessibility label", actions(button(`,"accessibility_label":"` + chars(76) + `"`)), "must be less than 76 characters [json-pointer:/blocks/0/elements/0/accessibility_label]"},

		{"confirm", actions(button(confirm(plain(chars(100)), mrkdwn(chars(300)), plain(chars(30)), plain(chars(30))))), ""},
		{"confirm title", actions(button(confirm(plain(chars(101)), good, good, good))), "must be less than 101 characters [json-pointer:/blocks/0/elements/0/confirm/title/text]"},
		{"confirm text", actions(button(confirm(good, mrkdwn(chars(301)), good, good))), "must be less than 301 characters [json-pointer:/blocks/0/elements/0/confirm/text/text]"},
		{"confirm yes", actions(button(confirm(good, good, plain(chars(31)), good))), "must be less than 31 characters [json-pointer:/blocks/0/elements/0/confirm/confirm/text]"},
		{"confirm no", actions(button(confirm(good, good, good, plain(chars(31))))), "must be less than 31 characters [json-pointer:/blocks/0/elements/0/confirm/deny/text]"},
		{"confirm without deny", actions(button(`,"confirm":{"title":` + good + `,"text":` + good + `,"confirm":` + good + `}`)), "missing required field: deny [json-pointer:/blocks/0/elements/0/confirm]"},

		{"image", `[{"type":"image","image_url":"https://example.com/a.png","alt_text":"a graph"}]`, ""},
		{"image without alt text", `[{"type":"image","image_url":"https://example.com/a.png"}]`, "missing required field: alt_text [json-pointer:/blocks/0]"},
		{"image nobody can fetch", `[{"type":"image","image_url":"http://localhost/a.png","alt_text":"x"}]`, "downloading image failed [json-pointer:/blocks/0/image_url]"},
		{"webp", `[{"type":"image","image_url":"https://example.com/a.webp","alt_text":"x"}]`, "downloading image failed [json-pointer:/blocks/0/image_url]"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, p := range blockkit.Validate([]byte(c.blocks), "/blocks") {
				got = append(got, p.String())
			}
			if s := strings.Join(got, "; "); s != c.want {
				t.Errorf("problems = %q, want %q", s, c.want)
			}
		})
	}
}

func TestCompleteKeepsIDsThatAreThere(t *testing.T) {
	n := 0
	fresh := func() string { n++; return fmt.Sprint("id", n) }
	raw := []byte(`[{"type":"divider","block_id":"mine"},{"type":"actions","elements":[` + button(`,"action_id":"go"`) + `,` + button("") + `]}]`)
	got := blockkit.Buttons(blockkit.Complete(raw, fresh))
	if len(got) != 2 || got[0].BlockID != "id1" || got[0].ActionID != "go" || got[1].ActionID != "id2" {
		t.Errorf("buttons = %+v", got)
	}
}

func TestCompleteKeepsTextAsSent(t *testing.T) {
	raw := []byte(section(`"text":` + mrkdwn("<@U1> & co")))
	if got := string(blockkit.Complete(raw, func() string { return "b" })); !strings.Contains(got, `"<@U1> & co"`) {
		t.Errorf("blocks = %s", got)
	}
}

func FuzzValidate(f *testing.F) {
	f.Add([]byte(`[{"type":"section","text":{"type":"mrkdwn","text":"x"}}]`))
	f.Add([]byte(actions(button(confirm(plain("a"), plain("b"), plain("c"), plain("d"))))))
	f.Fuzz(func(t *testing.T, raw []byte) {
		problems := blockkit.Validate(raw, "/blocks")
		_ = blockkit.Plain(raw, blockkit.Names{})
		if len(problems) > 0 {
			return
		}
		if again := blockkit.Validate(blockkit.Complete(raw, func() string { return "x" }), "/blocks"); len(again) > 1 {
			t.Errorf("valid blocks are invalid once complete: %v", again)
		}
	})
}

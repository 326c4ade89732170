package blockkit_test

import (
	"slices"
	"strings"
	"testing"

	"canarybot.io/bot/slacksim/blockkit"
)

func TestPictureHasOneSource(t *testing.T) {
	for source, want := range map[string]string{
		`"slack_file":{"id":"F1"}`:                                   "",
		`"slack_file":{"url":"https://files.example.com/F1"}`:        "",
		`"image_url":"https://example.com/a.png"`:                    "",
		`"title":{"type":"plain_text","text":"none"}`:                "missing required field: image_url",
		`"slack_file":{}`:                                            "missing required field: id",
		`"slack_file":{"id":""}`:                                     "must be more than 0 characters",
		`"slack_file":{"id":"F1","url":"https://example.com"}`:       "only one of id and url",
		`"slack_file":"F1"`:                                          "must be an object",
		`"slack_file":{"id":"F1"},"image_url":"https://example.com"`: "only one of image_url and slack_file",
	} {
		var got string
		for _, p := range blockkit.Validate([]byte(`[{"type":"image","alt_text":"a chart",`+source+`}]`), "") {
			got += p.String()
		}
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
}

func TestSlackFilesAreFoundEverywhere(t *testing.T) {
	got := blockkit.SlackFiles([]byte(`[{"type":"image","slack_file":{"id":"F1"}},
		{"type":"context","elements":[{"type":"image","slack_file":{"url":"https://example.com/F2"}}]},
		{"type":"section","accessory":{"type":"image","slack_file":{"id":"F3"}}}]`), "/blocks")
	want := []blockkit.SlackFile{
		{Pointer: "/blocks/0/slack_file", ID: "F1"},
		{Pointer: "/blocks/1/elements/0/slack_file", URL: "https://example.com/F2"},
		{Pointer: "/blocks/2/accessory/slack_file", ID: "F3"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("files = %+v", got)
	}
}

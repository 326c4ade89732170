package slacksim_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/slack-go/slack"

	"canarybot.io/bot/slacksim"
)

// What a person writes comes as text and, as from Slack's own clients, as one rich_text block.
func TestPeopleWriteRichText(t *testing.T) {
	sim := slacksim.Start(t, withGroups())
	api := newAPI(sim)
	for typed, want := range map[string][]string{
		"good morning":             {"text good morning"},
		"ask @oncall & @sre now":   {"text ask ", "user U00ONCALL1", "text  & ", "usergroup " + oncallGroup, "text  now"},
		"see #general :eyes:":      {"text see ", "channel C0GENERAL1", "text  ", "emoji eyes"},
		"it is 3 < 4 at 10:30:00!": {"text it is 3 < 4 at 10:30:00!"},
		"fine :+1:":                {"text fine ", "emoji +1"},
	} {
		ts := say(t, sim, "#deploys", typed)
		got, err := api.GetConversationHistoryContext(t.Context(), &slack.GetConversationHistoryParameters{ChannelID: deploys, Latest: ts, Inclusive: true, Limit: 1})
		if err != nil || len(got.Messages) != 1 || len(got.Messages[0].Blocks.BlockSet) != 1 {
			t.Fatalf("history = %+v, %v", got, err)
		}
		if words := wordsOf(t, got.Messages[0].Blocks.BlockSet[0]); !slices.Equal(words, want) {
			t.Errorf("%q became %q, want %q", typed, words, want)
		}
	}
}

// wordsOf is each element of a rich_text block: its type, and whatever it carries.
func wordsOf(t *testing.T, b slack.Block) []string {
	t.Helper()
	raw, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	var rich struct {
		Elements []struct {
			Elements []struct {
				Type, Text, Name string
				User             string `json:"user_id"`
				Group            string `json:"usergroup_id"`
				Channel          string `json:"channel_id"`
			}
		}
	}
	if err := json.Unmarshal(raw, &rich); err != nil || len(rich.Elements) != 1 {
		t.Fatalf("block %s: %v", raw, err)
	}
	var words []string
	for _, e := range rich.Elements[0].Elements {
		words = append(words, e.Type+" "+e.Text+e.Name+e.User+e.Group+e.Channel)
	}
	return words
}

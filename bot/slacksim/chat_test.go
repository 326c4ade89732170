package slacksim_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/slack-go/slack"

	"canarybot.io/bot/slacksim"
)

func TestPostUpdateAndHistory(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	api := newAPI(sim)
	ts := postCard(t, api)
	if !regexp.MustCompile(`^\d{10}\.\d{6}$`).MatchString(ts) {
		t.Errorf("ts = %q", ts)
	}
	if _, _, _, err := api.UpdateMessageContext(t.Context(), deploys, ts, slack.MsgOptionText("now at 50 %", false)); err != nil {
		t.Fatal(err)
	}
	m := sim.Messages("#deploys")[0]
	if m.Text != "now at 50 %" || len(m.Buttons()) != 2 {
		t.Errorf("after an update without blocks: %q with %d buttons, want the old blocks kept", m.Text, len(m.Buttons()))
	}
	if _, _, _, err := api.UpdateMessageContext(t.Context(), deploys, ts, slack.MsgOptionText("done", false), slack.MsgOptionBlocks()); err != nil {
		t.Fatal(err)
	}
	m = sim.Messages("#deploys")[0]
	if m.Blocks != nil || m.Edits() != 2 || m.History[0].Text != "checkout v1.2.4" || m.History[1].Text != "now at 50 %" {
		t.Errorf("after an update with empty blocks: %+v", m)
	}
}

func TestGeneratedBlockIDsAreReturned(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	postCard(t, newAPI(sim))
	seen := map[string]bool{}
	for _, b := range sim.Messages("#deploys")[0].Buttons() {
		if b.BlockID == "" {
			t.Errorf("button %q has no block id", b.Label)
		}
		seen[b.BlockID] = true
	}
	if len(seen) != 1 {
		t.Errorf("block ids = %v, want one for the one actions block", seen)
	}
}

func TestMetadataIsKeptReplacedAndCleared(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	api := newAPI(sim)
	meta := func(rollout string) slack.MsgOption {
		return slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "canarybot", EventPayload: map[string]any{"rollout": rollout}})
	}
	ts := post(t, api, slack.MsgOptionText("one", false), meta("checkout-1"))
	stored := func() any {
		m, _ := sim.Message(deploys, ts)
		if m.Metadata == nil {
			return nil
		}
		return m.Metadata.EventPayload["rollout"]
	}
	for _, step := range []struct {
		values url.Values
		want   any
	}{
		{url.Values{"text": {"two"}}, "checkout-1"},
		{url.Values{"text": {"three"}, "metadata": {`{"event_type":"canarybot","event_payload":{"rollout":"checkout-2"}}`}}, "checkout-2"},
		{url.Values{"text": {"four"}, "metadata": {`{}`}}, nil},
	} {
		step.values.Set("channel", deploys)
		step.values.Set("ts", ts)
		if _, got := form(t, sim, "chat.update", step.values); got["ok"] != true {
			t.Fatalf("update = %v", got)
		}
		if got := stored(); got != step.want {
			t.Errorf("after %v: rollout = %v, want %v", step.values, got, step.want)
		}
	}
}

func TestHistoryCarriesMetadataOnlyWhenAsked(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	api := newAPI(sim)
	root := post(t, api, slack.MsgOptionText("root", false),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "canarybot", EventPayload: map[string]any{"seq": "1"}}))
	reply := post(t, api, slack.MsgOptionText("reply", false), slack.MsgOptionTS(root),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "canarybot", EventPayload: map[string]any{"seq": "2"}}))
	broadcast := post(t, api, slack.MsgOptionText("look", false), slack.MsgOptionTS(root), slack.MsgOptionBroadcast())
	for _, all := range []bool{false, true} {
		history, err := api.GetConversationHistoryContext(t.Context(), &slack.GetConversationHistoryParameters{ChannelID: deploys, IncludeAllMetadata: all})
		if err != nil {
			t.Fatal(err)
		}
		if got := history.Messages; len(got) != 2 || got[0].Timestamp != broadcast || got[1].Timestamp != root || got[1].ReplyCount != 2 {
			t.Errorf("history = %+v, want broadcast and root, newest first", got)
		}
		if got := history.Messages[1].Metadata.EventType; (got == "canarybot") != all {
			t.Errorf("include_all_metadata=%v: event_type %q", all, got)
		}
	}
	replies, _, _, err := api.GetConversationRepliesContext(t.Context(), &slack.GetConversationRepliesParameters{ChannelID: deploys, Timestamp: root, IncludeAllMetadata: true})
	if err != nil || len(replies) != 3 || replies[0].Timestamp != root || replies[1].Timestamp != reply || replies[1].Metadata.EventPayload["seq"] != "2" {
		t.Errorf("replies = %+v, %v; want root, reply, broadcast", replies, err)
	}
	if got := sim.Thread("#deploys", root); len(got) != 2 || got[0].Text != "reply" || !got[1].Broadcast {
		t.Errorf("Thread = %+v", got)
	}
}

func TestHistoryHasPages(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	api := newAPI(sim)
	for range 5 {
		post(t, api, slack.MsgOptionText("hello", false))
	}
	var got []string
	cursor := ""
	for {
		part, err := api.GetConversationHistoryContext(t.Context(), &slack.GetConversationHistoryParameters{ChannelID: deploys, Limit: 2, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range part.Messages {
			got = append(got, m.Timestamp)
		}
		if cursor = part.ResponseMetaData.NextCursor; !part.HasMore {
			break
		}
	}
	if len(got) != 5 {
		t.Errorf("messages over all pages = %v, want 5", got)
	}
}

func TestWritingRefused(t *testing.T) {
	channels := []slacksim.Channel{
		{ID: deploys, Name: "deploys", Members: []string{"U00000DEV1"}},
		{ID: "C0OLDNEWS1", Name: "old", Archived: true},
		{ID: "C0PUBLIC01", Name: "public", BotAbsent: true},
		{ID: "G0HIDDEN01", Name: "hidden", Private: true, BotAbsent: true},
	}
	long := strings.Repeat("x", 4001)
	cases := []struct {
		name, method string
		values       url.Values
		want         string
		kind         slacksim.Kind
	}{
		{"no such channel", "chat.postMessage", url.Values{"channel": {"C0NOWHERE1"}, "text": {"x"}}, "channel_not_found", ""},
		{"private channel without the bot", "chat.postMessage", url.Values{"channel": {"G0HIDDEN01"}, "text": {"x"}}, "channel_not_found", ""},
		{"public channel without the bot", "chat.postMessage", url.Values{"channel": {"C0PUBLIC01"}, "text": {"x"}}, "not_in_channel", ""},
		{"archived", "chat.postMessage", url.Values{"channel": {"C0OLDNEWS1"}, "text": {"x"}}, "is_archived", ""},
		{"nothing to say", "chat.postMessage", url.Values{"channel": {deploys}}, "no_text", slacksim.NoText},
		{"blocks that are no array", "chat.postMessage", url.Values{"channel": {deploys}, "text": {"x"}, "blocks": {"{}"}}, "invalid_blocks_format", slacksim.InvalidBlocks},
		{"invalid blocks", "chat.postMessage", url.Values{"channel": {deploys}, "text": {"x"}, "blocks": {`[{"type":"plan"}]`}}, "invalid_blocks", slacksim.InvalidBlocks},
		{"thread that is not there", "chat.postMessage", url.Values{"channel": {deploys}, "text": {"x"}, "thread_ts": {"1.1"}}, "thread_not_found", ""},
		{"metadata that is no JSON", "chat.postMessage", url.Values{"channel": {deploys}, "text": {"x"}, "metadata": {"x"}}, "invalid_metadata_format", slacksim.InvalidMetadata},
		{"metadata without a type", "chat.postMessage", url.Values{"channel": {deploys}, "text": {"x"}, "metadata": {`{"event_payload":{}}`}}, "invalid_metadata_schema", slacksim.InvalidMetadata},
		{"username without its scope", "chat.postMessage", url.Values{"channel": {deploys}, "text": {"x"}, "username": {"root"}}, "missing_scope", slacksim.MissingScope},
		{"update of nothing", "chat.update", url.Values{"channel": {deploys}, "ts": {"1.1"}, "text": {"x"}}, "message_not_found", ""},
		{"update of somebody's message", "chat.update", url.Values{"channel": {deploys}, "ts": {"HUMAN"}, "text": {"x"}}, "cant_update_message", slacksim.ForeignMessage},
		{"update with too long a text", "chat.update", url.Values{"channel": {deploys}, "ts": {"BOT"}, "text": {long}}, "msg_too_long", slacksim.TextTooLong},
		{"ephemeral for somebody elsewhere", "chat.postEphemeral", url.Values{"channel": {deploys}, "user": {"U00ONCALL1"}, "text": {"x"}}, "user_not_in_channel", ""},
		{"permalink of nothing", "chat.getPermalink", url.Values{"channel": {deploys}, "message_ts": {"1.1"}}, "message_not_found", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			sim := slacksim.Start(t, slacksim.Options{Channels: channels})
			if c.kind != "" {
				sim.Expect(c.kind)
			}
			human, err := sim.As("dev").Say(deploys, "", "hello")
			if err != nil {
				t.Fatal(err)
			}
			ts := post(t, newAPI(sim), slack.MsgOptionText("hello", false))
			switch c.values.Get("ts") {
			case "HUMAN":
				c.values.Set("ts", human.TS)
			case "BOT":
				c.values.Set("ts", ts)
			}
			if _, got := form(t, sim, c.method, c.values); got["error"] != c.want {
				t.Errorf("answer = %v, want %s", got, c.want)
			}
		})
	}
}

func TestInvalidBlocksAnswerInSlacksForm(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	sim.Expect(slacksim.InvalidBlocks)
	_, _, err := newAPI(sim).PostMessageContext(t.Context(), deploys, slack.MsgOptionText("x", false),
		slack.MsgOptionBlocks(slack.NewHeaderBlock(plainText(strings.Repeat("x", 151)))))
	refused, ok := errors.AsType[slack.SlackErrorResponse](err)
	want := "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]"
	if !ok || refused.Err != "invalid_blocks" || len(refused.ResponseMetadata.Messages) != 1 || refused.ResponseMetadata.Messages[0] != want {
		t.Errorf("post = %+v, want %q", err, want)
	}
}

func TestBlocksWithoutTextWarn(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	sim.Expect(slacksim.NoNotification)
	post(t, newAPI(sim), slack.MsgOptionBlocks(card("x")...))
}

func TestReplyToAReplyLandsInTheThread(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	sim.Expect(slacksim.ReplyToReply)
	api := newAPI(sim)
	root := post(t, api, slack.MsgOptionText("root", false))
	reply := post(t, api, slack.MsgOptionText("reply", false), slack.MsgOptionTS(root))
	post(t, api, slack.MsgOptionText("reply to it", false), slack.MsgOptionTS(reply))
	if n := len(sim.Thread(deploys, root)); n != 2 {
		t.Errorf("replies = %d, want 2", n)
	}
}

func TestPermalink(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	api := newAPI(sim)
	root := post(t, api, slack.MsgOptionText("root", false))
	reply := post(t, api, slack.MsgOptionText("reply", false), slack.MsgOptionTS(root))
	got, err := api.GetPermalinkContext(t.Context(), &slack.PermalinkParameters{Channel: deploys, Ts: reply})
	want := "https://northwind.slack.com/archives/C0DEPLOYS1/p" + strings.ReplaceAll(reply, ".", "") +
		"?cid=C0DEPLOYS1&thread_ts=" + root
	if err != nil || got != want {
		t.Errorf("permalink = %q, %v; want %q", got, err, want)
	}
}

func TestEphemeralIsSeenByOnePersonAndNotInHistory(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	api := newAPI(sim)
	if _, err := api.PostEphemeralContext(t.Context(), deploys, "U00000DEV1", slack.MsgOptionText("only approvers may", false)); err != nil {
		t.Fatal(err)
	}
	if n := len(sim.Ephemerals("dev")); n != 1 || len(sim.Ephemerals("oncall")) != 0 || len(sim.Messages(deploys)) != 0 {
		t.Errorf("dev sees %d, oncall %d, the channel %d", n, len(sim.Ephemerals("oncall")), len(sim.Messages(deploys)))
	}
}

func TestBlocksValidateNeedsNoTokenAndIsNoViolation(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	body := `{"blocks":"[{\"type\":\"header\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"x\"}}]"}`
	_, got := send(t, sim, "blocks.validate", "application/json; charset=utf-8", body, "")
	raw, _ := json.Marshal(got["errors"])
	want := `[{"code":"failed_constraint","message":"must be one of: plain_text","pointer":"/0/text/type"}]`
	if got["error"] != "invalid_blocks" || string(raw) != want {
		t.Errorf("answer = %v, want %s", got, want)
	}
	_, got = send(t, sim, "blocks.validate", "application/json; charset=utf-8", `{"blocks":[{"type":"divider"}]}`, "")
	if got["ok"] != true {
		t.Errorf("answer = %v, want ok", got)
	}
}

func TestTimestampsAreUniqueWhileTheClockStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		api := newAPI(sim)
		first, second := post(t, api, slack.MsgOptionText("a", false)), post(t, api, slack.MsgOptionText("b", false))
		if first != "946684800.000100" || second != "946684800.000200" {
			t.Errorf("ts = %s, %s", first, second)
		}
	})
}

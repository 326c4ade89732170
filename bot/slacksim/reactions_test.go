package slacksim_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/slack-go/slack"

	"canarybot.io/bot/slacksim"
)

func TestReactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, listening())
		sim.Expect(slacksim.BadArguments)
		api := newAPI(sim)
		ref := slack.NewRefToMessage(deploys, postCard(t, api))
		seen := told(t, sim, func() {
			for range 2 { // the second time is nothing new
				if _, err := sim.As("dev").React(deploys, ref.Timestamp, "eyes"); err != nil {
					t.Error(err)
				}
			}
			wantWord(t, "the first", api.AddReactionContext(t.Context(), "eyes", ref), "")
			wantWord(t, "once more", api.AddReactionContext(t.Context(), "eyes", ref), "already_reacted")
			wantWord(t, "no emoji", api.AddReactionContext(t.Context(), ":eyes:", ref), "invalid_name")
			wantWord(t, "another", api.AddReactionContext(t.Context(), "tada", ref), "")
			wantWord(t, "taken back", api.RemoveReactionContext(t.Context(), "tada", ref), "")
			wantWord(t, "twice", api.RemoveReactionContext(t.Context(), "tada", ref), "no_reaction")
			wantWord(t, "of no message", api.AddReactionContext(t.Context(), "eyes", slack.NewRefToMessage(deploys, "1.000001")), "message_not_found")
		})
		var kinds []string
		for _, e := range seen {
			kinds = append(kinds, e.Event.Type)
		}
		if want := []string{"reaction_added", "reaction_added", "reaction_added", "reaction_removed"}; !slices.Equal(kinds, want) {
			t.Errorf("events = %v, want %v", kinds, want)
		}
		got := sim.Messages(deploys)[0].Reactions
		if len(got) != 1 || got[0].Name != "eyes" || !slices.Equal(got[0].Users, []string{"U00000DEV1", sim.Bot().UserID}) {
			t.Errorf("reactions = %+v", got)
		}
	})
}

// An app hears of a person's file as of a message, and of a reaction that goes; of one that was not theirs it hears nothing.
func TestAppsHearOfFilesAndOfReactionsThatGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, listening())
		var ts string
		seen := told(t, sim, func() {
			out, err := sim.As("dev").Upload(deploys, "", "notes.txt", []byte("what I saw"))
			if err != nil {
				t.Fatal(err)
			}
			ts = out.TS
			_, given := sim.As("dev").React(deploys, ts, "eyes")
			_, others := sim.As("oncall").Unreact(deploys, ts, "eyes")
			_, own := sim.As("dev").Unreact(deploys, ts, "eyes")
			if err := errors.Join(given, others, own); err != nil {
				t.Error(err)
			}
		})
		var kinds []string
		for _, e := range seen {
			kinds = append(kinds, e.Event.Type)
		}
		if want := []string{"message", "reaction_added", "reaction_removed"}; !slices.Equal(kinds, want) {
			t.Errorf("events = %v, want %v", kinds, want)
		}
		if m, ok := sim.Message(deploys, ts); !ok || len(m.Files) != 1 || len(m.Reactions) != 0 {
			t.Errorf("the message is %+v", m)
		}
	})
}

func TestBotDeletesItsOwnMessagesOnly(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{})
	sim.Expect(slacksim.ForeignMessage)
	api := newAPI(sim)
	card, said := postCard(t, api), say(t, sim, "#deploys", "good morning")
	_, _, err := api.DeleteMessageContext(t.Context(), deploys, said)
	wantWord(t, "a person's", err, "cant_delete_message")
	_, _, err = api.DeleteMessageContext(t.Context(), deploys, card)
	wantWord(t, "its own", err, "")
	_, _, err = api.DeleteMessageContext(t.Context(), deploys, card)
	wantWord(t, "what is gone", err, "message_not_found")
	if left := sim.Messages(deploys); len(left) != 1 || left[0].TS != said {
		t.Errorf("left are %+v", left)
	}
}

// Who and what there is, page by page.
func TestLists(t *testing.T) {
	sim := slacksim.Start(t, slacksim.Options{
		Scopes: slacksim.AllScopes(),
		Channels: []slacksim.Channel{
			{ID: deploys, Name: "deploys"},
			{ID: "C0GENERAL1", Name: "general", BotAbsent: true},
			{ID: "C0SECRET01", Name: "secret", Private: true, BotAbsent: true},
			{ID: "C0OPS00001", Name: "ops", Private: true, Members: []string{"U00ONCALL1"}},
			{ID: "C0OLD00001", Name: "old", Archived: true},
		},
	})
	api := newAPI(sim)
	var names []string
	p := slack.GetConversationsParameters{Types: []string{"public_channel", "private_channel"}, Limit: 2}
	for {
		part, next, err := api.GetConversationsContext(t.Context(), &p)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range part {
			names = append(names, c.Name)
		}
		if p.Cursor = next; next == "" {
			break
		}
	}
	if want := []string{"deploys", "general", "ops", "old"}; !slices.Equal(names, want) {
		t.Errorf("channels = %v, want %v", names, want)
	}
	members, _, err := api.GetUsersInConversationContext(t.Context(), &slack.GetUsersInConversationParameters{ChannelID: "C0OPS00001"})
	if want := []string{sim.Bot().UserID, "U00ONCALL1"}; err != nil || !slices.Equal(members, want) {
		t.Errorf("members = %v, %v; want %v", members, err, want)
	}
	if _, _, _, err := api.JoinConversationContext(t.Context(), "C0GENERAL1"); err != nil {
		t.Errorf("conversations.join: %v", err)
	}
	_, _, err = api.PostMessageContext(t.Context(), "C0GENERAL1", slack.MsgOptionText("hello", false))
	wantWord(t, "a message where it joined", err, "")
	_, _, _, err = api.JoinConversationContext(t.Context(), "C0OPS00001")
	wantWord(t, "a private channel", err, "method_not_supported_for_channel_type")
	people, err := api.GetUsersContext(t.Context())
	if err != nil || len(people) != 4 || !people[0].IsBot {
		t.Errorf("users.list = %d, %v; want the bot and three people", len(people), err)
	}
	if u, err := api.GetUserByEmailContext(t.Context(), "dev@northwind.example"); err != nil || u.ID != "U00000DEV1" || u.Profile.Email != "dev@northwind.example" {
		t.Errorf("users.lookupByEmail = %+v, %v", u, err)
	}
	_, err = api.GetUserByEmailContext(t.Context(), "nobody@northwind.example")
	wantWord(t, "nobody's address", err, "users_not_found")
	if team, err := api.GetTeamInfoContext(t.Context()); err != nil || team.Domain != "northwind" {
		t.Errorf("team.info = %+v, %v", team, err)
	}
	if bot, err := api.GetBotInfoContext(t.Context(), slack.GetBotInfoParameters{Bot: sim.Bot().BotID}); err != nil || bot.UserID != sim.Bot().UserID {
		t.Errorf("bots.info = %+v, %v", bot, err)
	}
}

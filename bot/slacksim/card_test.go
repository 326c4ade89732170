package slacksim_test

import (
	"testing"

	"github.com/slack-go/slack"
)

const deploys = "C0DEPLOYS1"

// card is a message like the bot's: a header, a section, and two buttons.
func card(title string) []slack.Block {
	promote := slack.NewButtonBlockElement("promote", "checkout-1/1/promote", plainText("Promote")).WithStyle(slack.StylePrimary)
	abort := slack.NewButtonBlockElement("abort", "checkout-1/1/abort", plainText("Roll back")).WithStyle(slack.StyleDanger)
	abort.Confirm = slack.NewConfirmationBlockObject(plainText("Roll back?"), mrkdwn("All traffic goes to *v1.2.3*."),
		plainText("Roll back"), plainText("Cancel"))
	return []slack.Block{
		slack.NewHeaderBlock(plainText(title)),
		slack.NewSectionBlock(mrkdwn("Asked for by <@U00000DEV1>"), nil, nil),
		slack.NewActionBlock("", promote, abort),
	}
}

func plainText(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

func mrkdwn(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, s, false, false)
}

func postCard(t *testing.T, api *slack.Client) string {
	t.Helper()
	return post(t, api, slack.MsgOptionText("checkout v1.2.4", false), slack.MsgOptionBlocks(card("checkout v1.2.4")...))
}

func post(t *testing.T, api *slack.Client, options ...slack.MsgOption) string {
	t.Helper()
	_, ts, err := api.PostMessageContext(t.Context(), deploys, options...)
	if err != nil {
		t.Fatalf("post: %v", err)
	}
	return ts
}

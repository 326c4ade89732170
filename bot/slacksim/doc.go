// Package slacksim is a strict Slack in memory: the Web API, Socket Mode, response
// URLs and a web page, with people who type commands and press buttons.
//
// It has two uses. In tests it checks the bot: Start serves it in memory, in or
// out of a synctest bubble, people act through As, what they see is read with
// Messages, Thread, Ephemerals and Transcript, and every breach of Slack's
// protocol by the bot is a Violation that fails the test unless it was Expected.
// In the demo it stands in for Slack: Handler serves the page at its root.
//
// A bot reaches it like the real thing, with APIURL or a real address, the tokens
// of Bot, and for the in-memory transport HTTPClient and Dial:
//
//	sim := slacksim.Start(t, slacksim.Options{})
//	api := slack.New(sim.Bot().BotToken,
//		slack.OptionAPIURL(sim.APIURL()),
//		slack.OptionAppLevelToken(sim.Bot().AppToken),
//		slack.OptionHTTPClient(sim.HTTPClient()))
//	dialer := &websocket.Dialer{NetDialContext: sim.Dial, WriteBufferSize: 32 << 10}
//	...
//	got, err := sim.As("dev").Slash("#deploys", "/canary", "deploy checkout v1.2.4")
//
// Time is the clock's (virtual in a bubble), ids are counters and the choice of a
// connection is seeded, so a run can be repeated.
//
// Files go through their three steps and can be shown once Slack has looked at them
// (Timing.Files).
//
// Slack's behaviour is followed where it is documented or was observed; where it
// is neither, the simulator decides and the comment says "our rule".
//
// # What is not simulated
//
// Methods other than those in the table of methods; selects, inputs and pickers in
// messages, and rich text and files to be filled in; every block but section,
// header, context, divider, actions, input and image; attachments; changes to user
// groups by the bot; pins and bookmarks; events other than those of AllEvents;
// conversion of emoji to shortcodes; unfurling; conversations of several people; several workspaces with the app installed; the
// workspace-wide cap on posts and the hourly one on events.
package slacksim

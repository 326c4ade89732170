// Package blockkit validates and reads Slack's Block Kit in messages: it
// validates a blocks array and reports problems in Slack's wording with JSON
// pointers, lists the buttons in it, and renders it and mrkdwn as plain text.
//
// It is pure: bytes in, values out. It knows the blocks a chat bot sends
// (section, header, context, divider, actions with buttons, image, and of the
// newer ones plan, task_card, data_visualization, data_table and rich_text) and
// refuses every other type the way an old workspace would, as "unsupported type".
//
// Where Slack's behaviour is not documented the comment says "our rule".
package blockkit

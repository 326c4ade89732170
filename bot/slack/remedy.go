package slack

import "strings"

// Remedy is what may help after Slack refused a call.
type Remedy int

// The remedies.
const (
	// AnotherMessage: this message, or the thread under it, takes nothing more. A new one may. It is also the remedy for
	// words that nobody knows: waiting for a message that stays as it is helps least.
	AnotherMessage Remedy = iota
	// AnotherChannel: the bot may not write in this channel, or it is gone. The configuration may name another one by now.
	AnotherChannel
	// Permission: the bot itself may not: its token, its scopes, its workspace, or a gateway on the way. A person has to act.
	Permission
	// LaterAgain: Slack's own trouble. The same call may work in a while, and may have worked already.
	LaterAgain
	// Slower: too many calls.
	Slower
	// LessText and PlainText: the message is at fault, and one that is shorter, or without blocks, may be taken.
	LessText
	PlainText
	// OurDefect: the call is at fault, and no try will mend it.
	OurDefect
)

// remedies are Slack's words, as its documents list them for chat.postMessage, chat.update, chat.postEphemeral,
// conversations.* and apps.connections.open, by what helps.
var remedies = map[string]Remedy{
	"edit_window_closed": AnotherMessage, "cant_update_message": AnotherMessage, "message_not_found": AnotherMessage,
	"update_failed": AnotherMessage, "thread_not_found": AnotherMessage, "cannot_reply_to_message": AnotherMessage,
	"restricted_action_thread_locked": AnotherMessage, "thread_locked": AnotherMessage, "user_not_in_channel": AnotherMessage,
	"parent_is_thread_broadcast": AnotherMessage,

	"channel_not_found": AnotherChannel, "not_in_channel": AnotherChannel, "is_archived": AnotherChannel, "is_inactive": AnotherChannel,
	"restricted_action": AnotherChannel, "restricted_action_read_only_channel": AnotherChannel,
	"restricted_action_thread_only_channel": AnotherChannel, "restricted_action_non_threadable_channel": AnotherChannel,
	"restricted_too_many_members": AnotherChannel, "channel_type_not_supported": AnotherChannel,
	"method_not_supported_for_channel_type": AnotherChannel, "messages_tab_disabled": AnotherChannel, "cannot_dm_bot": AnotherChannel,
	"ekm_access_denied": AnotherChannel, "team_not_found": AnotherChannel, "external_channel_migrating": AnotherChannel,

	"invalid_auth": Permission, "not_authed": Permission, "account_inactive": Permission, "token_revoked": Permission,
	"token_expired": Permission, "missing_scope": Permission, "not_allowed_token_type": Permission, "access_denied": Permission,
	"no_permission": Permission, "team_access_not_granted": Permission, "org_login_required": Permission,
	"two_factor_setup_required": Permission, "enterprise_is_restricted": Permission, "app_not_installed": Permission,
	"accesslimited": Permission, "access_limited": Permission, "not_enabled": Permission, "forbidden_team": Permission,
	"link_disabled": Permission, "user_is_restricted": Permission, "invalid_app_id": Permission,

	"internal_error": LaterAgain, "fatal_error": LaterAgain, "request_timeout": LaterAgain, "service_unavailable": LaterAgain,
	"team_added_to_org": LaterAgain, "service_not_available": LaterAgain, "try_again": LaterAgain,

	"ratelimited": Slower, "rate_limited": Slower, "message_limit_exceeded": Slower, "too_many_requests": Slower,
	"too_many_websockets": Slower,

	"msg_too_long": LessText, "text_too_long": LessText,
	"invalid_blocks": PlainText, "invalid_blocks_format": PlainText, "msg_blocks_too_long": PlainText, "invalid_block_id": PlainText,
	"duplicate_block_id": PlainText, "block_mismatch": PlainText, "too_many_blocks": PlainText, "markdown_text_conflict": PlainText,

	"no_text": OurDefect, "invalid_arguments": OurDefect, "invalid_arg_name": OurDefect, "invalid_array_arg": OurDefect,
	"missing_argument": OurDefect, "invalid_charset": OurDefect, "invalid_form_data": OurDefect, "invalid_post_type": OurDefect,
	"missing_post_type": OurDefect, "missing_charset": OurDefect, "superfluous_charset": OurDefect, "invalid_json": OurDefect,
	"json_not_object": OurDefect, "invalid_metadata_format": OurDefect, "invalid_metadata_schema": OurDefect,
	"metadata_too_large": OurDefect, "metadata_must_be_sent_from_app": OurDefect, "as_user_not_supported": OurDefect,
	"too_many_attachments": OurDefect, "too_many_contact_cards": OurDefect, "unknown_method": OurDefect, "method_deprecated": OurDefect,
	"deprecated_endpoint": OurDefect, "invalid_ts_latest": OurDefect, "invalid_ts_oldest": OurDefect, "invalid_cursor": OurDefect,
	"invalid_limit": OurDefect, "slack_connect_file_link_sharing_blocked": OurDefect, "attachment_payload_limit_exceeded": OurDefect,
}

// RemedyFor returns what may help after Slack answered with the word. What a gateway refuses, such as http_403, needs a
// person.
func RemedyFor(code string) Remedy {
	if strings.HasPrefix(code, "http_") {
		return Permission
	}
	return remedies[code]
}

// outcomeOf returns what is known of the effect after an answer with ok:false.
func outcomeOf(code string) Outcome {
	switch RemedyFor(code) {
	case LaterAgain:
		return Lost // what it did before is not known
	case Slower:
		return RateLimited
	case AnotherMessage, AnotherChannel, Permission, LessText, PlainText, OurDefect:
	}
	return Refused
}

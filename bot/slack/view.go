package slack

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// Modal is what is shown in a modal. Its fields are those of the view's modals, so that one converts to the other.
type Modal struct {
	Callback string // by which its submission is known again
	Title    string // at most 24 characters, as Submit and Close
	Submit   string // empty: there is no such button
	Close    string
	Metadata string // comes back as it is; at most 3000 characters
	Blocks   []slack.Block
}

// Shown names a modal that is open, and which of its states.
type Shown struct {
	ID   string
	Hash string // empty: whichever it is
}

// OpenModal shows a modal to whoever did what the trigger id stands for. It must come within three seconds of that.
func (c *Client) OpenModal(ctx context.Context, trigger string, m Modal) (shown Shown, err error) {
	err = c.call(ctx, "views.open", func(ctx context.Context) error {
		answer, err := c.api().OpenViewContext(ctx, trigger, m.request())
		if err == nil {
			shown = Shown{ID: answer.View.ID, Hash: answer.View.Hash}
		}
		return err
	})
	return shown, err
}

// UpdateModal puts another content into a modal, and returns its new state. What was filled in stays where block and action
// are still there. It is refused with hash_conflict where the modal is in another state, and with not_found once it was
// closed.
func (c *Client) UpdateModal(ctx context.Context, on Shown, m Modal) (shown Shown, err error) {
	err = c.call(ctx, "views.update", func(ctx context.Context) error {
		answer, err := c.api().UpdateViewContext(ctx, m.request(), "", on.Hash, on.ID)
		if err == nil {
			shown = Shown{ID: answer.View.ID, Hash: answer.View.Hash}
		}
		return err
	})
	return shown, err
}

// PublishHome puts the blocks on the app's home tab, as the person sees it.
func (c *Client) PublishHome(ctx context.Context, user string, blocks []slack.Block) error {
	return c.call(ctx, "views.publish", func(ctx context.Context) error {
		_, err := c.api().PublishViewContext(ctx, slack.PublishViewContextRequest{
			UserID: user, View: slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: blocks}},
		})
		return err
	})
}

// request is the modal as Slack takes it.
func (m Modal) request() slack.ModalViewRequest {
	text := func(s string) *slack.TextBlockObject {
		if s == "" {
			return nil
		}
		return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: m.Callback, Title: text(m.Title), Submit: text(m.Submit), Close: text(m.Close),
		PrivateMetadata: m.Metadata, Blocks: slack.Blocks{BlockSet: m.Blocks},
	}
}

// View is a modal or a home as a payload has it, as far as it is read.
type View struct {
	ID         string `json:"id"`
	Hash       string `json:"hash"`
	Type       string `json:"type"`
	CallbackID string `json:"callback_id"`
	Metadata   string `json:"private_metadata"`
	State      struct {
		Values map[string]map[string]Value `json:"values"` // by block and action
	} `json:"state"`
}

// Value is what is filled in or chosen in one place.
type Value struct {
	Text    string   `json:"value"`
	Option  *Option  `json:"selected_option"`
	Options []Option `json:"selected_options"`
	Seconds int64    `json:"selected_date_time"` // since 1970
}

// Option is one that was chosen.
type Option struct {
	Value string `json:"value"`
}

// Field returns what is filled in in the block's one element, and that element's action id. Of several options it is the
// first.
func (v View) Field(block string) (action, value string) {
	for action, v := range v.State.Values[block] {
		switch {
		case v.Option != nil:
			return action, v.Option.Value
		case len(v.Options) > 0:
			return action, v.Options[0].Value
		}
		return action, v.Text
	}
	return "", ""
}

// Moment returns the date and time that are chosen in the block's one element; zero: none is.
func (v View) Moment(block string) time.Time {
	for _, v := range v.State.Values[block] {
		if v.Seconds > 0 {
			return time.Unix(v.Seconds, 0).UTC()
		}
	}
	return time.Time{}
}

// Ticked reports whether an option of the block is chosen.
func (v View) Ticked(block, option string) bool {
	for _, v := range v.State.Values[block] {
		for _, o := range v.Options {
			if o.Value == option {
				return true
			}
		}
	}
	return false
}

// Source is a message that a shortcut was used on, as far as it is read. Blocks and attachments are as they came.
type Source struct {
	Text        string          `json:"text"`
	Blocks      json.RawMessage `json:"blocks"`
	Attachments json.RawMessage `json:"attachments"`
}

// Reply is what an ack tells the person, as far as its envelope can carry it: a command's a message, a submission's what
// becomes of the modal, a suggestion's the options. The zero value tells nothing; a submitted modal closes by it.
type Reply struct {
	Message *Message
	// Errors keep the modal open, each under the field of its block.
	Errors map[string]string
	// Modal takes the place of the one that was submitted.
	Modal *Modal
	// Suggested are the options that an external select offers.
	Suggested []*slack.OptionGroupBlockObject
	// Suggests says that nothing suggested is an answer too.
	Suggests bool
}

// IsZero reports whether the reply tells nothing.
func (r Reply) IsZero() bool {
	return r.Message == nil && len(r.Errors) == 0 && r.Modal == nil && len(r.Suggested) == 0 && !r.Suggests
}

// payload is what the ack of an envelope carries; nil: nothing.
func (r Reply) payload(kind string) any {
	switch {
	case kind == TypeCommand && r.Message != nil:
		return map[string]any{"response_type": "ephemeral", "text": r.Message.Text, "blocks": r.Message.Blocks}
	case kind != typeInteraction:
		return nil
	case len(r.Errors) > 0:
		return slack.NewErrorsViewSubmissionResponse(r.Errors)
	case r.Modal != nil:
		return slack.NewUpdateViewSubmissionResponse(new(r.Modal.request()))
	case len(r.Suggested) > 0:
		return slack.OptionGroupsResponse{OptionGroups: r.Suggested}
	case r.Suggests:
		return map[string]any{"options": []any{}}
	}
	return nil
}

// mostWords bounds what is read of a message.
const mostWords = 40_000

// Words returns all that people read in the message, with what attachments and blocks say: many apps say it nowhere else.
func (s Source) Words() string {
	all := []string{s.Text}
	size := len(s.Text)
	for _, raw := range []json.RawMessage{s.Blocks, s.Attachments} {
		var v any
		if json.Unmarshal(raw, &v) == nil {
			all = readable(all, &size, v)
		}
	}
	return strings.Join(all, "\n")
}

// readable appends the texts in blocks and attachments.
func readable(all []string, size *int, v any) []string {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			all = readable(all, size, item)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			text, isText := v[key].(string)
			switch key {
			case "text", "title", "pretext", "footer", "fallback", "author_name":
			case "value":
				isText = isText && v["type"] == nil // an attachment's field, not what a button carries
			default:
				isText = false
			}
			if isText && *size+len(text) < mostWords {
				*size += len(text)
				all = append(all, text)
				continue
			}
			all = readable(all, size, v[key])
		}
	}
	return all
}

package slacksim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"

	"canarybot.io/bot/slacksim/blockkit"
)

// Slack's limits for texts and metadata.
const (
	maxUpdateText = 4000
	maxPostText   = 40000
	maxMetadata   = 8000 // our rule: Slack has a limit but does not say which
)

// content is a message's content.
type content struct {
	text     string
	blocks   json.RawMessage // nil: none
	metadata *Metadata
	// hasBlocks and hasMetadata tell "absent" from "empty": updates keep what is
	// absent and clear what is empty.
	hasBlocks   bool
	hasMetadata bool
}

// readContent takes text, blocks and metadata from a call, validates them as
// Slack does and gives the blocks their ids. The caller holds the lock.
func (s *Sim) readContent(a args, where string) (content, reply) {
	c := content{text: a.text("text"), hasBlocks: a.has("blocks"), hasMetadata: a.has("metadata")}
	if c.hasBlocks {
		blocks, rep := s.readBlocks(a.raw("blocks"), where)
		if rep.err != "" {
			return c, rep
		}
		c.blocks = blocks
	}
	if c.hasMetadata {
		metadata, code := readMetadata(a.raw("metadata"))
		if code != "" {
			s.recordViolation(InvalidMetadata, "%s: %s", where, code)
			return c, refuse(code)
		}
		c.metadata = metadata
	}
	if c.blocks != nil && c.text == "" {
		s.recordViolation(NoNotification, "%s: blocks without text, so notifications say nothing", where)
	}
	return c, reply{}
}

// readBlocks returns the blocks with their ids complete, nil for an empty array,
// or the error to answer.
func (s *Sim) readBlocks(raw json.RawMessage, where string) (json.RawMessage, reply) {
	list, err := blockkit.Decode(raw)
	if err != nil {
		s.recordViolation(InvalidBlocks, "%s: %v", where, err)
		return nil, refuse("invalid_blocks_format")
	}
	if len(list) == 0 {
		return nil, reply{}
	}
	if old := s.tooNew(list); len(old) > 0 {
		return nil, refuseBlocks(old) // the bot could not know, so it is no violation
	}
	problems := append(blockkit.Validate(raw, "/blocks"), s.filesIn(raw, "/blocks")...)
	if len(problems) == 0 && blockkit.TextLength(raw) > blockkit.MaxText {
		s.recordViolation(InvalidBlocks, "%s: the blocks' texts have more than %d characters", where, blockkit.MaxText)
		return nil, refuse("msg_blocks_too_long")
	}
	if len(problems) == 0 {
		return blockkit.Complete(raw, s.shortID), reply{}
	}
	for _, p := range problems {
		s.recordViolation(InvalidBlocks, "%s: %s", where, p)
	}
	return nil, refuseBlocks(problems)
}

func refuseBlocks(problems []blockkit.Problem) reply {
	errs := make([]string, 0, len(problems))
	messages := make([]string, 0, len(problems))
	for _, p := range problems {
		errs = append(errs, p.String())
		messages = append(messages, "[ERROR] "+p.String())
	}
	return reply{err: "invalid_blocks", fields: map[string]any{
		"errors":            errs,
		"response_metadata": map[string]any{"messages": messages},
	}}
}

// SetUnsupported makes the workspace refuse these types of block, as one to which Slack has not brought them yet; none:
// it takes all that the simulator knows.
func (s *Sim) SetUnsupported(types ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unsupported = types
}

// tooNew returns what is wrong with blocks that the workspace does not take yet; the caller holds the lock.
func (s *Sim) tooNew(blocks []map[string]any) (problems []blockkit.Problem) {
	for i, b := range blocks {
		if kind, _ := b["type"].(string); slices.Contains(s.unsupported, kind) {
			problems = append(problems, blockkit.Problem{
				Code: blockkit.FailedConstraint, Message: "unsupported type: " + kind, Pointer: fmt.Sprintf("/blocks/%d/type", i),
			})
		}
	}
	return problems
}

// readMetadata returns the metadata, nil for an empty object, or the error code.
func readMetadata(raw json.RawMessage) (*Metadata, string) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, "invalid_metadata_format"
	}
	if len(fields) == 0 {
		return nil, ""
	}
	if len(raw) > maxMetadata {
		return nil, "metadata_too_large"
	}
	var m Metadata
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil || m.EventType == "" || m.EventPayload == nil {
		return nil, "invalid_metadata_schema"
	}
	return &m, ""
}

// postable checks that new content may become a message, and cuts its text the
// way Slack does.
func (s *Sim) postable(c content, where string) (content, reply) {
	if c.text == "" && c.blocks == nil {
		s.recordViolation(NoText, "%s: neither text nor blocks", where)
		return c, refuse("no_text")
	}
	if utf8.RuneCountInString(c.text) > maxPostText {
		s.recordViolation(TextTooLong, "%s: text was cut at %d characters", where, maxPostText)
		c.text = string([]rune(c.text)[:maxPostText])
	}
	return c, reply{}
}

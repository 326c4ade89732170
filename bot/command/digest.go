package command

import (
	"regexp"
	"strings"
)

// channelForm is what names a channel: its name or its id, with a # or without.
var channelForm = regexp.MustCompile(`^#?[\pL\pN_-]{1,80}$`)

// digest reads digest [CHANNEL].
func (p *parser) digest() *Error {
	word := p.peek()
	if word == "" || !channelForm.MatchString(word) {
		return p.end()
	}
	p.next()
	p.cmd.Channel = "#" + strings.TrimPrefix(word, "#")
	return p.end()
}

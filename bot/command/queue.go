package command

import (
	"strconv"
	"strings"
)

// Move is what somebody wants done with a pending deploy.
type Move string

// The moves.
const (
	Leave Move = "leave" // it is pending no longer
	Jump  Move = "jump"  // it goes ahead of the others
)

// queue reads queue [SERVICE], queue leave NUMBER and queue jump NUMBER.
func (p *parser) queue() *Error {
	move := Move(strings.ToLower(p.peek()))
	if move != Leave && move != Jump {
		err := p.plain()
		p.cmd.Rollout = "" // it is about the service
		return err
	}
	p.next()
	word := p.next()
	number, err := strconv.Atoi(strings.TrimPrefix(word, "#"))
	switch {
	case word == "":
		return p.wrong(MissingValue, string(move), "")
	case err != nil || number < 1:
		return p.wrong(NoPending, word, "")
	}
	p.cmd.Move, p.cmd.Pending = move, number
	return p.end()
}

// at reads when a deploy starts, after --at or --at=.
func (p *parser) at(value string) *Error {
	ahead := line{rest: value + " " + p.rest}
	when, n := ahead.time()
	switch first := ahead.peek(); {
	case first == "":
		return p.wrong(MissingValue, optAt, "")
	case n == 0:
		return p.wrong(NoTime, first, "")
	case p.cmd.At != "":
		return p.wrong(RepeatedOption, optAt, "")
	}
	p.cmd.At = when
	for range n {
		ahead.next()
	}
	p.rest = ahead.rest
	return nil
}

package command

import (
	"slices"
	"strconv"
	"strings"
)

// mostDays bounds how far back a report looks: ten years.
const mostDays = 3660

// report reads report [30d] [SERVICE|TEAM], in any order. A service's name goes before a team's.
func (p *parser) report() *Error {
	for {
		word := strings.ToLower(p.peek())
		team, _ := strings.CutPrefix(word, teamPrefix)
		days, isSpan := daysOf(word)
		_, _, isService := p.target(word)
		free := p.cmd.Service == "" && p.cmd.Team == ""
		switch {
		case isSpan && !isService && p.cmd.Days == 0:
			p.next()
			p.cmd.Days = days
		case free && !isService && slices.Contains(p.known.Teams, team):
			p.next()
			p.cmd.Team = team
		case word == "" || !free:
			return p.end()
		default:
			if err := p.service(); err != nil {
				return err
			}
			p.cmd.Rollout = "" // it is about the service
		}
	}
}

// daysOf reads how far back, in days or weeks: 30d, 4w.
func daysOf(word string) (int, bool) {
	if len(word) < 2 {
		return 0, false
	}
	n, err := strconv.Atoi(word[:len(word)-1])
	if weeks := word[len(word)-1] == 'w'; weeks {
		n *= 7
	} else if word[len(word)-1] != 'd' {
		return 0, false
	}
	return n, err == nil && n > 0 && n <= mostDays
}

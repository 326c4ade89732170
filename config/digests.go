package config

import (
	"slices"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/calendar"
)

// longestPeriod is how far a digest may look back: no digest comes more rarely than once a year.
const longestPeriod = 366 * 24 * time.Hour

// readDigests reads which channels are told when how rollouts went.
func readDigests(n node, zone *time.Location, services map[rollout.ServiceName]rollout.Service) []calendar.Digest {
	var all []calendar.Digest
	for _, item := range n.items(`[{schedule: "0 9 * * MON", channel: "#releases"}]`) {
		d := readDigest(item.fields("schedule", "zone", "channel", "services", "teams", "period"), zone, services)
		if slices.ContainsFunc(all, func(o calendar.Digest) bool { return o.Key() == d.Key() }) {
			item.bad("this digest is written twice: one with its schedule, channel, services and teams stands above it")
		}
		all = append(all, d)
	}
	return all
}

func readDigest(f fields, zone *time.Location, services map[rollout.ServiceName]rollout.Service) calendar.Digest {
	schedule, channel, period := f.at("schedule"), f.at("channel"), f.at("period")
	d := calendar.Digest{Channel: readChannel(channel), Scopes: readScopes(f, services)}
	if period.there() {
		d.Period = period.positive(7 * 24 * time.Hour)
	}
	if d.Period > longestPeriod {
		period.bad("%s is more than a digest looks back: 8784h, a year, is the most", d.Period)
	}
	if f.there() && !channel.there() {
		channel.bad(`is missing; write where it is posted, for example "#releases"`)
	}
	if f.there() && !schedule.there() {
		schedule.bad(`is missing; write a cron expression, for example "0 9 * * MON"`)
	}
	expression, ok := schedule.text()
	in := readZone(f.at("zone"), zone)
	if !ok {
		return d
	}
	var err error
	if d.Schedule, err = calendar.ReadSchedule(in, expression); err != nil {
		schedule.bad("%s", cronProblem(rollout.ProblemOf(err)))
	}
	return d
}

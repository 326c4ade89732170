package calendar

import "time"

// wall returns what the clocks of the zone show, as a time in UTC: there it can be counted with, for no hour of UTC is
// missing or comes twice.
func wall(t time.Time, zone *time.Location) time.Time {
	_, offset := t.In(zone).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// reading says how often clocks show a time.
type reading int

const (
	once  reading = iota
	never         // they are put forward over it
	twice         // they are put back behind it
)

// instant returns when the clocks of the zone show the time: the first moment, where that is twice; where it is never, the
// one at which they are put forward.
func instant(shown time.Time, zone *time.Location) (time.Time, reading) {
	_, before := shown.Add(-24 * time.Hour).In(zone).Zone()
	_, after := shown.Add(24 * time.Hour).In(zone).Zone()
	early := shown.Add(-time.Duration(before) * time.Second).In(zone)
	late := shown.Add(-time.Duration(after) * time.Second).In(zone)
	isEarly, isLate := wall(early, zone).Equal(shown), wall(late, zone).Equal(shown)
	switch {
	case isEarly && isLate && !early.Equal(late):
		return early, twice
	case isEarly:
		return early, once
	case isLate:
		return late, once
	}
	forward, _ := early.ZoneBounds()
	return forward.In(zone), never
}

// midnight returns the beginning of the day of the moment in the zone, so many days later.
func midnight(t time.Time, zone *time.Location, days int) time.Time {
	y, m, d := t.In(zone).Date()
	begin, _ := instant(time.Date(y, m, d+days, 0, 0, 0, 0, time.UTC), zone)
	return begin
}

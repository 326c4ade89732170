package chart

import (
	"bytes"
	"cmp"
	"errors"
	"image/color"
	"image/png"
	"slices"
	"strings"

	"canarybot.io/bot/view"
)

// A picture is twice as wide as a phone shows it.
const (
	width       = 720
	textSize    = 22.0
	lineHeight  = 30.0
	margin      = 20.0
	plotHeight  = 190.0
	leftOfPlot  = 112.0 // has the numbers of the axis
	rightOfPlot = 200.0 // has the lines' names
	barHeight   = 20.0
	gap         = 12.0 // between a title and what is below it
	marksMost   = 4
)

// The colours, each dark enough to be read on paper. None of them says anything that a word or a stroke does not.
var (
	paper = color.RGBA{255, 255, 255, 255}
	ink   = color.RGBA{29, 28, 29, 255}
	grid  = color.RGBA{221, 221, 221, 255}
)

// strokes are those of the series, in their order: canary, stable, limit.
func strokes() []stroke {
	return []stroke{
		{color: color.RGBA{172, 62, 10, 255}, width: 5},
		{color: color.RGBA{18, 100, 163, 255}, width: 4, dash: []float64{16, 10}},
		{color: color.RGBA{97, 96, 97, 255}, width: 3, dash: []float64{2, 8}},
	}
}

// PNG draws a picture.
func PNG(p view.Picture) ([]byte, error) {
	if len(p.Charts) == 0 {
		return nil, errors.New("there is no chart to draw")
	}
	height := margin
	for _, c := range p.Charts {
		height += heightOf(c)
	}
	on, err := newCanvas(width, int(height))
	if err != nil {
		return nil, err
	}
	top := margin
	for _, c := range p.Charts {
		on.draw(c, top)
		top += heightOf(c)
	}
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&out, on.img); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// heightOf is how much of a picture a chart takes.
func heightOf(c view.Chart) float64 {
	plot := plotHeight
	if c.Shape == view.Bars {
		plot = float64(len(c.Labels)) * barsHeight(c)
	}
	return 2*lineHeight + gap + plot + margin // a title above, the axis below
}

// barsHeight is how much a label with its bars takes.
func barsHeight(c view.Chart) float64 { return lineHeight + float64(len(c.Series))*(barHeight+6) + 8 }

// draw draws one chart from top on.
func (c *canvas) draw(chart view.Chart, top float64) {
	c.text(chart.Title, point{margin, top + lineHeight/2}, toRight, width-2*margin)
	top += lineHeight + gap
	if chart.Shape == view.Bars {
		c.bars(chart, top)
		return
	}
	c.lines(chart, top)
}

// lines draws values over one axis.
func (c *canvas) lines(chart view.Chart, top float64) {
	var values []float64
	for _, s := range chart.Series {
		values = append(values, s.Values...)
	}
	up := axis{first: top + plotHeight, last: top}
	up.low, up.high = between(values)
	along := axis{first: leftOfPlot, last: width - rightOfPlot}
	places := placesOf(chart)
	along.low, along.high = slices.Min(places), slices.Max(places)
	if along.high <= along.low {
		along.high = along.low + 1
	}
	for _, v := range up.marks(marksMost) {
		c.line(stroke{color: grid, width: 1}, point{along.first, up.at(v)}, point{along.last, up.at(v)})
		c.text(withUnit(short(v), chart.Unit), point{along.first - 10, up.at(v)}, toLeft, leftOfPlot-10)
	}
	c.below(chart, along, up.first+lineHeight*0.7)
	var ends []end
	for i, s := range chart.Series {
		if last, ok := c.series(chart, s, strokes()[i%len(strokes())], along, up); ok {
			ends = append(ends, last)
		}
	}
	for _, e := range apart(ends, top, up.first) {
		c.text(e.text, point{along.last + 14, e.y}, toRight, rightOfPlot-14)
	}
}

// below writes what lies along the axis: its numbers where the places have some, and what they are.
func (c *canvas) below(chart view.Chart, along axis, y float64) {
	if len(chart.At) == 0 {
		c.text(chart.Across, point{along.first, y}, toRight, along.last-along.first)
		return
	}
	for _, v := range along.marks(marksMost) {
		c.text(short(v), point{along.at(v), y}, centered, rightOfPlot)
	}
	c.text(chart.Across, point{along.last + 14, y}, toRight, rightOfPlot-14)
}

// end is the name of a line, at its end.
type end struct {
	text string
	y    float64
}

// series draws one line, and returns what its end is called; ok is false where it has no value.
func (c *canvas) series(chart view.Chart, s view.Series, how stroke, along, up axis) (last end, ok bool) {
	var way []point
	for i, x := range placesOf(chart) {
		if i >= len(s.Values) {
			break
		}
		v, is := number(s.Values[i])
		if !is {
			continue
		}
		here := point{along.at(x), up.at(v)}
		if chart.Shape == view.Steps && len(way) > 0 {
			way = append(way, point{here.x, way[len(way)-1].y})
		}
		way = append(way, here)
		last, ok = end{text: s.Name + " " + withUnit(short(v), chart.Unit), y: here.y}, true
	}
	if len(way) == 1 { // one value is a dot
		way = append(way, point{way[0].x + 0.1, way[0].y})
	}
	c.line(how, way...)
	return last, ok
}

// placesOf returns where the labels lie along the axis.
func placesOf(chart view.Chart) []float64 {
	if len(chart.At) > 0 {
		return chart.At
	}
	places := make([]float64, max(len(chart.Labels), 1))
	for i := range places {
		places[i] = float64(i)
	}
	return places
}

// apart moves names from each other, each as little as needed, between the ends of the plot.
func apart(ends []end, top, bottom float64) []end {
	slices.SortStableFunc(ends, func(a, b end) int { return cmp.Compare(a.y, b.y) })
	for i := range ends {
		if i > 0 {
			ends[i].y = max(ends[i].y, ends[i-1].y+lineHeight)
		}
		ends[i].y = max(ends[i].y, top)
	}
	for i := len(ends) - 1; i >= 0; i-- {
		ends[i].y = min(ends[i].y, bottom-float64(len(ends)-1-i)*lineHeight)
	}
	return ends
}

// bars draws a bar for each value, side by side below their label: the first series filled, the others as lines of their
// own stroke, and 100 % as a limit.
func (c *canvas) bars(chart view.Chart, top float64) {
	values := []float64{0, 100}
	for _, s := range chart.Series {
		values = append(values, s.Values...)
	}
	along := axis{first: margin, last: width - rightOfPlot}
	_, along.high = between(values)
	bottom := top + float64(len(chart.Labels))*barsHeight(chart)
	for i, label := range chart.Labels {
		y := top + float64(i)*barsHeight(chart)
		c.text(label, point{along.first, y + lineHeight/2}, toRight, width-2*margin)
		y += lineHeight
		for j, s := range chart.Series {
			if i >= len(s.Values) {
				continue
			}
			v, ok := number(s.Values[i])
			if !ok {
				continue
			}
			c.bar(strokes()[j%len(strokes())], along, v, y)
			c.text(s.Name+" "+withUnit(short(v), chart.Unit), point{along.last + 14, y + barHeight/2}, toRight, rightOfPlot-14)
			y += barHeight + 6
		}
	}
	limit := along.at(100)
	c.line(strokes()[2], point{limit, top + lineHeight/2}, point{limit, bottom})
	c.text("limit", point{limit, bottom + lineHeight/2}, centered, rightOfPlot)
}

// bar draws one bar: filled where its stroke is drawn through, else its outline.
func (c *canvas) bar(how stroke, along axis, v, y float64) {
	right := max(along.at(max(v, 0)), along.first+2)
	if len(how.dash) == 0 {
		c.box(how.color, point{along.first, y}, point{right, y + barHeight})
		return
	}
	how.width = 3
	c.line(how, point{along.first, y}, point{right, y}, point{right, y + barHeight}, point{along.first, y + barHeight}, point{along.first, y})
}

// withUnit puts the unit behind a number.
func withUnit(number, unit string) string { return strings.TrimSpace(number + " " + unit) }

package chart

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// point is a place on the canvas, in pixels from its upper left corner.
type point struct{ x, y float64 }

// stroke is how a line looks. Dash are the lengths that are drawn and left out in turn; none: it is drawn through.
type stroke struct {
	color color.Color
	width float64
	dash  []float64
}

// canvas is what is drawn on.
type canvas struct {
	img  *image.RGBA
	face font.Face
}

// newCanvas returns an empty canvas. The font is part of the program: an error is a defect.
func newCanvas(width, height int) (*canvas, error) {
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, err
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: textSize, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return nil, err
	}
	c := &canvas{img: image.NewRGBA(image.Rect(0, 0, width, height)), face: face}
	draw.Draw(c.img, c.img.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	return c, nil
}

// line draws through the points.
func (c *canvas) line(s stroke, points ...point) {
	shape := vector.NewRasterizer(c.img.Rect.Dx(), c.img.Rect.Dy())
	for _, piece := range dashed(points, s.dash) {
		addPiece(shape, piece[0], piece[1], s.width/2)
	}
	shape.Draw(c.img, c.img.Bounds(), image.NewUniform(s.color), image.Point{})
}

// dashed cuts the way through the points into the pieces that are drawn.
func dashed(points []point, dash []float64) (pieces [][2]point) {
	at, left := 0, math.Inf(1) // which length it is, and how much is left of it
	if len(dash) > 0 {
		left = dash[0]
	}
	for i := 1; i < len(points); i++ {
		from, to := points[i-1], points[i]
		for length := math.Hypot(to.x-from.x, to.y-from.y); length > 0; length = math.Hypot(to.x-from.x, to.y-from.y) {
			part := min(left/length, 1)
			end := point{from.x + (to.x-from.x)*part, from.y + (to.y-from.y)*part}
			if at%2 == 0 {
				pieces = append(pieces, [2]point{from, end})
			}
			from, left = end, left-length*part
			if part == 1 {
				break
			}
			at++
			left = dash[at%len(dash)]
		}
	}
	return pieces
}

// addPiece adds a straight piece with round ends: its corners, all in the same direction.
func addPiece(shape *vector.Rasterizer, from, to point, half float64) {
	const corners = 8 // of each end
	ahead := math.Atan2(to.y-from.y, to.x-from.x)
	for i := range 2 * corners {
		center := to
		if i >= corners {
			center = from
		}
		turn := ahead - math.Pi/2 + math.Pi*float64(i%corners)/(corners-1) + math.Pi*float64(i/corners)
		x, y := float32(center.x+half*math.Cos(turn)), float32(center.y+half*math.Sin(turn))
		if i == 0 {
			shape.MoveTo(x, y)
		} else {
			shape.LineTo(x, y)
		}
	}
	shape.ClosePath()
}

// box fills a rectangle.
func (c *canvas) box(fill color.Color, from, to point) {
	area := image.Rect(int(from.x), int(from.y), int(math.Ceil(to.x)), int(math.Ceil(to.y)))
	draw.Draw(c.img, area, image.NewUniform(fill), image.Point{}, draw.Src)
}

// align says on which side of its place a text stands.
type align int

const (
	toRight align = iota
	toLeft
	centered
)

// text writes one line whose middle is at the place, cut to so many pixels.
func (c *canvas) text(s string, at point, a align, most float64) {
	s = c.fit(s, most)
	switch width := c.width(s); a {
	case toLeft:
		at.x -= width
	case centered:
		at.x -= width / 2
	case toRight:
	}
	d := font.Drawer{
		Dst: c.img, Src: image.NewUniform(ink), Face: c.face,
		Dot: fixed.P(int(math.Round(at.x)), int(math.Round(at.y+0.35*textSize))),
	}
	d.DrawString(s)
}

// width is how many pixels a text takes.
func (c *canvas) width(s string) float64 { return float64(font.MeasureString(c.face, s)) / 64 }

// fit cuts a text to so many pixels.
func (c *canvas) fit(s string, most float64) string {
	if c.width(s) <= most {
		return s
	}
	runes := []rune(s)
	for len(runes) > 0 && c.width(string(runes)+"…") > most {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

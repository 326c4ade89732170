package page

import (
	"cmp"
	"errors"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// colours is how many a picture of the docs has: one byte says which, and nobody sees the difference in text.
const colours = 256

// lighten rewrites the pictures in a folder, and the README's above it, with the colours that each has most of.
func lighten(folder string) error {
	paths, err := filepath.Glob(filepath.Join(folder, "*.png"))
	if err != nil {
		return err
	}
	for _, path := range append(paths, filepath.Join(folder, "..", "card.png")) {
		if err := lightenOne(path); err != nil {
			return err
		}
	}
	return nil
}

func lightenOne(path string) (err error) {
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	full, err := png.Decode(from)
	if err != nil {
		return err
	}
	few := image.NewPaletted(full.Bounds(), commonest(full))
	near := map[color.Color]uint8{} // what was looked up
	for y := full.Bounds().Min.Y; y < full.Bounds().Max.Y; y++ {
		for x := full.Bounds().Min.X; x < full.Bounds().Max.X; x++ {
			c := full.At(x, y)
			at, known := near[c]
			if !known {
				at = uint8(few.Palette.Index(c))
				near[c] = at
			}
			few.SetColorIndex(x, y, at)
		}
	}
	to, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	return (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(to, few)
}

// commonest returns the colours that a picture has most of. Those alike count as one, the commonest of them, so that no
// shade of grey in the text takes the place of what is small and coloured.
func commonest(full image.Image) color.Palette {
	counts := map[color.Color]int{}
	for y := full.Bounds().Min.Y; y < full.Bounds().Max.Y; y++ {
		for x := full.Bounds().Min.X; x < full.Bounds().Max.X; x++ {
			counts[full.At(x, y)]++
		}
	}
	all := slices.SortedFunc(maps.Keys(counts), func(a, b color.Color) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(number(a, 0), number(b, 0)))
	})
	var few color.Palette
	had := map[uint64]bool{}
	for _, c := range all {
		if alike := number(c, 12); !had[alike] && len(few) < colours {
			had[alike] = true
			few = append(few, c)
		}
	}
	return few
}

// number tells colours apart, but for so many of the lowest of their 16 bits.
func number(c color.Color, without int) uint64 {
	r, g, b, a := c.RGBA()
	return uint64(r>>without)<<48 | uint64(g>>without)<<32 | uint64(b>>without)<<16 | uint64(a>>without)
}

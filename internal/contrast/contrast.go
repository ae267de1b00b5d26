// Package contrast computes how well a text stands out from its ground, as WCAG 2.2 defines it:
// https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
package contrast

import (
	"fmt"
	"image/color"
	"math"
	"regexp"
)

// Palette is what the colour roles of a style sheet look like in one theme, by their names
// without the dashes.
type Palette map[string]color.RGBA

// Ratio is the contrast of two opaque colours: 1 for equal ones, 21 for black on white.
func Ratio(a, b color.RGBA) float64 {
	lighter, darker := luminance(a), luminance(b)
	if lighter < darker {
		lighter, darker = darker, lighter
	}
	return (lighter + 0.05) / (darker + 0.05)
}

// luminance is how bright a colour appears, from 0 to 1.
// https://www.w3.org/TR/WCAG22/#dfn-relative-luminance
func luminance(c color.RGBA) float64 {
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// linear takes the gamma of sRGB off one of its values.
func linear(value uint8) float64 {
	v := float64(value) / 255
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// Read finds the custom properties of a style sheet that hold a colour for each theme.
func Read(css string) (light, dark Palette) {
	role := regexp.MustCompile(`--([a-z-]+):\s*light-dark\(\s*(#[0-9a-fA-F]+)\s*,\s*(#[0-9a-fA-F]+)\s*\)`)
	light, dark = Palette{}, Palette{}
	for _, found := range role.FindAllStringSubmatch(css, -1) {
		day, dayErr := parse(found[2])
		night, nightErr := parse(found[3])
		if dayErr == nil && nightErr == nil {
			light[found[1]], dark[found[1]] = day, night
		}
	}
	return light, dark
}

// parse reads #rgb and #rrggbb; what is see-through has no contrast of its own.
func parse(hex string) (color.RGBA, error) {
	c, format, unit := color.RGBA{A: 255}, "#%02x%02x%02x", uint8(1)
	switch len(hex) {
	case len("#rgb"):
		format, unit = "#%1x%1x%1x", 17
	case len("#rrggbb"):
	default:
		return c, fmt.Errorf("%s is no opaque colour", hex)
	}
	if _, err := fmt.Sscanf(hex, format, &c.R, &c.G, &c.B); err != nil {
		return c, fmt.Errorf("reading the colour %s: %w", hex, err)
	}
	c.R, c.G, c.B = c.R*unit, c.G*unit, c.B*unit
	return c, nil
}

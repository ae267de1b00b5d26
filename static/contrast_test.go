package static

import (
	"fmt"
	"image/color"
	"math"
	"os"
	"regexp"
	"testing"
)

// The contrasts that WCAG 2.2 AA asks for: criteria 1.4.3 for text, 1.4.11 for everything else
// that has to be told apart.
const (
	textContrast = 4.5
	markContrast = 3
)

// palette is what the colour roles look like in one theme, by their names without the dashes.
type palette map[string]color.RGBA

func TestColoursAreToldApartInBothThemes(t *testing.T) {
	t.Parallel()
	css, err := os.ReadFile("css/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark := palettes(t, string(css))
	for _, pair := range []struct {
		mark, ground string
		least        float64
	}{
		{"text", "ground", textContrast},
		{"text", "ground-raised", textContrast},
		{"text", "ground-hover", textContrast},
		{"text-quiet", "ground", textContrast},
		{"text-quiet", "ground-raised", textContrast},
		{"text-quiet", "ground-sunken", textContrast},
		{"text-quiet", "ground-hover", textContrast},
		{"link", "ground", textContrast},
		{"link", "warning-ground", textContrast},
		{"link", "danger-ground", textContrast},
		{"on-accent", "accent", textContrast},
		{"on-accent", "accent-hover", textContrast},
		{"on-danger", "danger", textContrast},
		{"on-danger", "danger-hover", textContrast},
		{"danger", "ground", textContrast},
		{"danger", "ground-raised", textContrast},
		{"danger", "danger-ground", textContrast},
		{"success", "success-ground", textContrast},
		{"warning", "warning-ground", textContrast},
		{"info", "info-ground", textContrast},
		{"line-control", "ground", markContrast},
		{"line-control", "ground-raised", markContrast},
		{"focus", "ground", markContrast},
		{"focus", "ground-raised", markContrast},
		{"success-mark", "ground", markContrast},
		{"danger-mark", "ground", markContrast},
		{"warning-mark", "ground", markContrast},
		{"info-mark", "ground", markContrast},
	} {
		for theme, colours := range map[string]palette{"light": light, "dark": dark} {
			mark, marked := colours[pair.mark]
			ground, grounded := colours[pair.ground]
			if !marked || !grounded {
				t.Errorf("%s theme: no opaque colour for %s or %s", theme, pair.mark, pair.ground)
				continue
			}
			if got := contrast(mark, ground); got < pair.least {
				t.Errorf("%s theme: %s on %s has a contrast of %.2f, want at least %.1f", theme, pair.mark, pair.ground, got, pair.least)
			}
		}
	}
}

func TestContrastIsThatOfWCAG(t *testing.T) {
	t.Parallel()
	grey := func(value uint8) color.RGBA { return color.RGBA{R: value, G: value, B: value, A: 255} }
	tests := map[string]struct {
		a, b color.RGBA
		want float64
	}{
		"black on white":                      {grey(0), grey(255), 21},
		"white on black":                      {grey(255), grey(0), 21},
		"a colour on itself":                  {grey(255), grey(255), 1},
		"the grey that just passes on white":  {grey(0x76), grey(255), 4.54},
		"the grey that just fails on white":   {grey(0x77), grey(255), 4.48},
		"red, of which little light comes":    {color.RGBA{R: 255, A: 255}, grey(255), 4.00},
		"nearly black, where gamma is a line": {grey(10), grey(0), 1.06},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := contrast(tt.a, tt.b); math.Abs(got-tt.want) > 0.005 {
				t.Errorf("contrast() = %.3f, want %.2f", got, tt.want)
			}
		})
	}
}

// palettes reads the custom properties that hold a colour for each theme. One that is
// see-through in either has no contrast of its own and is left out.
func palettes(t *testing.T, css string) (light, dark palette) {
	t.Helper()
	role := regexp.MustCompile(`--([a-z-]+): light-dark\((#(?:[0-9a-f]{3}){1,2}), (#(?:[0-9a-f]{3}){1,2})\);`)
	light, dark = palette{}, palette{}
	for _, found := range role.FindAllStringSubmatch(css, -1) {
		light[found[1]], dark[found[1]] = parseColour(t, found[2]), parseColour(t, found[3])
	}
	return light, dark
}

// parseColour reads #rgb and #rrggbb.
func parseColour(t *testing.T, hex string) color.RGBA {
	t.Helper()
	c, format, unit := color.RGBA{A: 255}, "#%02x%02x%02x", uint8(1)
	if len(hex) == len("#rgb") {
		format, unit = "#%1x%1x%1x", 0x11
	}
	if _, err := fmt.Sscanf(hex, format, &c.R, &c.G, &c.B); err != nil {
		t.Fatalf("reading the colour %s: %v", hex, err)
	}
	c.R, c.G, c.B = c.R*unit, c.G*unit, c.B*unit
	return c
}

// contrast is how well two opaque colours stand out from each other: 1 for equal ones, 21 for
// black on white. https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
func contrast(a, b color.RGBA) float64 {
	lighter, darker := max(luminance(a), luminance(b)), min(luminance(a), luminance(b))
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

package contrast

import (
	"image/color"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRatio(t *testing.T) {
	t.Parallel()
	black, white := color.RGBA{A: 255}, color.RGBA{R: 255, G: 255, B: 255, A: 255}
	tests := map[string]struct {
		a, b color.RGBA
		want float64
	}{
		"black on white":                      {black, white, 21},
		"white on black":                      {white, black, 21},
		"a colour on itself":                  {white, white, 1},
		"the grey that just passes on white":  {color.RGBA{R: 0x76, G: 0x76, B: 0x76, A: 255}, white, 4.54},
		"the grey that just fails on white":   {color.RGBA{R: 0x77, G: 0x77, B: 0x77, A: 255}, white, 4.48},
		"red, of which little light comes":    {color.RGBA{R: 255, A: 255}, white, 4.00},
		"nearly black, where gamma is a line": {color.RGBA{R: 10, G: 10, B: 10, A: 255}, black, 1.06},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Ratio(tt.a, tt.b); math.Abs(got-tt.want) > 0.005 {
				t.Errorf("Ratio() = %.3f, want %.2f", got, tt.want)
			}
		})
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	css := `:root { --text: light-dark(#26242b, #ECECEF); --ground:light-dark(#fff,#18171d);
		--shadow: 0 1px light-dark(#26242b26, #000); --veil: light-dark(#26242b26, #00000080); --glass: light-dark(#fff, #00000080); --small: .8125rem }`
	light, dark := Read(css)
	wantLight := Palette{"text": {R: 0x26, G: 0x24, B: 0x2b, A: 255}, "ground": {R: 255, G: 255, B: 255, A: 255}}
	wantDark := Palette{"text": {R: 0xec, G: 0xec, B: 0xef, A: 255}, "ground": {R: 0x18, G: 0x17, B: 0x1d, A: 255}}
	if diff := cmp.Diff(wantLight, light); diff != "" {
		t.Errorf("by day (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantDark, dark); diff != "" {
		t.Errorf("by night (-want +got):\n%s", diff)
	}
}

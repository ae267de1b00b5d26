package main

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestReportNamesWhatNothingUses(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"views/a.templ":    {Data: []byte(`<p class="used also-used" data-kind="x">`)},
		"views/a_templ.go": {Data: []byte(`"generated-only"`)},
		"views/kind.go":    {Data: []byte(`const kind = "from-go"`)},
		"static/js/app.js": {Data: []byte(`e.classList.add("from-script")`)},
		"static/css/a.css": {Data: []byte(`/* .commented { } */ .used, .from-go > .from-script { color: #abc; margin: .5rem }
			@media (width < 40rem) { .also-used[data-kind] .gone:hover { } #nowhere { } } .generated-only { }
			@layer base.nobody { .used { } }`)},
	}
	var out strings.Builder
	if err := report(&out, files); err != nil {
		t.Fatal(err)
	}
	want := `static/css/a.css: nothing has gone: .also-used[data-kind] .gone:hover
static/css/a.css: nothing has nowhere: #nowhere
static/css/a.css: nothing has generated-only: .generated-only
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

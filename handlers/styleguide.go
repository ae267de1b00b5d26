package handlers

import (
	"net/http"

	"gitlab-agent-portal/internal/contrast"
	"gitlab-agent-portal/views"
)

// The contrasts that WCAG 2.2 AA asks for: criteria 1.4.3 for text, 1.4.11 for everything else
// that has to be told apart.
const (
	textContrast = 4.5
	markContrast = 3
)

// styleguide shows the components that the pages are made of.
func (h *Handlers) styleguide(w http.ResponseWriter, r *http.Request) error {
	p := h.page(w, r, printer(r).T("titles.styleguide"))
	m := views.StyleguideModel{URL: h.urls.Styleguide(), Colours: colourPairs(h.Assets.Text("app.css"))}
	return h.render(w, r, http.StatusOK, views.StyleguidePage(p, m), views.StyleguideDialog(p))
}

// colourPairs are the roles that stand on each other, with their contrasts in css.
func colourPairs(css string) []views.ColourPair {
	pairs := []views.ColourPair{
		{Mark: "text", Ground: "ground", Least: textContrast},
		{Mark: "text", Ground: "ground-raised", Least: textContrast},
		{Mark: "text", Ground: "ground-hover", Least: textContrast},
		{Mark: "text-quiet", Ground: "ground", Least: textContrast},
		{Mark: "text-quiet", Ground: "ground-raised", Least: textContrast},
		{Mark: "text-quiet", Ground: "ground-sunken", Least: textContrast},
		{Mark: "text-quiet", Ground: "ground-hover", Least: textContrast},
		{Mark: "link", Ground: "ground", Least: textContrast},
		{Mark: "link", Ground: "warning-ground", Least: textContrast},
		{Mark: "link", Ground: "danger-ground", Least: textContrast},
		{Mark: "on-accent", Ground: "accent", Least: textContrast},
		{Mark: "on-accent", Ground: "accent-hover", Least: textContrast},
		{Mark: "on-danger", Ground: "danger", Least: textContrast},
		{Mark: "on-danger", Ground: "danger-hover", Least: textContrast},
		{Mark: "danger", Ground: "ground", Least: textContrast},
		{Mark: "danger", Ground: "ground-raised", Least: textContrast},
		{Mark: "danger", Ground: "danger-ground", Least: textContrast},
		{Mark: "success", Ground: "success-ground", Least: textContrast},
		{Mark: "warning", Ground: "warning-ground", Least: textContrast},
		{Mark: "info", Ground: "info-ground", Least: textContrast},
		{Mark: "line-control", Ground: "ground", Least: markContrast},
		{Mark: "line-control", Ground: "ground-raised", Least: markContrast},
		{Mark: "focus", Ground: "ground", Least: markContrast},
		{Mark: "focus", Ground: "ground-raised", Least: markContrast},
		{Mark: "success-mark", Ground: "ground", Least: markContrast},
		{Mark: "danger-mark", Ground: "ground", Least: markContrast},
		{Mark: "warning-mark", Ground: "ground", Least: markContrast},
		{Mark: "info-mark", Ground: "ground", Least: markContrast},
	}
	light, dark := contrast.Read(css)
	for i, pair := range pairs {
		pairs[i].Light = contrast.Ratio(light[pair.Mark], light[pair.Ground])
		pairs[i].Dark = contrast.Ratio(dark[pair.Mark], dark[pair.Ground])
	}
	return pairs
}

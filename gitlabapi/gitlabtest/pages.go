package gitlabtest

import (
	"bytes"
	"embed"
	"html/template"
)

//go:embed pages
var pageFiles embed.FS

// parsePages reads the server's few HTML pages, which share a layout and a stylesheet.
func parsePages() *template.Template {
	return template.Must(template.ParseFS(pageFiles, "pages/*.gohtml"))
}

// render makes an answer of the page.
func (c *call) render(status int, page string, view any) Answer {
	var body bytes.Buffer
	if err := c.pages.ExecuteTemplate(&body, page, view); err != nil {
		panic("gitlabtest: " + err.Error()) // the pages are part of the package
	}
	return htmlAnswer(status, body.Bytes()).with("Cache-Control", "no-store")
}

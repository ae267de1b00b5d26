package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// credit goes with the drawings, as their license asks.
const credit = "<!-- Icons: GitLab SVGs, Copyright (c) 2011-present GitLab Inc., MIT License -->"

// sprite returns one SVG with a symbol for every icon that the file list names, one name a
// line, out of the drawings in folder.
func sprite(files fs.FS, list, folder string) ([]byte, error) {
	names, err := fs.ReadFile(files, list)
	if err != nil {
		return nil, fmt.Errorf("reading the list of icons: %w", err)
	}
	var out bytes.Buffer
	out.WriteString(`<svg xmlns="http://www.w3.org/2000/svg">` + credit)
	for name := range strings.FieldsSeq(string(names)) {
		content, err := fs.ReadFile(files, path.Join(folder, name+".svg"))
		if err != nil {
			return nil, fmt.Errorf("icon %s: %w", name, err)
		}
		if err := writeSymbol(&out, name, content); err != nil {
			return nil, fmt.Errorf("icon %s: %w", name, err)
		}
	}
	out.WriteString("</svg>")
	return out.Bytes(), nil
}

// writeSymbol appends the drawing in svg as the symbol name.
func writeSymbol(out *bytes.Buffer, name string, svg []byte) error {
	var drawing struct {
		XMLName xml.Name `xml:"svg"`
		ViewBox string   `xml:"viewBox,attr"`
		Inner   string   `xml:",innerxml"`
	}
	if err := xml.Unmarshal(svg, &drawing); err != nil {
		return fmt.Errorf("reading the drawing: %w", err)
	}
	if drawing.ViewBox == "" {
		return fmt.Errorf("the drawing has no viewBox")
	}
	_, err := fmt.Fprintf(out, `<symbol id="%s" viewBox="%s">%s</symbol>`, name, drawing.ViewBox, drawing.Inner)
	return err
}

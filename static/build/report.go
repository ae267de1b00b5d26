package main

import (
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"
)

// report writes one line for each selector of the styles that names a class, an id or an
// attribute that neither the templates nor the scripts have. It is to be read by a person: some
// names are put together, and some are htmx's.
func report(out io.Writer, files fs.FS) error {
	users, err := concatenate(files, "views/*.templ", "views/*.go", "internal/portal/demo/*.templ", "static/js/*.js")
	if err != nil {
		return err
	}
	known := make(map[string]bool)
	for _, word := range regexp.MustCompile(`[A-Za-z][\w-]*`).FindAllString(users, -1) {
		known[word] = true
	}
	sheets, err := fs.Glob(files, "static/css/*.css")
	if err != nil {
		return fmt.Errorf("looking for style sheets: %w", err)
	}
	for _, sheet := range sheets {
		css, err := fs.ReadFile(files, sheet)
		if err != nil {
			return fmt.Errorf("reading a style sheet: %w", err)
		}
		if _, err := io.WriteString(out, unused(sheet, string(css), known)); err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
	}
	return nil
}

// unused lists the selectors of a style sheet with names that nobody knows.
func unused(sheet, css string, known map[string]bool) string {
	css = regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(css, "")
	name := regexp.MustCompile(`[.#\[]([A-Za-z][\w-]*)`)
	var lines strings.Builder
	for _, rule := range regexp.MustCompile(`([^{};]+)\{`).FindAllStringSubmatch(css, -1) {
		selector := strings.Join(strings.Fields(rule[1]), " ")
		if strings.HasPrefix(selector, "@") {
			continue
		}
		for _, found := range name.FindAllStringSubmatch(selector, -1) {
			if !known[found[1]] {
				fmt.Fprintf(&lines, "%s: nothing has %s: %s\n", sheet, found[1], selector)
			}
		}
	}
	return lines.String()
}

// concatenate returns the content of all files that match one of the patterns, but for what templ
// generates from the others.
func concatenate(files fs.FS, patterns ...string) (string, error) {
	var all strings.Builder
	for _, pattern := range patterns {
		paths, err := fs.Glob(files, pattern)
		if err != nil {
			return "", fmt.Errorf("looking for %s: %w", pattern, err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_templ.go") {
				continue
			}
			content, err := fs.ReadFile(files, path)
			if err != nil {
				return "", fmt.Errorf("reading what uses the styles: %w", err)
			}
			all.Write(content)
			all.WriteByte('\n')
		}
	}
	return all.String(), nil
}

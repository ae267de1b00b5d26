package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// bundle returns entry, a script or a style sheet below root, with all it imports in one
// minified file. The styles keep their source form where a browser of today understands it.
func bundle(root, entry string) ([]byte, error) {
	absolute, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", root, err)
	}
	result := api.Build(api.BuildOptions{
		AbsWorkingDir:     absolute,
		EntryPoints:       []string{entry},
		Bundle:            true,
		Format:            format(entry),
		Target:            target(entry),
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		LegalComments:     api.LegalCommentsNone,
		LogLevel:          api.LogLevelSilent,
	})
	if problems := append(result.Errors, result.Warnings...); len(problems) > 0 {
		return nil, errors.New(strings.Join(api.FormatMessages(problems, api.FormatMessagesOptions{}), "\n"))
	}
	return result.OutputFiles[0].Contents, nil
}

// format wraps a script so that none of its names become global; styles have no such form.
func format(entry string) api.Format {
	if filepath.Ext(entry) == ".js" {
		return api.FormatIIFE
	}
	return api.FormatDefault
}

// target is ES2022 for scripts. Styles are left as they are written: lowering light-dark() and
// nesting would double their size for browsers that the portal does not support.
func target(entry string) api.Target {
	if filepath.Ext(entry) == ".js" {
		return api.ES2022
	}
	return api.ESNext
}

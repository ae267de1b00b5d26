// Command build bundles the portal's scripts, styles and icons into static/dist, from where
// package static embeds them. It is run from the top of the repository, after npm ci:
//
//	go run ./static/build
//
// With -report it builds nothing and lists the rules of the styles that nothing uses.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

func main() {
	reports := flag.Bool("report", false, "list the rules of the styles that nothing uses")
	flag.Parse()
	if *reports {
		if err := report(os.Stdout, os.DirFS(".")); err != nil {
			fmt.Fprintln(os.Stderr, "reading the styles:", err)
			os.Exit(1)
		}
		return
	}
	if err := build("."); err != nil {
		fmt.Fprintln(os.Stderr, "building the assets:", err)
		os.Exit(1)
	}
}

// build makes the assets of the repository at root.
func build(root string) error {
	files := os.DirFS(root)
	script, scriptErr := bundle(root, "static/js/app.js")
	style, styleErr := bundle(root, "static/css/app.css")
	icons, iconsErr := sprite(files, "static/icons/icons.txt", "node_modules/@gitlab/svgs/dist/sprite_icons")
	favicon, faviconErr := fs.ReadFile(files, "static/icons/favicon.svg")
	if err := cmp.Or(scriptErr, styleErr, iconsErr, faviconErr); err != nil {
		return err
	}
	return write(filepath.Join(root, "static", "dist"), map[string][]byte{
		"app.js":      script,
		"app.css":     style,
		"icons.svg":   icons,
		"favicon.svg": favicon,
	})
}

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tree writes files below a new folder and returns it.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// project is a small repository with something of everything.
func project(t *testing.T) string {
	t.Helper()
	return tree(t, map[string]string{
		"static/js/app.js":                                     `import { greeting } from "./greeting.js"; console.log(greeting);`,
		"static/js/greeting.js":                                `export const greeting = "hello";`,
		"static/css/app.css":                                   "@layer base;\n@import \"base.css\" layer(base);",
		"static/css/base.css":                                  "a { color: light-dark(red, blue); }",
		"static/icons/icons.txt":                               "key\nlock\n",
		"static/icons/favicon.svg":                             "<svg/>",
		"static/dist/.gitkeep":                                 "",
		"static/dist/app.old.css":                              "stale",
		"node_modules/@gitlab/svgs/dist/sprite_icons/key.svg":  `<svg width="16" viewBox="0 0 16 16" xmlns="http://www.w3.org/2000/svg"><path d="M1 1"/></svg>`,
		"node_modules/@gitlab/svgs/dist/sprite_icons/lock.svg": `<svg viewBox="0 0 14 14" xmlns="http://www.w3.org/2000/svg"><path d="M2 2"/></svg>`,
		"node_modules/@gitlab/svgs/dist/sprite_icons/x.svg":    `<svg viewBox="0 0 14 14"><path d="M3 3"/></svg>`,
	})
}

func TestBuild(t *testing.T) {
	t.Parallel()
	root := project(t)
	if err := build(root); err != nil {
		t.Fatal(err)
	}
	dist := filepath.Join(root, "static", "dist")
	names := map[string]string{}
	if err := json.Unmarshal([]byte(read(t, filepath.Join(dist, "manifest.json"))), &names); err != nil {
		t.Fatal(err)
	}
	wants := map[string]string{
		"app.js":      `"hello";console.log(`,
		"app.css":     "light-dark(red,blue)",
		"icons.svg":   `<symbol id="key" viewBox="0 0 16 16"><path d="M1 1"/></symbol><symbol id="lock" viewBox="0 0 14 14"><path d="M2 2"/></symbol></svg>`,
		"favicon.svg": "<svg/>",
	}
	for name, want := range wants {
		content := read(t, filepath.Join(dist, names[name]))
		if !strings.Contains(content, want) {
			t.Errorf("%s is %q, want %q in it", name, content, want)
		}
		if compressed := read(t, filepath.Join(dist, names[name]+".gz")); !strings.HasPrefix(compressed, "\x1f\x8b") {
			t.Errorf("%s has no compressed copy", name)
		}
	}
	if _, err := os.Stat(filepath.Join(dist, "app.old.css")); !os.IsNotExist(err) {
		t.Error("an earlier build is still there")
	}
	if _, err := os.Stat(filepath.Join(dist, ".gitkeep")); err != nil {
		t.Error("the file that keeps the folder in the repository is gone")
	}
}

func TestNamesFollowTheContent(t *testing.T) {
	t.Parallel()
	first, second := hashedName("app.css", []byte("a")), hashedName("app.css", []byte("b"))
	if first == second || !strings.HasPrefix(first, "app.") || !strings.HasSuffix(first, ".css") {
		t.Errorf("hashedName() = %q and %q, want two different app.….css", first, second)
	}
}

func TestBuildSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ file, content, want string }{
		"a script that does not parse":      {"static/js/greeting.js", "export const = ;", "static/js/greeting.js:1"},
		"a style that does not parse":       {"static/css/base.css", "a { color }", "static/css/base.css:1"},
		"an icon that GitLab does not have": {"static/icons/icons.txt", "unicorn", "icon unicorn"},
		"an icon that is no drawing":        {"node_modules/@gitlab/svgs/dist/sprite_icons/key.svg", "<html></html>", "icon key"},
		"an icon without measures":          {"node_modules/@gitlab/svgs/dist/sprite_icons/key.svg", "<svg></svg>", "icon key: the drawing has no viewBox"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := project(t)
			if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(test.file)), []byte(test.content), 0o644); err != nil {
				t.Fatal(err)
			}
			err := build(root)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("build() = %v, want %q in it", err, test.want)
			}
			if read(t, filepath.Join(root, "static", "dist", "app.old.css")) != "stale" {
				t.Error("a failed build removed the earlier one")
			}
		})
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

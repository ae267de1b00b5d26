package portal

import (
	"errors"
	"os"
	"strings"
	"unicode"
)

const invisibleCharacter = "a control character, or another that cannot be seen"

// isInvisible says whether a character of a setting is there without anybody seeing it, as what
// comes along when text is copied.
func isInvisible(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

// readLine returns what a file holds in place of a variable, judged like one; ok is false if a
// problem was added.
func (p *problems) readLine(variable, name string) (line string, ok bool) {
	return p.read(variable, name, isInvisible)
}

// readLines is readLine for a file of several lines.
func (p *problems) readLines(variable, name string) (text string, ok bool) {
	return p.read(variable, name, func(r rune) bool { return isInvisible(r) && !strings.ContainsRune("\r\n\t", r) })
}

func (p *problems) read(variable, name string, refuse func(rune) bool) (string, bool) {
	content, err := os.ReadFile(name) //nolint:gosec // the operator names the file
	if err != nil {
		p.add(variable, "names a file that cannot be read: "+errors.Unwrap(err).Error())
		return "", false
	}
	text := strings.TrimSpace(string(content))
	switch {
	case text == "":
		p.add(variable, "names an empty file")
	case strings.ContainsFunc(text, refuse):
		p.add(variable, "names a file with "+invisibleCharacter)
	default:
		return text, true
	}
	return "", false
}

package i18n

import "strings"

// Sentences puts sentences one behind the other. A Chinese full stop brings its own space.
func (p *Printer) Sentences(all ...string) string {
	return strings.Join(all, p.either(" ", ""))
}

// List puts names one behind the other, as within a sentence.
func (p *Printer) List(names []string) string {
	return strings.Join(names, p.either(", ", "、"))
}

// either is what stands between two things in the printer's language.
func (p *Printer) either(english, chinese string) string {
	if p.lang == Chinese {
		return chinese
	}
	return english
}

package i18n

import (
	"slices"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Lang is a language of the portal, as a BCP 47 tag.
type Lang string

// The languages of the portal.
const (
	English Lang = "en"
	Chinese Lang = "zh-CN"
)

// Match picks the language for a person: the one they chose (the value of the language
// cookie), else the best for the browser's Accept-Language, else English.
func Match(cookie, acceptLanguage string) Lang {
	for _, lang := range languages() {
		if cookie == string(lang) {
			return lang
		}
	}
	if lang, known := matched().Get(acceptLanguage); known {
		return lang
	}
	lang := match(acceptLanguage)
	if len(acceptLanguage) <= maxMatchedBytes {
		matched().Add(acceptLanguage, lang)
	}
	return lang
}

func match(acceptLanguage string) Lang {
	wanted, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil || len(wanted) == 0 {
		return English
	}
	_, index, _ := matcher().Match(wanted...)
	return languages()[index]
}

// Printer speaks one language. It never changes and is safe for concurrent use.
type Printer struct {
	lang     Lang
	tag      language.Tag
	messages map[string]message
	// jihu speaks the same language about an instance of JiHu GitLab.
	jihu *Printer
}

// For returns the printer of a language, English for one that the portal does not speak.
func For(lang Lang) *Printer {
	all := printers()
	if p, ok := all[lang]; ok {
		return p
	}
	return all[English]
}

// JiHu is the printer of the same language that calls the instance by the name that JiHu's own
// pages give it: 极狐GitLab in Chinese.
func (p *Printer) JiHu() *Printer { return p.jihu }

// Lang is the language that p speaks, for the lang attribute.
func (p *Printer) Lang() Lang { return p.lang }

// T is the text with the given id. The arguments are names and values in turn, for the
// places {{.Name}} in the text: T("agents.title", "Project", "shop"). An unknown id comes
// back as it is, so that a mistake is seen instead of a gap; a test keeps it from happening.
func (p *Printer) T(id string, args ...any) string {
	m, ok := p.messages[id]
	if !ok {
		return id
	}
	return m.other.fill(args)
}

// Parts is the text with the given id in pieces, for markup around the values: names that
// people chose are set apart, as they may run from right to left.
func (p *Printer) Parts(id string, args ...any) []Part {
	m, ok := p.messages[id]
	if !ok {
		return []Part{{Text: id}}
	}
	return m.other.parts(args)
}

// N is the text with the given id in the plural form for count, which stands at {{.Count}}.
func (p *Printer) N(id string, count int, args ...any) string {
	m, ok := p.messages[id]
	if !ok {
		return id
	}
	form := m.other
	if m.one != nil && plural.Cardinal.MatchPlural(p.tag, count, 0, 0, 0, 0) == plural.One {
		form = *m.one
	}
	return form.fill(slices.Concat(args, []any{"Count", count}))
}

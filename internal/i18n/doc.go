// Package i18n says everything the portal says, in the person's language. The words are in
// catalogue/, one file per area and language in go-i18n's message format.
//
// go-i18n reads the catalogues. Choosing a plural form and filling in values happens here,
// because its Localizer matches languages and runs a text/template on every call, and a page
// of fifty agents asks for some two hundred texts.
package i18n

// Package views is how the portal looks and reads. models.go has one view model per page,
// urls.go every address; each noun has a templ file whose …Page is a whole document and whose
// component of the same name is the fragment that htmx gets. Words come from internal/i18n.
//
// Everything works without script. What the script adds hangs on ids and data attributes,
// never on classes: #notice, #dialog-body, #form, #form-notice, #reveal and #stored-notice
// are the places that answers are put into, and nothing but the two forms that create a
// token may name #reveal.
package views

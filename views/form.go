package views

import (
	"strconv"

	"github.com/a-h/templ"

	"gitlab-agent-portal/internal/i18n"
)

// Sheet is what stands on a page of its own, and the same in the dialog: a form, or what it led to.
type Sheet interface {
	// Title names the page.
	Title(l *i18n.Printer) string
	Page(p Page) templ.Component
	Dialog(p Page) templ.Component
}

// FormSheet is a form that is to be sent.
type FormSheet interface {
	Sheet
	// Action is the address that the form is sent to.
	Action(u URLs) string
	// Prove gives the form its proof of coming from the portal, for that address.
	Prove(nonce string)
}

// Form is what all forms that are to be sent have in common.
type Form struct {
	// Nonce proves that the form comes from the portal, and makes sure that it is used once.
	Nonce string
	// Notice is a problem that belongs to no field.
	Notice *Notice
}

// Prove gives the form its nonce.
func (f *Form) Prove(nonce string) { f.Nonce = nonce }

// formTarget is where htmx puts a form's answer when the server does not say otherwise.
type formTarget string

// The targets of forms. Only forms whose answer may hold a secret name #reveal.
const (
	intoForm   formTarget = "#form"
	intoReveal formTarget = "#reveal"
	intoStored formTarget = "#stored-notice"
)

// swap replaces the form itself, but fills the other places.
func (t formTarget) swap() string {
	if t == intoForm {
		return "outerHTML"
	}
	return "innerHTML"
}

// formProps is how a form is sent.
type formProps struct {
	ID     string // only where the script has to find it
	Action string
	Target formTarget
	Nonce  string
}

// FieldProps is one text field with everything said about it.
type FieldProps struct {
	Name  string
	Label []i18n.Part
	Hint  string
	Field Field
	Max   int
	Lines int // 0 for a single line
	// Optional is what marks a field that may stay empty; all others are required.
	Optional string
	// Pattern is checked by the browser; Invalid says what is wrong when it does not match.
	Pattern, Invalid string
	// Exactly is what has to be typed, Invalid says so.
	Exactly string
	// Missing says that the field is empty.
	Missing string
	// Focus puts the cursor here when the form opens.
	Focus bool
}

// describedBy names what a screen reader reads with the field.
func (f FieldProps) describedBy() string {
	if f.Hint == "" {
		return f.Name + "-error"
	}
	return f.Name + "-hint " + f.Name + "-error"
}

// attributes are those that an input of one line and one of several have in common.
func (f FieldProps) attributes() templ.OrderedAttributes {
	attributes := templ.OrderedAttributes{
		{Key: "id", Value: f.Name},
		{Key: "name", Value: f.Name},
		{Key: "maxlength", Value: strconv.Itoa(f.Max)},
		{Key: "aria-describedby", Value: f.describedBy()},
		{Key: "autocomplete", Value: "off"},
		{Key: "spellcheck", Value: "false"},
		{Key: "required", Value: f.Optional == ""},
		{Key: "autofocus", Value: f.Focus},
	}
	if f.Field.Error != "" {
		attributes = append(attributes, templ.KeyValue[string, any]{Key: "aria-invalid", Value: "true"})
	}
	for _, optional := range []templ.KeyValue[string, any]{
		{Key: "pattern", Value: f.Pattern},
		{Key: "data-exactly", Value: f.Exactly},
		{Key: "data-invalid", Value: f.Invalid},
		{Key: "data-missing", Value: f.Missing},
	} {
		if optional.Value != "" {
			attributes = append(attributes, optional)
		}
	}
	return attributes
}

package views

// ButtonKind is how much a button, or a link that looks like one, weighs on its page.
type ButtonKind string

// The kinds of buttons. A page has one primary button at most.
const (
	ButtonPlain       ButtonKind = "button"
	ButtonPrimary     ButtonKind = "button button-primary"
	ButtonDanger      ButtonKind = "button button-danger"
	ButtonQuietDanger ButtonKind = "button button-quiet-danger"
)

// kindOfAction makes the first of several next steps the main one.
func kindOfAction(index int) ButtonKind {
	if index == 0 {
		return ButtonPrimary
	}
	return ButtonPlain
}

package gitlabtest

// graphqlError is one entry of a GraphQL answer's errors.
type graphqlError struct {
	Message    string             `json:"message"`
	Locations  []graphqlLocation  `json:"locations,omitempty"`
	Path       []any              `json:"path,omitempty"`
	Extensions *graphqlExtensions `json:"extensions,omitempty"`
}

type graphqlLocation struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

type graphqlExtensions struct {
	Code      string `json:"code,omitempty"`
	TypeName  string `json:"typeName,omitempty"`
	FieldName string `json:"fieldName,omitempty"`
}

// graphqlErrors is an answer of errors alone.
func graphqlErrors(status int, messages ...string) Answer {
	var body struct {
		Errors []graphqlError `json:"errors"`
	}
	for _, message := range messages {
		body.Errors = append(body.Errors, graphqlError{Message: message})
	}
	return jsonAnswer(status, body)
}

package snippets

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// terraform takes over the registered agent by an import block (Terraform 1.5) and installs
// the chart. The project is named by its number, which survives moves: another text there
// would replace the agent, which prevent_destroy forbids all the same. There is no resource
// for the token, which would put it into Terraform's state.
func (p Params) terraform() string {
	return fmt.Sprintf(`import {
  to = gitlab_cluster_agent.agent
  id = "%[1]d:%[2]d"
}

resource "gitlab_cluster_agent" "agent" {
  project = "%[1]d"
  name    = %[3]s

  lifecycle {
    prevent_destroy = true
  }
}

resource "helm_release" "agent" {
  name       = %[4]s
  namespace  = %[5]s
  repository = %[6]s
  chart      = %[7]s

  values = [yamlencode({
%[8]s
  })]
}`, p.ProjectID, p.AgentID, quoteHCL(p.Agent), quoteHCL(p.Release), quoteHCL(p.Namespace),
		quoteHCL(p.ChartRepo), quoteHCL(chart), strings.Join(p.terraformValues().hcl("    "), "\n"))
}

// expression is HCL that stands for a value.
type expression string

// terraformValues are the chart's values with the certificate of a private authority.
func (p Params) terraformValues() fields {
	values := p.chartValues()
	if p.trustsCA() {
		last := &values[len(values)-1] // config
		last.value = append(last.value.(fields), field{"kasCaCert", expression(`file("${path.module}/` + CAFile + `")`)})
	}
	return values
}

// hcl writes the fields as the inner lines of an object, with the signs of equality of neighbours
// below each other, as terraform fmt has them.
func (f fields) hcl(indent string) []string {
	var lines []string
	for len(f) > 0 {
		if below, ok := f[0].value.(fields); ok {
			lines = append(append(lines, indent+f[0].name+" = {"), append(below.hcl(indent+"  "), indent+"}")...)
			f = f[1:]
			continue
		}
		neighbours, width := f.literals(), 0
		for _, one := range neighbours {
			width = max(width, len(one.name))
		}
		for _, one := range neighbours {
			lines = append(lines, fmt.Sprintf("%s%-*s = %s", indent, width, one.name, literalHCL(one.value)))
		}
		f = f[len(neighbours):]
	}
	return lines
}

// literals are the first fields that fit on a line each.
func (f fields) literals() fields {
	if end := slices.IndexFunc(f, func(one field) bool { _, nested := one.value.(fields); return nested }); end >= 0 {
		return f[:end]
	}
	return f
}

// literalHCL writes a value that fits on a line.
func literalHCL(value any) string {
	if text, ok := value.(string); ok {
		return quoteHCL(text)
	}
	return fmt.Sprint(value) // a bool, or an expression
}

// quoteHCL writes text as a quoted template without interpolation
// (https://developer.hashicorp.com/terraform/language/expressions/strings).
func quoteHCL(text string) string {
	var out strings.Builder
	out.WriteByte('"')
	runes := []rune(text)
	for i, r := range runes {
		opens := (r == '$' || r == '%') && i+1 < len(runes) && runes[i+1] == '{'
		switch {
		case r == '"' || r == '\\':
			out.WriteRune('\\')
			out.WriteRune(r)
		case opens || !unicode.IsPrint(r):
			fmt.Fprintf(&out, `\U%08X`, r)
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
	return out.String()
}

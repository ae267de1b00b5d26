package snippets

import (
	"fmt"
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
}`, p.ProjectID, p.AgentID, quoteHCL(p.Agent), quoteHCL(Release(p.Agent)), quoteHCL(Namespace(p.Agent)),
		quoteHCL(p.ChartRepo), quoteHCL(chart), p.terraformValues())
}

// terraformValues are the chart's values as an object of HCL.
func (p Params) terraformValues() string {
	lines := []string{
		"config = {",
		"  kasAddress = " + quoteHCL(p.KASAddress),
		"  secretName = " + quoteHCL(SecretName),
	}
	if p.PrivateCA {
		lines = append(lines, `  kasCaCert  = file("${path.module}/`+CAFile+`")`)
	}
	lines = append(lines, "}")
	if tag := p.imageTag(); tag != "" {
		lines = append([]string{"image = {", "  tag = " + quoteHCL(tag), "}"}, lines...)
	}
	return "    " + strings.Join(lines, "\n    ")
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

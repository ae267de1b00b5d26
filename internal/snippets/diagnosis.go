package snippets

import (
	"fmt"
	"slices"

	"al.essio.dev/pkg/shellescape"
)

// Diagnosis says why an agent is not connected, and tries the first thing that helps: what its pods
// are doing, what they logged, and a restart, each in one line.
func (p Params) Diagnosis() []Step {
	p = p.visible()
	pods := fmt.Sprintf(" --namespace %s --selector app.kubernetes.io/name=%s", shellescape.Quote(p.Namespace), chart)
	return []Step{
		{StepPods, "kubectl get pods" + pods},
		{StepLogs, "kubectl logs --prefix --tail=50" + pods},
		{StepRestart, "kubectl rollout restart deployment" + pods},
	}
}

// withoutRestart leaves out what only a running agent needs.
func withoutRestart(steps []Step) []Step {
	return slices.DeleteFunc(steps, func(step Step) bool { return step.ID == StepRestart })
}

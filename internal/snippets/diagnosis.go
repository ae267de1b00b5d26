package snippets

import "slices"

// Diagnosis says why an agent is not connected, and tries the first thing that helps: what its pods
// are doing, what they logged, and a restart.
func (p Params) Diagnosis() []Step {
	p = p.visible()
	inNamespace, ofAgent := []string{"--namespace", p.Namespace}, []string{"--selector", "app.kubernetes.io/name=" + chart}
	return []Step{
		{StepPods, command("kubectl get pods", inNamespace, ofAgent)},
		{StepLogs, command("kubectl logs --prefix --tail=50", inNamespace, ofAgent)},
		p.restart(),
	}
}

// withoutRestart leaves out what only a running agent needs.
func withoutRestart(steps []Step) []Step {
	return slices.DeleteFunc(steps, func(step Step) bool { return step.ID == StepRestart })
}

package handlers

import (
	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/views"
)

// podsModel is what is connected as an agent.
func podsModel(found agentread.ProjectAgent, around agentread.Around) views.PodsModel {
	project, told := found.Project, around.Pods
	if !around.PodsTold {
		return views.PodsModel{Untold: fleet.Agent{Project: &project}.Untold()}
	}
	model := views.PodsModel{KnowsWarnings: told.KnowsWarnings}
	for _, pod := range told.List {
		model.Pods = append(model.Pods, views.Pod{
			Name: pod.Name, Namespace: pod.Namespace, Version: pod.Version, Commit: pod.Commit,
			Since: pod.ConnectedAt, Warned: len(pod.Warnings) > 0,
		})
	}
	model.Warnings = podWarnings(told.List)
	return model
}

// podWarnings are GitLab's sentences, each once, in the order of the pods.
func podWarnings(pods []gitlabapi.Pod) []views.PodWarning {
	var warnings []views.PodWarning
	at := map[string]int{}
	for _, pod := range pods {
		for _, sentence := range pod.Warnings {
			i, known := at[sentence]
			if !known {
				i = len(warnings)
				at[sentence], warnings = i, append(warnings, views.PodWarning{Text: sentence})
			}
			warnings[i].Pods++
		}
	}
	return warnings
}

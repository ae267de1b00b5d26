// Package manifests_test proves what is in deploy without a cluster and without a container engine: it decodes
// the files into the types of those who read them, and holds them against what the portal is. It is a module
// of its own, so that whoever builds the portal does not build Kubernetes.
package manifests_test

import (
	"net"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
)

// below is the path of components/path.
const below = "https://agents.example.com/tools/portal"

// overlays are installations that somebody may want. Each is rendered as kubectl does, and judged by all
// that is asked of manifests here.
func overlays() map[string]overlay {
	components := func(names ...string) overlay { return overlay{components: names} }
	return map[string]overlay{
		"the base alone":                   {},
		"the example":                      {resource: "example"},
		"with an Ingress":                  components("ingress"),
		"for the Prometheus Operator":      components("servicemonitor"),
		"with a private authority":         components("private-ca"),
		"on OpenShift":                     components("openshift"),
		"below a path":                     {components: []string{"path"}, settings: []string{"PUBLIC_URL=" + below}},
		"below a path, with an Ingress":    {components: []string{"ingress", "path"}, settings: []string{"PUBLIC_URL=" + below}},
		"with every component, and a path": {components: []string{"ingress", "servicemonitor", "private-ca", "openshift", "path"}, settings: []string{"PUBLIC_URL=" + below}},
	}
}

func TestTheManifestsFitTogether(t *testing.T) {
	t.Parallel()
	for name, o := range overlays() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := o.render(t)
			t.Run("pods are let into a namespace that is restricted", m.testPodSecurity)
			t.Run("every selector finds the pods", m.testSelectors)
			t.Run("every port leads to one that the portal listens at", m.testPorts)
			t.Run("probes ask below the path of PUBLIC_URL", m.testProbes)
			t.Run("an update takes no pod away before its successor is ready", m.testUpdate)
			t.Run("every file that a setting names is mounted", m.testFiles)
			t.Run("every setting is one", m.testSettings)
			t.Run("the runtime's memory is a bit less than the container's", m.testMemory)
			t.Run("secrets are named only", m.testSecrets)
		})
	}
}

func (m manifests) testPodSecurity(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	pod := one[*appsv1.Deployment](t, m).Spec.Template
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	if result := policy.AggregateCheckResults(evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec)); !result.Allowed {
		t.Errorf("a pod would be refused: %s", result.ForbiddenDetail())
	}
	container := pod.Spec.Containers[0]
	if ro := container.SecurityContext.ReadOnlyRootFilesystem; ro == nil || !*ro {
		t.Error("the root can be written")
	}
	if mounts := pod.Spec.AutomountServiceAccountToken; mounts == nil || *mounts {
		t.Error("the pod has a token for the cluster's API, which it has no use for")
	}
}

func (m manifests) testSelectors(t *testing.T) {
	deployment := one[*appsv1.Deployment](t, m)
	service := one[*corev1.Service](t, m)
	selectors := map[string]*metav1.LabelSelector{
		"Deployment":          deployment.Spec.Selector,
		"Service":             {MatchLabels: service.Spec.Selector},
		"PodDisruptionBudget": one[*policyv1.PodDisruptionBudget](t, m).Spec.Selector,
		"NetworkPolicy":       &one[*networkingv1.NetworkPolicy](t, m).Spec.PodSelector,
	}
	for _, spread := range deployment.Spec.Template.Spec.TopologySpreadConstraints {
		selectors["spread over "+spread.TopologyKey] = spread.LabelSelector
	}
	for of, selector := range selectors {
		expectMatch(t, of, selector, deployment.Spec.Template.Labels)
	}
	for _, monitor := range all[*monitoringv1.ServiceMonitor](m) {
		expectMatch(t, "ServiceMonitor", &monitor.Spec.Selector, service.Labels)
	}
	for _, ingress := range all[*networkingv1.Ingress](m) {
		if backend := backendOf(t, ingress); backend.Name != service.Name {
			t.Errorf("the Ingress leads to %q, want %q", backend.Name, service.Name)
		}
	}
}

func expectMatch(t *testing.T, of string, selector *metav1.LabelSelector, found map[string]string) {
	t.Helper()
	matches, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		t.Fatal(err)
	}
	if matches.Empty() || !matches.Matches(labels.Set(found)) {
		t.Errorf("the selector %q of the %s does not match %v", matches, of, found)
	}
}

func backendOf(t *testing.T, ingress *networkingv1.Ingress) *networkingv1.IngressServiceBackend {
	t.Helper()
	if len(ingress.Spec.Rules) != 1 || len(ingress.Spec.Rules[0].HTTP.Paths) != 1 {
		t.Fatalf("the Ingress has %d rules, want one with one path", len(ingress.Spec.Rules))
	}
	return ingress.Spec.Rules[0].HTTP.Paths[0].Backend.Service
}

func (m manifests) testPorts(t *testing.T) {
	settings := m.settings(t)
	container := one[*appsv1.Deployment](t, m).Spec.Template.Spec.Containers[0]
	listens := map[string]int32{}
	for _, port := range container.Ports {
		listens[port.Name] = port.ContainerPort
	}
	for name, variable := range map[string]string{"http": "LISTEN_ADDR", "metrics": "METRICS_ADDR"} {
		_, port, _ := net.SplitHostPort(settings[variable])
		if port != strconv.Itoa(int(listens[name])) {
			t.Errorf("the port %s is %d, and %s is %q", name, listens[name], variable, settings[variable])
		}
	}
	service := map[string]bool{}
	for _, port := range one[*corev1.Service](t, m).Spec.Ports {
		service[port.Name] = true
		expectPort(t, "Service", port.TargetPort, listens)
	}
	for _, rule := range one[*networkingv1.NetworkPolicy](t, m).Spec.Ingress {
		for _, port := range rule.Ports {
			expectPort(t, "NetworkPolicy", *port.Port, listens)
		}
	}
	for _, ingress := range all[*networkingv1.Ingress](m) {
		if port := backendOf(t, ingress).Port.Name; port != "http" || !service[port] {
			t.Errorf("the Ingress leads to the port %q", port)
		}
	}
	for _, monitor := range all[*monitoringv1.ServiceMonitor](m) {
		if port := monitor.Spec.Endpoints[0].Port; port != "metrics" || !service[port] {
			t.Errorf("the ServiceMonitor reads the port %q", port)
		}
	}
}

func expectPort(t *testing.T, of string, port intstr.IntOrString, listens map[string]int32) {
	t.Helper()
	if listens[port.StrVal] == 0 {
		t.Errorf("the %s names the port %q, want one of %v", of, port.String(), listens)
	}
}

func (m manifests) testProbes(t *testing.T) {
	public, err := url.Parse(m.settings(t)["PUBLIC_URL"])
	if err != nil {
		t.Fatal(err)
	}
	container := one[*appsv1.Deployment](t, m).Spec.Template.Spec.Containers[0]
	for _, want := range []struct {
		name, page string
		probe      *corev1.Probe
	}{{"startup", "healthz", container.StartupProbe}, {"liveness", "healthz", container.LivenessProbe}, {"readiness", "readyz", container.ReadinessProbe}} {
		got := want.probe.HTTPGet
		if got.Path != path.Join("/", public.Path, want.page) || got.Port.StrVal != "http" {
			t.Errorf("the %s probe asks %s of the port %s", want.name, got.Path, got.Port.String())
		}
	}
	for _, ingress := range all[*networkingv1.Ingress](m) {
		rule := ingress.Spec.Rules[0]
		if got := rule.HTTP.Paths[0].Path; got != path.Join("/", public.Path) {
			t.Errorf("the Ingress is for %q, want the path of %s", got, public)
		}
		if rule.Host != public.Host || !slices.Contains(ingress.Spec.TLS[0].Hosts, public.Host) {
			t.Errorf("the Ingress is for %q and %q, want %q", rule.Host, ingress.Spec.TLS[0].Hosts, public.Host)
		}
	}
}

func (m manifests) testUpdate(t *testing.T) {
	spec := one[*appsv1.Deployment](t, m).Spec
	if n := *spec.Replicas; n < 2 {
		t.Errorf("there are %d replicas, want two", n)
	}
	if update := spec.Strategy.RollingUpdate; update.MaxUnavailable.IntVal != 0 || update.MaxSurge.IntVal < 1 {
		t.Errorf("an update may take %s away, and add %s", update.MaxUnavailable, update.MaxSurge)
	}
	// The portal drains for 3 s and stops within 25 s.
	if grace := *spec.Template.Spec.TerminationGracePeriodSeconds; grace < 30 {
		t.Errorf("a pod is killed after %d s, before it has stopped by itself", grace)
	}
	budget := one[*policyv1.PodDisruptionBudget](t, m).Spec
	if budget.MaxUnavailable.IntVal >= *spec.Replicas {
		t.Errorf("%d of %d replicas may be away at once", budget.MaxUnavailable.IntVal, *spec.Replicas)
	}
}

func (m manifests) testFiles(t *testing.T) {
	pod := one[*appsv1.Deployment](t, m).Spec.Template.Spec
	mounted := m.mounted(t)
	names := 0
	for _, setting := range pod.Containers[0].Env {
		if strings.HasSuffix(setting.Name, "_FILE") {
			names++
			if !mounted[setting.Value] {
				t.Errorf("%s is %s, which no volume has", setting.Name, setting.Value)
			}
		}
	}
	if names < 3 {
		t.Errorf("%d settings name files, want those of the secrets", names)
	}
}

// mounted are the files of the volumes of secrets and ConfigMaps.
func (m manifests) mounted(t *testing.T) map[string]bool {
	t.Helper()
	pod := one[*appsv1.Deployment](t, m).Spec.Template.Spec
	files := map[string]bool{}
	for _, mount := range pod.Containers[0].VolumeMounts {
		at := slices.IndexFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == mount.Name })
		if at < 0 {
			t.Fatalf("there is no volume %q", mount.Name)
		}
		var items []corev1.KeyToPath
		switch volume := pod.Volumes[at]; {
		case volume.Secret != nil:
			items = volume.Secret.Items
		case volume.ConfigMap != nil:
			items = volume.ConfigMap.Items
		}
		for _, item := range items {
			files[path.Join(mount.MountPath, item.Path)] = true
		}
	}
	return files
}

func (m manifests) testSettings(t *testing.T) {
	expectSettings(t, m.settings(t))
}

func (m manifests) testMemory(t *testing.T) {
	limit := one[*appsv1.Deployment](t, m).Spec.Template.Spec.Containers[0].Resources.Limits.Memory().Value()
	mib, err := strconv.ParseInt(strings.TrimSuffix(m.settings(t)["GOMEMLIMIT"], "MiB"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if share := float64(mib<<20) / float64(limit); share < .8 || share > .92 {
		t.Errorf("GOMEMLIMIT is %.0f %% of the container's limit, want 80 to 92", 100*share)
	}
}

func (m manifests) testSecrets(t *testing.T) {
	if found := all[*corev1.Secret](m); len(found) != 0 {
		t.Errorf("there are %d Secrets, and whatever is in them is in the history of the source", len(found))
	}
	for name, value := range m.settings(t) {
		if address, err := url.Parse(value); err == nil && address.User != nil {
			if _, has := address.User.Password(); has {
				t.Errorf("%s holds a password", name)
			}
		}
	}
}

package argocd

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	clustermocks "github.com/argoproj/argo-cd/gitops-engine/v3/pkg/cache/mocks"
	"github.com/argoproj/argo-cd/gitops-engine/v3/pkg/sync/common"
	"github.com/argoproj/argo-cd/gitops-engine/v3/pkg/utils/kube"
	"github.com/argoproj/argo-cd/v3/controller"
	livemocks "github.com/argoproj/argo-cd/v3/controller/cache/mocks"
	"github.com/argoproj/argo-cd/v3/controller/metrics"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	appclient "github.com/argoproj/argo-cd/v3/pkg/client/clientset/versioned/fake"
	"github.com/argoproj/argo-cd/v3/util/argo"
	"github.com/argoproj/argo-cd/v3/util/argo/normalizers"
	"github.com/argoproj/argo-cd/v3/util/cache"
	"github.com/argoproj/argo-cd/v3/util/cache/appstate"
	dbmocks "github.com/argoproj/argo-cd/v3/util/db/mocks"
	kubeutil "github.com/argoproj/argo-cd/v3/util/kube"
	"github.com/argoproj/argo-cd/v3/util/settings"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/mock"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes/fake"

	"crossfade.test/gitops/shop"
)

const home = "argocd" // the namespace of Argo CD itself, which is on no cluster here

// argoCD is its application controller with one Application: what compares and syncs is its own code, on the real
// cluster. Only where that code reads Git, its own settings and its cache of the cluster, it is told.
type argoCD struct {
	cluster *shop.Cluster
	manager controller.AppStateManager
	project *v1alpha1.AppProject
	app     *v1alpha1.Application
}

func with(t *testing.T, cluster *shop.Cluster, app *v1alpha1.Application) *argoCD {
	t.Helper()
	destination := &v1alpha1.Cluster{
		Server: cluster.Config.Host,
		Config: v1alpha1.ClusterConfig{TLSClientConfig: v1alpha1.TLSClientConfig{
			CAData:   cluster.Config.CAData,
			CertData: cluster.Config.CertData,
			KeyData:  cluster.Config.KeyData,
		}},
	}
	app.Spec.Project = "default"
	app.Spec.Source = &v1alpha1.ApplicationSource{RepoURL: "https://git.example/shop", Path: "."}
	app.Spec.Destination = v1alpha1.ApplicationDestination{Server: destination.Server, Namespace: cluster.Namespace}
	project := &v1alpha1.AppProject{
		ObjectMeta: metav1.ObjectMeta{Name: "default", Namespace: home},
		Spec: v1alpha1.AppProjectSpec{
			SourceRepos:  []string{"*"},
			Destinations: []v1alpha1.ApplicationDestination{{Server: "*", Namespace: "*"}},
		},
	}
	db := &dbmocks.ArgoDB{}
	db.EXPECT().GetCluster(mock.Anything, mock.Anything).Return(destination, nil)
	own := metav1.ObjectMeta{Namespace: home, Labels: map[string]string{"app.kubernetes.io/part-of": "argocd"}}
	config, secret := own, own
	config.Name, secret.Name = "argocd-cm", "argocd-secret"
	known := fake.NewClientset(&corev1.ConfigMap{ObjectMeta: config}, &corev1.Secret{
		ObjectMeta: secret, Data: map[string][]byte{"admin.password": []byte("x"), "server.secretkey": []byte("x")},
	})
	logrus.SetLevel(logrus.ErrorLevel)
	kubectl := kubeutil.NewKubectl()
	measured, err := metrics.NewMetricsServer("", nil, nil, func(*http.Request) error { return nil }, nil, nil)
	shop.Must(t, err)
	manager := controller.NewAppStateManager(
		db,
		appclient.NewSimpleClientset(app),
		nil,
		home,
		kubectl,
		func(string) (kube.CleanupFunc, error) { return func() {}, nil },
		settings.NewSettingsManager(t.Context(), known, home),
		liveState(t, cluster, kubectl),
		measured,
		appstate.NewCache(cache.NewCache(cache.NewInMemoryCache(time.Minute)), time.Minute),
		time.Minute,
		argo.NewResourceTracking(),
		true,
		0,
		false,
		normalizers.IgnoreNormalizerOpts{},
	)
	return &argoCD{cluster, manager, project, app}
}

// liveState answers as Argo CD's cache of the cluster does, without its watches.
func liveState(t *testing.T, cluster *shop.Cluster, kubectl kube.Kubectl) *livemocks.LiveStateCache {
	t.Helper()
	schema, parser, err := kubectl.LoadOpenAPISchema(cluster.Config)
	shop.Must(t, err)
	types := &clustermocks.ClusterCache{}
	types.EXPECT().GetGVKParser().Return(parser)
	types.EXPECT().GetOpenAPISchema().Return(schema)
	types.EXPECT().IsNamespaced(mock.Anything).Return(true, nil)
	live := &livemocks.LiveStateCache{}
	live.EXPECT().GetClusterCache(mock.Anything).Return(types, nil)
	live.EXPECT().IsNamespaced(mock.Anything, mock.Anything).Return(true, nil)
	live.EXPECT().GetVersionsInfo(mock.Anything).Return("", nil, nil)
	live.EXPECT().GetManagedLiveObjs(mock.Anything, mock.Anything, mock.Anything).RunAndReturn(
		func(*v1alpha1.Cluster, *v1alpha1.Application, []*unstructured.Unstructured) (map[kube.ResourceKey]*unstructured.Unstructured, error) {
			routes := &unstructured.UnstructuredList{}
			routes.SetGroupVersionKind(shop.Kind)
			found := map[kube.ResourceKey]*unstructured.Unstructured{}
			if err := cluster.Client.List(context.Background(), routes, cluster.Here()); err != nil {
				return nil, err
			}
			for i := range routes.Items {
				found[kube.GetResourceKey(&routes.Items[i])] = &routes.Items[i]
			}
			return found, nil
		})
	return live
}

func manifest(t *testing.T, git *shop.Route) []string {
	t.Helper()
	text, err := json.Marshal(git)
	shop.Must(t, err)
	return []string{string(text)}
}

// status gives what Argo CD says when it compares what Git has with the cluster.
func (a *argoCD) status(t *testing.T, git *shop.Route) v1alpha1.SyncStatusCode {
	t.Helper()
	sources := []v1alpha1.ApplicationSource{*a.app.Spec.Source}
	compared, err := a.manager.CompareAppState(
		t.Context(), a.app, a.project, []string{""}, sources, true, true, manifest(t, git), false,
	)
	shop.Must(t, err)
	for _, condition := range a.app.Status.Conditions {
		t.Errorf("Argo CD has something to say: %s: %s", condition.Type, condition.Message)
	}
	return compared.GetSyncStatus().Status
}

func (a *argoCD) mustSay(t *testing.T, wanted v1alpha1.SyncStatusCode, git *shop.Route) {
	t.Helper()
	if got := a.status(t, git); got != wanted {
		t.Errorf("Argo CD says %s, and it should be %s: in Git %v, on the cluster %v, written by %s",
			got, wanted, git.Object["spec"], a.cluster.Live(t).Object["spec"], shop.Writer(a.cluster.Live(t)))
	}
}

// sync applies what Git has, with the Application's options, and gives the route as it is then.
func (a *argoCD) sync(t *testing.T, git *shop.Route) *shop.Route {
	t.Helper()
	asked := &v1alpha1.SyncOperation{Manifests: manifest(t, git)}
	if policy := a.app.Spec.SyncPolicy; policy != nil {
		asked.SyncOptions = policy.SyncOptions
	}
	state := controller.NewOperationState(v1alpha1.Operation{Sync: asked})
	for range 10 {
		if a.manager.SyncAppState(t.Context(), a.app, a.project, state); state.Phase.Completed() {
			break
		}
	}
	if state.Phase != common.OperationSucceeded {
		t.Fatalf("the sync ended as %s: %s", state.Phase, state.Message)
	}
	return a.cluster.Live(t)
}

// Runs those of cert-manager's controllers that turn a Certificate into a Secret: signed by a CA issuer, renewed before it ends. Its own command
// is in a module that no proxy serves; the controllers are in the one that `install-cert-manager` builds this in. No leader is elected, so nothing
// waits for the lease of one that was killed.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"k8s.io/utils/clock"

	"github.com/cert-manager/cert-manager/pkg/controller"
	"github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/metrics"

	// Each of them adds itself to `controller.Known`.
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/approver"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/ca"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/issuing"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/keymanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/readiness"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/requestmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/revisionmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/trigger"
	_ "github.com/cert-manager/cert-manager/pkg/controller/clusterissuers"
	_ "github.com/cert-manager/cert-manager/pkg/controller/issuers"

	// The kind of issuer that they know.
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca"
)

// Of each controller, as in cert-manager's own command.
const workers = 5

func main() {
	kubeconfig := flag.String("kubeconfig", "", "the `file` with which to reach the API server")
	issuers := flag.String("cluster-resource-namespace", "kube-system", "the `namespace` of the Secrets of cluster issuers")
	flag.Parse()
	if err := run(*kubeconfig, *issuers); err != nil {
		fmt.Fprintln(os.Stderr, "cert-manager:", err)
		os.Exit(1)
	}
}

// run ends only with an error: whoever started the process kills it.
func run(kubeconfig, issuers string) error {
	ctx := context.Background()
	factory, err := controller.NewContextFactory(ctx, controller.ContextOptions{
		Kubeconfig: kubeconfig,
		// The rates and the prefixes are those of cert-manager's own command.
		KubernetesAPIQPS:   20,
		KubernetesAPIBurst: 50,
		Clock:              clock.RealClock{},
		Metrics:            metrics.New(logs.Log, clock.RealClock{}), // the controllers count in it; nothing exports it
		IssuerOptions:      controller.IssuerOptions{ClusterResourceNamespace: issuers},
		CertificateOptions: controller.CertificateOptions{
			CopiedAnnotationPrefixes: []string{"*", "-kubectl.kubernetes.io/", "-fluxcd.io/", "-argocd.argoproj.io/"},
		},
	})
	if err != nil {
		return err
	}
	started := map[string]controller.Interface{}
	for name, build := range controller.Known() {
		if started[name], err = build(factory); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	// Only now, since each controller has named what it watches while it was built.
	shared, err := factory.Build()
	if err != nil {
		return err
	}
	shared.SharedInformerFactory.Start(ctx.Done())
	shared.KubeSharedInformerFactory.Start(ctx.Done())
	ended := make(chan error)
	for name, one := range started {
		go func() {
			ended <- fmt.Errorf("%s ended: %v", name, one.Run(workers, ctx))
		}()
	}
	return <-ended
}

package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"canarybot.io/e2e/netns"
)

// machine is a node.
type machine struct{ name, platform, address string }

// machines are the nodes. Two architectures, as clusters have them that move to the cheaper one.
func machines() []machine {
	return []machine{{"node-1", "amd64", netns.Host}, {"node-2", "arm64", netns.Second}}
}

// Options are what may differ between runs.
type Options struct {
	// Grace is how long a pod keeps serving after a request to end. Proxies must stop routing to it in
	// that time; the endpoint controller alone may take a second.
	Grace time.Duration
}

// Defaults returns the options that suit most scenarios.
func Defaults() Options {
	return Options{Grace: 3 * time.Second}
}

// Runner runs the pods of a cluster.
type Runner struct {
	Registry *Registry

	kube    kubernetes.Interface
	options Options
	running sync.WaitGroup

	mu     sync.Mutex
	failed []error

	// Only the informer's one goroutine uses these.
	pods      map[types.UID]*pod
	addresses int               // handed out so far
	owned     map[types.UID]int // pods seen so far, by what controls them
}

// New returns a runner for the cluster of an administrator's client.
func New(kube kubernetes.Interface, options Options) *Runner {
	return &Runner{Registry: NewRegistry(), kube: kube, options: options, pods: map[types.UID]*pod{}, owned: map[types.UID]int{}}
}

// Run adds the nodes to the cluster and runs every pod until ctx ends. Then it stops the containers,
// but leaves the objects as they are. It returns what
// went wrong with pods on the way.
func (r *Runner) Run(ctx context.Context) error {
	for _, m := range machines() {
		if err := r.join(ctx, m); err != nil {
			return fmt.Errorf("add %s: %w", m.name, err)
		}
	}
	informer := informers.NewSharedInformerFactory(r.kube, 0).Core().V1().Pods().Informer()
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { r.see(ctx, object) },
		UpdateFunc: func(_, object any) { r.see(ctx, object) },
		DeleteFunc: r.forget,
	})
	if err != nil {
		return fmt.Errorf("watch pods: %w", err)
	}
	informer.RunWithContext(ctx)
	r.running.Wait()
	return errors.Join(r.failed...)
}

// join creates a node, ready to take pods.
func (r *Runner) join(ctx context.Context, m machine) error {
	nodes := r.kube.CoreV1().Nodes()
	labels := map[string]string{core.LabelArchStable: m.platform, core.LabelOSStable: "linux", core.LabelHostname: m.name}
	node, err := nodes.Create(ctx, &core.Node{ObjectMeta: meta.ObjectMeta{Name: m.name, Labels: labels}}, meta.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		node, err = nodes.Get(ctx, m.name, meta.GetOptions{})
	}
	if err != nil {
		return err
	}
	node.Status = core.NodeStatus{
		Capacity: core.ResourceList{
			core.ResourceCPU:    resource.MustParse("64"),
			core.ResourceMemory: resource.MustParse("256Gi"),
			core.ResourcePods:   resource.MustParse("1000"),
		},
		Conditions: []core.NodeCondition{{Type: core.NodeReady, Status: core.ConditionTrue, Reason: "KubeletReady"}},
		Addresses:  []core.NodeAddress{{Type: core.NodeInternalIP, Address: m.address}},
		NodeInfo:   core.NodeSystemInfo{Architecture: m.platform, OperatingSystem: "linux"},
	}
	_, err = nodes.UpdateStatus(ctx, node, meta.UpdateOptions{})
	return err
}

// see starts a pod that is new and asks one to end that is being deleted.
func (r *Runner) see(ctx context.Context, object any) {
	seen, ok := object.(*core.Pod)
	if !ok || seen.Spec.NodeName != "" && !ours(seen.Spec.NodeName) {
		return
	}
	known := r.pods[seen.UID]
	if known == nil {
		known = r.start(ctx, seen)
	}
	if seen.DeletionTimestamp != nil {
		known.depart()
	}
}

// ours reports whether the node is one that the runner runs. A pod on another is a test's own.
func ours(node string) bool {
	return slices.ContainsFunc(machines(), func(m machine) bool { return m.name == node })
}

func (r *Runner) start(ctx context.Context, object *core.Pod) *pod {
	r.addresses++
	ctx, cancel := context.WithCancel(ctx)
	p := &pod{
		kube:     r.kube,
		registry: r.Registry,
		object:   object,
		address:  address(r.addresses),
		machine:  r.place(object),
		grace:    r.options.Grace,
		leave:    make(chan struct{}),
		gone:     cancel,
		fail:     r.fail,
		news:     make(chan struct{}, 1),
	}
	r.pods[object.UID] = p
	r.running.Go(func() {
		defer cancel()
		p.run(ctx)
	})
	return p
}

// place chooses the pod's node: the one that it names or is on, else the pods of a ReplicaSet take turns.
func (r *Runner) place(object *core.Pod) machine {
	all := machines()
	for _, m := range all {
		if object.Spec.NodeName == m.name || object.Spec.NodeSelector[core.LabelArchStable] == m.platform {
			return m
		}
	}
	var owner types.UID
	if controller := meta.GetControllerOf(object); controller != nil {
		owner = controller.UID
	}
	r.owned[owner]++
	return all[(r.owned[owner]-1)%len(all)]
}

func (r *Runner) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = append(r.failed, err)
}

// forget ends what is left of a pod whose object does not exist any more.
func (r *Runner) forget(object any) {
	if unseen, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = unseen.Obj
	}
	deleted, ok := object.(*core.Pod)
	if !ok {
		return
	}
	if known := r.pods[deleted.UID]; known != nil {
		known.gone()
		delete(r.pods, deleted.UID)
	}
}

// address returns the nth address for pods. No address is used twice before all were used once, so
// that nobody who still knows the address of a pod that is gone reaches another.
func address(n int) string {
	// 198.18.0.x and 198.18.255.x belong to the host and to Services; .0 and .255 look special.
	const networks, hosts = 254, 254
	n %= networks * hosts
	return fmt.Sprintf("198.18.%d.%d", 1+n/hosts, 1+n%hosts)
}

# shellcheck shell=bash
# The kind cluster: reused when it answers, else made anew. Sets nothing; kubectl() talks to it afterwards.

NODE=$CLUSTER_NAME-control-plane
KIND=$CACHE/bin/kind-$KIND_VERSION/kind
KUBECTL=$CACHE/bin/kubernetes-$KUBERNETES_VERSION/kubectl
CLUSTER_KUBECONFIG=$CACHE/kubeconfig

kubectl() { "$KUBECTL" --kubeconfig "$CLUSTER_KUBECONFIG" "$@"; }

tools() {
  local had_all=1
  [[ -x $KIND && -x $KUBECTL ]] || had_all=''
  if [[ -n $had_all ]]; then cached; return; fi
  part "kind $KIND_VERSION" kind_program
  part "kubectl $KUBERNETES_VERSION" kubernetes_program kubectl
}

# The node comes back by itself after its daemon died; it is given the time for that, and no more.
kind_cluster() {
  if node_exists && node_comes_back; then
    write_kubeconfig
    wait_until_settled
    return
  fi
  part "making the cluster" make_cluster
  part "waiting for the node and DNS" wait_until_settled
}

node_exists() { docker container inspect "$NODE" >/dev/null 2>&1; }
node_runs() { [[ $(docker container inspect -f '{{.State.Running}}' "$NODE") == true ]]; }
api_answers() { timeout 5 docker exec "$NODE" kubectl --kubeconfig /etc/kubernetes/admin.conf get --raw /readyz; }

node_comes_back() {
  if node_runs && api_answers; then cached; return; fi
  node_runs || docker start "$NODE" || return 1
  until_true 45 api_answers
}

make_cluster() {
  "$KIND" delete cluster --name "$CLUSTER_NAME"
  kind_config | "$KIND" create cluster --config - --image "$NODE_IMAGE" --wait 120s
  [[ -n $NODE_IMAGE_IS_OURS ]] || add_unreachable_route
  write_kubeconfig
}

kind_config() {
  local no_cni=false
  [[ -z $NODE_IMAGE_IS_OURS ]] || no_cni=true   # the image built here brings its own
  cat <<EOF
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
name: $CLUSTER_NAME
# iptables: on kernel 6.18 kube-proxy's nftables mode empties its service map every second full sync.
networking: {disableDefaultCNI: $no_cni, kubeProxyMode: iptables}
kubeadmConfigPatches:
- |
  kind: KubeletConfiguration
  failCgroupV1: false
nodes:
- role: control-plane
  extraPortMappings:   # gateway, spare, Prometheus: never on any other address
  - {listenAddress: 127.0.0.1, hostPort: 30080, containerPort: 30080}
  - {listenAddress: 127.0.0.1, hostPort: 30081, containerPort: 30081}
  - {listenAddress: 127.0.0.1, hostPort: 30090, containerPort: 30090}
EOF
}

# The image built here has this unit; kind's own gets it afterwards.
add_unreachable_route() {
  docker cp "$CLUSTER_DIR/node/unreachable-pods.service" "$NODE:/etc/systemd/system/"
  docker exec "$NODE" systemctl enable --now unreachable-pods
}

# The cluster's own file, and the user's where it lacks this cluster or knows an earlier one of its name.
write_kubeconfig() {
  local fresh theirs ours
  fresh=$(mktemp "$CACHE/tmp/kubeconfig.XXXX")
  "$KIND" get kubeconfig --name "$CLUSTER_NAME" >"$fresh"
  mv "$fresh" "$CLUSTER_KUBECONFIG"
  ours=$(kubectl config view --raw -o jsonpath='{.clusters[0].cluster}')
  theirs=$("$KUBECTL" config view --raw -o jsonpath="{.clusters[?(@.name==\"kind-$CLUSTER_NAME\")].cluster}")
  [[ $ours == "$theirs" ]] || "$KIND" export kubeconfig --name "$CLUSTER_NAME"
}

# What the API server says of node and pods may be older than the node's last start: then it is awaited anew.
wait_until_settled() {
  local started
  started=$(docker container inspect -f '{{.State.StartedAt}}' "$NODE")
  until_true 90 node_reported_since "$started" ||
    die "The kubelet of node $NODE has not reported since the node started at $started. Look at: docker exec $NODE journalctl -u kubelet; or remove the cluster with 'make clean' and try again."
  kubectl wait node --all --for=condition=Ready --timeout=90s
  until_true 90 dns_started_since "$started" ||
    die "CoreDNS has not started in 90 s. Look at: kubectl --context kind-$CLUSTER_NAME -n kube-system describe pods -l k8s-app=kube-dns; or remove the cluster with 'make clean' and try again."
  kubectl -n kube-system rollout status deployment/coredns --timeout=90s
}

node_reported_since() {
  local renewed
  renewed=$(kubectl -n kube-node-lease get lease "$NODE" -o jsonpath='{.spec.renewTime}') || return 1
  [[ $renewed > $1 ]]
}

dns_started_since() {
  local at started
  started=$(kubectl -n kube-system get pods -l k8s-app=kube-dns -o jsonpath='{.items[*].status.containerStatuses[*].state.running.startedAt}') || return 1
  [[ -n $started ]] || return 1
  for at in $started; do [[ ! $at < ${1%%.*} ]] || return 1; done
}

# shellcheck shell=bash
# The kind cluster: reused when it answers, else made anew. Sets nothing; kubectl() talks to it afterwards.

NODE=$CLUSTER_NAME-control-plane
KIND=$CACHE/bin/kind-$KIND_VERSION/kind
KUBECTL=$CACHE/bin/kubernetes-$KUBERNETES_VERSION/kubectl
WHOLE_MARK=/kind/crossfade-whole   # in the node once kind has finished; holds what it was made from
AUDIT_POLICY=$CACHE/audit-policy.yaml   # a copy that outlives this folder: the node mounts it at every start
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
  [[ -n $NODE_IMAGE ]] || node_image
  part "making the cluster" make_cluster
  part "waiting for the node and DNS" wait_until_settled
}

node_exists() { docker container inspect "$NODE" >/dev/null 2>&1; }
node_runs() { [[ $(docker container inspect -f '{{.State.Running}}' "$NODE") == true ]]; }
api_answers() { timeout 5 docker exec "$NODE" kubectl --kubeconfig /etc/kubernetes/admin.conf get --raw /readyz; }

node_comes_back() {
  if node_runs && api_answers; then
    if made_whole; then cached; return; fi
    return 1
  fi
  node_runs || docker start "$NODE" || return 1
  until_true 30 api_answers && made_whole
}

# A run killed while kind was at work leaves a node that answers and lacks half of its set-up; a node made before
# the configuration changed lacks what it says now.
made_whole() { [[ $(docker exec "$NODE" cat "$WHOLE_MARK") == "$(made_from)" ]]; }
made_from() { { declare -f kind_config; cat "$CLUSTER_DIR/audit-policy.yaml"; } | sha256sum | cut -d' ' -f1; }

make_cluster() {
  "$KIND" delete cluster --name "$CLUSTER_NAME"
  rm -rf "$AUDIT_POLICY"   # Docker makes a folder where a node starts again and its file is gone
  cp "$CLUSTER_DIR/audit-policy.yaml" "$AUDIT_POLICY"
  kind_config | "$KIND" create cluster --config - --image "$NODE_IMAGE" --wait 120s
  [[ -n $NODE_IMAGE_IS_OURS ]] || refuse_stray_packets
  write_kubeconfig
  made_from | docker exec -i "$NODE" tee "$WHOLE_MARK"
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
# One node has nobody to elect. With elections a restarted node's endpoints stay wrong for some 20 s,
# until the lease of the killed controller manager ends (seen: a Service answered by another one's pods).
# With 20 requests a second, their default, the controllers are what hundreds of Rollouts would wait for.
# The audit log tells the operator's writes from everybody else's.
kubeadmConfigPatchesJSON6902:
- group: kubeadm.k8s.io
  version: v1beta4
  kind: ClusterConfiguration
  patch: |
    - {op: add, path: /apiServer/extraArgs/-, value: {name: audit-policy-file, value: /etc/crossfade/audit-policy.yaml}}
    - {op: add, path: /apiServer/extraArgs/-, value: {name: audit-log-path, value: /var/log/crossfade/audit.log}}
    - {op: add, path: /apiServer/extraArgs/-, value: {name: audit-log-maxsize, value: "100"}}
    - {op: add, path: /apiServer/extraArgs/-, value: {name: audit-log-maxbackup, value: "1"}}
    - op: add
      path: /apiServer/extraVolumes
      value:
      - {name: audit-policy, hostPath: /etc/crossfade, mountPath: /etc/crossfade, readOnly: true}
      - {name: audit-log, hostPath: /var/log/crossfade, mountPath: /var/log/crossfade, pathType: DirectoryOrCreate}
    - {op: add, path: /controllerManager/extraArgs/-, value: {name: leader-elect, value: "false"}}
    - {op: add, path: /controllerManager/extraArgs/-, value: {name: kube-api-qps, value: "200"}}
    - {op: add, path: /controllerManager/extraArgs/-, value: {name: kube-api-burst, value: "400"}}
    - op: add
      path: /scheduler/extraArgs
      value:
      - {name: leader-elect, value: "false"}
      - {name: kube-api-qps, value: "200"}
      - {name: kube-api-burst, value: "400"}
nodes:
- role: control-plane
  extraMounts: [{hostPath: "$AUDIT_POLICY", containerPath: /etc/crossfade/audit-policy.yaml, readOnly: true}]
  extraPortMappings:   # gateway, spare, Prometheus: never on any other address
  - {listenAddress: 127.0.0.1, hostPort: 30080, containerPort: 30080}
  - {listenAddress: 127.0.0.1, hostPort: 30081, containerPort: 30081}
  - {listenAddress: 127.0.0.1, hostPort: 30090, containerPort: 30090}
EOF
}

# The image built here has this unit; kind's own gets it afterwards.
refuse_stray_packets() {
  docker cp "$CLUSTER_DIR/node/stray-packets.service" "$NODE:/etc/systemd/system/"
  docker exec "$NODE" systemctl enable --now stray-packets
}

# The cluster's own file, and the user's where it lacks this cluster or knows an earlier one of its name.
write_kubeconfig() {
  local fresh theirs ours
  fresh=$(mktemp "$CACHE/tmp/kubeconfig.XXXX")
  "$KIND" get kubeconfig --name "$CLUSTER_NAME" >"$fresh"
  mv -T "$fresh" "$CLUSTER_KUBECONFIG"
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
  kubectl wait node "$NODE" --for=condition=Ready --timeout=90s
  forget_played_nodes
  until_true 90 system_started_since "$started" ||
    die "Not all of kube-system has started 90 s after the node. Look at: kubectl --context kind-$CLUSTER_NAME -n kube-system describe pods; or remove the cluster with 'make clean' and try again."
  kubectl -n kube-system rollout status deployment/coredns --timeout=90s
  # A Deployment's status may still be from before the restart; a started pod's is not.
  kubectl -n kube-system wait pods -l k8s-app=kube-dns --for=condition=Ready --timeout=90s
  until_true 60 endpoints_are_current ||
    die "The endpoints of the DNS Service are not its pods. Look at: kubectl --context kind-$CLUSTER_NAME -n kube-system logs kube-controller-manager-$NODE; or remove the cluster with 'make clean' and try again."
}

node_reported_since() {
  local renewed
  renewed=$(kubectl -n kube-node-lease get lease "$NODE" -o jsonpath='{.spec.renewTime}') || return 1
  [[ $renewed > $1 ]]
}

system_started_since() {
  local at started
  started=$(kubectl -n kube-system get pods --field-selector "spec.nodeName=$NODE" \
    -o jsonpath='{.items[*].status.containerStatuses[*].state.running.startedAt}') || return 1
  [[ -n $started ]] || return 1
  for at in $started; do [[ ! $at < ${1%%.*} ]] || return 1; done
}

# A test or bench that was killed leaves the node that kwok played for it. Its pods never start again.
forget_played_nodes() {
  pgrep -x kwok || kubectl delete node -l crossfade-bench --ignore-not-found --timeout=30s
}

# Pods get new addresses when the node restarts; Services must have followed.
endpoints_are_current() {
  local pods endpoints
  pods=$(kubectl -n kube-system get pods -l k8s-app=kube-dns -o jsonpath='{range .items[*]}{.status.podIP}{"\n"}{end}' | sort) || return 1
  endpoints=$(kubectl -n kube-system get endpointslices -l kubernetes.io/service-name=kube-dns \
    -o jsonpath='{range .items[*].endpoints[*]}{.addresses[0]}{"\n"}{end}' | sort) || return 1
  [[ -n $pods && $pods == "$endpoints" ]]
}

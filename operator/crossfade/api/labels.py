"""Every group, label, annotation, finalizer and field manager that Crossfade writes, in one place."""

from typing import Final

GROUP: Final = "crossfade.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = "crossfade.dev/v1alpha1"

PREFIX: Final = "crossfade.dev/"
"""What every label and annotation of ours begins with; a pod template may not use it."""

LABEL_ROLLOUT: Final = "crossfade.dev/rollout"
"""On everything made for a Rollout, and in the selectors of its Services: the Rollout's name."""

LABEL_REVISION: Final = "crossfade.dev/revision"
"""On a revision's Deployment and pods, and in a Service that selects one revision: the hash of the template."""

LABEL_OWNER_UID: Final = "crossfade.dev/rollout-uid"
"""On objects that are to outlive their Rollout and so have no owner reference: the UID of the Rollout."""

LABEL_HOOK: Final = "crossfade.dev/hook"
"""On Jobs that a release runs: the name of the hook or the metric."""

LABEL_ROLE: Final = "crossfade.dev/role"
"""On Services: `production`, `preview` or `canary`."""

ANNOTATION_RELEASE: Final = "crossfade.dev/release"
"""On a revision's Deployment: the number of the release that introduced it."""

ANNOTATION_RESTARTED_AT: Final = "crossfade.dev/restarted-at"
"""On a revision's pod template: when its pods were last asked to start anew."""

ANNOTATION_DRAIN: Final = "crossfade.dev/drain-seconds"
"""On a revision's Deployment: the preStop sleep that was added to its pods when it was made."""

ANNOTATION_LAST_WORDS: Final = "crossfade.dev/last-words"
"""On a revision's Deployment, where its containers were made to leave the end of their log when they fail: the value of
`terminationMessagePolicy` that was added."""

ANNOTATION_PORTS: Final = "crossfade.dev/ports"
"""On a revision's Deployment, and on its Release: the ports that the Service has while requests go to it, as JSON."""

ANNOTATION_GIVE_BACK: Final = "crossfade.dev/give-back-selector"
"""On an adopted Service: its selector from before, as JSON, so that it can be given back."""

ANNOTATION_ANY_REVISION: Final = "crossfade.dev/any-revision"
"""On somebody's Service: with `"true"` its owner says that it may reach pods of every revision (metrics, a headless one)."""

ANNOTATION_ROUTE: Final = "crossfade.dev/route-before"
"""On the canary Service: the route that sends requests to it, and what its rules were before, as JSON, so that they come back:
`{"kind": "HTTPRoute", "name": "shop", "rule": "main", "before": {"0": {"backendRefs": [...]}}}`."""

ANNOTATION_SPEC: Final = "crossfade.dev/spec-hash"
"""On a route that the operator made: what it was made from, so that what is taken out of that leaves the route too."""

ANNOTATION_REQUESTER: Final = "crossfade.dev/requester"
"""On a Rollout: the user who changed its template last, as the API server wrote it down."""

ANNOTATION_FROZEN_BY: Final = "crossfade.dev/frozen-by"
"""On a RolloutPolicy that `crossfade freeze` has frozen: the user who did it, as the API server knows him."""

FINALIZER: Final = "crossfade.dev/give-back"
"""On a Rollout, only while it holds something that must be given back before it may go."""

FIELD_MANAGER: Final = "crossfade"
FIELD_MANAGER_STATUS: Final = "crossfade-status"

"""`images`: which images may run: in the pods, their init containers, sidecars, ephemeral containers and image volumes, and in the Jobs
of hooks and metrics.

A name is judged as a container runtime reads it: without a host it is on docker.io, there without a folder in `library`; `host:port` is
a host; of `name:tag@digest` the digest decides what runs, and the tag is judged all the same. A text that is put together when a Job is
made (`{{…}}`) cannot be judged, but `{{image}}` alone, which is the image of the pods. With `workloadRef` the pods' template is a
Deployment's, and Jobs may be those of an AnalysisTemplate: admission cannot see them, and the operator judges them. Else the CEL form is
exact. What a ClusterAnalysisTemplate runs is its admin's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from crossfade.api.policy import RolloutPolicySpec
from crossfade.api.policy_rules import ImageRule
from crossfade.core.policy.about import About, Cel, let, said_if
from crossfade.core.policy.rules.analysis import analyses

DIGEST: Final = "@sha256:[a-f0-9]{64}$"
SAME: Final = "{{image}}"
CONTAINERS: Final = ("initContainers", "containers", "ephemeralContainers")


class Image(NamedTuple):
    """An image's name taken apart. Example of `repository`: `docker.io/library/nginx`."""

    repository: str
    tag: str
    digest: str


def problems(policy: RolloutPolicySpec, about: About) -> Iterator[str]:
    """The first image that may not run: of the pods, of each hook, and of the metrics of each analysis."""
    rule = policy.images
    for pods in _pods(about) if rule is not None else ():
        yield from [first] if rule and (first := _first_wrong(rule, pods)) else []
    for name, template in _shared(about) if rule is not None else ():
        if rule and (first := wrong_in(rule, template)):
            yield f"AnalysisTemplate {name}: {first}"


def wrong_in(rule: ImageRule, template: Mapping[str, Any]) -> str:
    """The first image of the pods of a template that may not run, whatever a spec has beside it; "" where all may."""
    pod = template.get("spec")
    return _first_wrong(rule, [pod]) if isinstance(pod, Mapping) else ""


def parsed(image: str) -> Image:
    """An image's name as a container runtime reads it."""
    name, _, digest = image.partition("@")
    last = name.rpartition("/")[2]
    tag = last.rpartition(":")[2] if ":" in last else ""
    bare = name[: len(name) - len(tag) - 1] if tag else name
    host, slash, rest = bare.partition("/")
    if not slash or not (set(".:") & set(host) or host == "localhost" or host != host.lower()):
        host, rest = "docker.io", bare
    host = "docker.io" if host == "index.docker.io" else host
    folder = "library/" if host == "docker.io" and "/" not in rest else ""
    return Image(f"{host}/{folder}{rest}", tag, digest)


def _pods(about: About) -> Iterator[list[Mapping[str, Any]]]:
    """The pod specs that a release runs; of what is none, nothing: the API server refuses it."""
    jobs = [[hook.job] for hook in about.spec.hooks if hook.job is not None]
    jobs += [[metric.job for metric in each.metrics if metric.job is not None] for each in analyses(about)]
    groups: list[Iterable[Mapping[str, Any] | None]] = [[about.template]]
    groups += [(job.template for job in some) for some in jobs]
    for templates in groups:
        found = [(each or {}).get("spec") for each in templates]
        yield [pod for pod in found if isinstance(pod, Mapping)]


def _first_wrong(rule: ImageRule, pods: Iterable[Mapping[str, Any]]) -> str:
    found = ((place, image) for pod in pods for place, image in _images(pod))
    return next((why for place, image in found for why in _wrong(rule, place, image)), "")


def _shared(about: About) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The pod templates of Jobs that AnalysisTemplates of its namespace run, each template once."""
    refs = (ref for each in analyses(about) for ref in each.templates if not ref.cluster)
    for name in dict.fromkeys(ref.name for ref in refs):
        for metric in about.measured.get(name, ()):
            if metric.job is not None:
                yield name, metric.job.template


def _images(pod: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for kind in CONTAINERS:
        for each in _listed(pod, kind):
            if isinstance(each.get("image"), str):
                yield f"{kind}[{_name(each)}].image", each["image"]
    for each in _listed(pod, "volumes"):
        source = each.get("image")
        if isinstance(source, Mapping) and isinstance(source.get("reference"), str):
            yield f"volumes[{_name(each)}].image.reference", source["reference"]


def _name(each: Mapping[str, Any]) -> str:
    return each["name"] if isinstance(each.get("name"), str) else ""


def _listed(pod: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    found = pod.get(kind)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _wrong(rule: ImageRule, place: str, image: str) -> Iterator[str]:
    if image == SAME:
        return
    told = f"{place} {image}"
    if "{{" in image:
        yield f"{told} is known only when it runs: write the image itself, or {SAME}"
        return
    name = parsed(image)
    if rule.registries and not any(_is_from(name.repository, each) for each in rule.registries):
        yield f"{told} is {name.repository}, which is from none of the allowed registries: use one of {rule.registries[0]}"
    if rule.digest_required and not re.search(DIGEST, image):
        yield f"{told} has no digest: write it as name@sha256:…"
    tag = name.tag or ("" if name.digest else "latest")
    if tag in rule.denied_tags:
        yield f"{told} has the denied tag {tag}: name another one"


def _is_from(repository: str, beginning: str) -> bool:
    whole = beginning.rstrip("/")
    return repository == whole or repository.startswith(f"{whole}/")


PLACE, IMAGE, BARE, TAG, HOST, FULL, REPOSITORY = (f"p[{index}]" for index in range(7))
"""CEL takes a name apart in the order of `parsed`, a part at a time: each is put behind those before it."""


def _of(kind: str, image: str, there: str, field: str) -> str:
    """CEL of the images of one list of a pod; nulls, and what is none at all, are left to the API server."""
    name = "(has(c.name) && type(c.name) == string ? c.name : '')"
    known = f"type(c) == map && {there} && type({image}) == string"
    placed = f"['{kind}[' + {name} + '].{field}', string({image})]"
    return (
        f"(has(pod.{kind}) && type(pod.{kind}) == list ? pod.{kind}.filter(c, {known}).map(c, {placed}) : [])"
    )


_PODS: Final = " + ".join(
    [
        said_if("has(variables.spec.template)", "[variables.spec.template.spec]"),
        "(has(variables.spec.hooks) ? variables.spec.hooks.filter(h, has(h.job)).map(h, [h.job.template.spec]) : [])",
        "variables.analyses.filter(a, has(a.metrics)).map(a, a.metrics.filter(m, has(m.job)).map(m, m.job.template.spec))",
    ]
)
_PLACED: Final = " + ".join(
    [
        *(_of(kind, "c.image", "has(c.image)", "image") for kind in CONTAINERS),
        _of(
            "volumes",
            "c.image.reference",
            "has(c.image) && type(c.image) == map && has(c.image.reference)",
            "image.reference",
        ),
    ]
)


def _each(before: str, part: str) -> str:
    """CEL: of every image of every pod what was known before, and one part more."""
    return f"variables.{before}.map(pods, pods.map(each, each.map(p, p + [{part}])))"


_LAST: Final = f"{BARE}.substring({BARE}.lastIndexOf('/') + 1)"
_HOSTED: Final = (
    f"{BARE}.contains('/') && (h.contains('.') || h.contains(':') || h == 'localhost' || h != h.lowerAscii())"
)
_HOST: Final = let("h", f"{BARE}.split('/')[0]", f"{_HOSTED} ? h : ''")
_UNTAGGED: Final = f"({TAG} == '' ? {BARE} : {BARE}.substring(0, {BARE}.size() - {TAG}.size() - 1))"
_HUB: Final = f"{HOST} == '' ? 'docker.io/' + {_UNTAGGED} : {HOST} == 'index.docker.io' ? {_UNTAGGED}.substring(6) : {_UNTAGGED}"
_FOLDER: Final = f"{FULL}.startsWith('docker.io/') && !{FULL}.substring(10).contains('/') ? 'docker.io/library/' + {FULL}.substring(10) : {FULL}"
_VARIABLES: Final = (
    ("podSpecs", _PODS),
    ("images", f"variables.podSpecs.map(pods, pods.map(pod, {_PLACED}))"),
    ("bareImages", _each("images", f"{IMAGE}.split('@')[0]")),
    (
        "taggedImages",
        _each("bareImages", f"{_LAST}.contains(':') ? {_LAST}.substring({_LAST}.lastIndexOf(':') + 1) : ''"),
    ),
    ("hostedImages", _each("taggedImages", _HOST)),
    ("fullImages", _each("hostedImages", _HUB)),
    ("knownImages", _each("fullImages", _FOLDER)),
)

_RULE: Final = "variables.policy.images"
_WHOLE: Final = "(r.endsWith('/') ? r.substring(0, r.size() - 1) : r)"
_FROM: Final = (
    f"{_RULE}.registries.exists(r, {REPOSITORY} == {_WHOLE} || {REPOSITORY}.startsWith({_WHOLE} + '/'))"
)
_TAG: Final = f"({TAG} != '' ? {TAG} : ({IMAGE}.contains('@') ? '' : 'latest'))"
_NAMED: Final = f"{PLACE} + ' ' + {IMAGE}"
_WRONG: Final = " + ".join(
    [
        said_if(
            f"has({_RULE}.registries) && {_RULE}.registries.size() > 0 && !{_FROM}",
            f"{_NAMED} + ' is ' + {REPOSITORY} + ', which is from none of the allowed registries: use one of ' + "
            f"{_RULE}.registries[0]",
        ),
        said_if(
            f"has({_RULE}.digestRequired) && {_RULE}.digestRequired && !{IMAGE}.matches('{DIGEST}')",
            f"{_NAMED} + ' has no digest: write it as name@sha256:…'",
        ),
        said_if(
            f"has({_RULE}.deniedTags) && {_TAG} in {_RULE}.deniedTags",
            f"{_NAMED} + ' has the denied tag ' + {_TAG} + ': name another one'",
        ),
    ]
)
_UNKNOWN: Final = f"{_NAMED} + ' is known only when it runs: write the image itself, or {SAME}'"
_ONE: Final = f"{IMAGE} == '{SAME}' ? [] : {IMAGE}.contains('{{{{') ? [{_UNKNOWN}] : ({_WRONG})"
_FIRST: Final = ".filter(told, told.size() > 0).map(told, told[0])"
CEL: Final = Cel(
    f"variables.wrongImages.map(pods, pods.map(each, each{_FIRST}){_FIRST}){_FIRST}",
    (*_VARIABLES, ("wrongImages", f"variables.knownImages.map(pods, pods.map(each, each.map(p, {_ONE})))")),
)

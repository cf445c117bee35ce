"""Which kubeconfigs the command line reads by itself, and which are the official client's."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from crossfade.wire.impersonation import impersonation
from crossfade.wire.kubeconfig import PROXIES, Access, plain_access

WORD = "open-sesame"
CLUSTER = {"server": "https://1.2.3.4:6443/", "certificate-authority-data": base64.b64encode(b"CA").decode()}


@pytest.fixture(autouse=True)
def nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, "KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)


def written(folder: Path, user: dict[str, Any], **cluster: Any) -> str:
    config = {
        "current-context": "here",
        "contexts": [
            {"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "team"}},
            {"name": "there", "context": {"cluster": "c", "user": "u"}},
        ],
        "clusters": [{"name": "c", "cluster": {**CLUSTER, **cluster}}],
        "users": [{"name": "u", "user": user}],
    }
    path = folder / "config"
    path.write_text(json.dumps(config))
    return str(path)


def test_certificates_are_read_from_the_file_itself_or_from_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("CERT")
    user = {"client-certificate": "cert.pem", "client-key-data": base64.b64encode(b"KEY").decode()}
    access = plain_access(written(tmp_path, user), None)
    assert access == Access("https://1.2.3.4:6443", "team", b"CA", b"CERT", b"KEY")


def test_a_token_is_read_from_the_file_itself_or_from_another_one(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{WORD}\n")
    file = {"tokenFile": str(tmp_path / "token")}
    for user in ({"token": WORD}, file, {"token": "older", **file}):
        access = plain_access(written(tmp_path, user), "there")
        assert access == Access("https://1.2.3.4:6443", "default", b"CA", token=WORD)


def test_the_environment_names_the_file_where_no_option_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", written(tmp_path, {"token": WORD}))
    access = plain_access(None, None)
    assert access is not None
    assert access.token == WORD


@pytest.mark.parametrize(
    ("user", "cluster"),
    [
        ({"exec": {"command": "aws"}}, {}),
        ({"auth-provider": {"name": "oidc"}}, {}),
        ({"username": "ann", "password": "x"}, {}),
        ({"token": "x", "as-groups": ["leads"]}, {}),
        ({"token": "x"}, {"proxy-url": "http://proxy"}),
        ({"token": "x"}, {"tls-server-name": "other"}),
        ({"tokenFile": "nowhere"}, {}),
    ],
)
def test_what_is_not_plain_is_left_to_the_official_client(
    tmp_path: Path, user: dict[str, Any], cluster: dict[str, Any]
) -> None:
    assert plain_access(written(tmp_path, user, **cluster), None) is None


def test_what_cannot_be_read_is_left_to_the_official_client_which_says_why(tmp_path: Path) -> None:
    path = written(tmp_path, {"token": "x"})
    assert plain_access(str(tmp_path / "nowhere"), None) is None
    assert plain_access(path, "no-such-context") is None
    assert plain_access(f"{path}:{path}", None) is None
    (tmp_path / "broken").write_text("{")
    assert plain_access(str(tmp_path / "broken"), None) is None


def test_a_pods_account_and_a_proxy_are_left_to_the_official_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, {"token": "x"})
    assert plain_access(path, None) is not None
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    assert plain_access(path, None) is None
    monkeypatch.delenv("HTTPS_PROXY")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    assert plain_access(None, None) is None


def test_who_is_impersonated_stands_in_headers(tmp_path: Path) -> None:
    user = {
        "token": WORD,
        "as": "bob",
        "as-uid": "7",
        "as-groups": ["leads", "dba"],
        "as-user-extra": {"example.com/why": ["drill"]},
    }
    access = plain_access(written(tmp_path, user), None)
    assert access is not None
    assert access.impersonation == (
        ("Impersonate-User", "bob"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Group", "leads"),
        ("Impersonate-Group", "dba"),
        ("Impersonate-Extra-example.com%2Fwhy", "drill"),
    )


def test_whom_the_command_line_names_goes_before_whom_the_file_does(tmp_path: Path) -> None:
    path = written(tmp_path, {"token": WORD, "as": "bob", "as-groups": ["leads"]})
    access = plain_access(path, None, {"as": "ann", "as-groups": ["devs", "ops"]})
    assert access is not None
    assert access.impersonation == (
        ("Impersonate-User", "ann"),
        ("Impersonate-Group", "devs"),
        ("Impersonate-Group", "ops"),
    )


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ({"as-groups": ["leads"]}, "as-groups without `as`"),
        ({"as": "bob", "as-groups": "leads"}, "'leads' where a list is meant"),
        ({"as": "bob\r\nX: y"}, "line break"),
    ],
)
def test_an_impersonation_that_is_not_said_wholly_is_no_one(user: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        impersonation(user)

"""moto as a real HTTP server: it checks each signature by botocore's code, and each action by the policies of whose keys they are.

Where it is not as AWS is: it reads policies for `monitoring:GetMetricData`, where AWS has `cloudwatch:GetMetricData`. It refuses keys in XML,
where AWS answers in JSON. Of metric math it knows the id of a metric alone. Where there are dimensions it does not look at the namespace. It
checks no clock, throttles nobody, and gives no series in part.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.request import Request, urlopen

import boto3
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from crossfade.providers.secret import Secret
from crossfade.providers.sigv4 import Keys
from providers.served import HERE

REGION: Final = "eu-central-1"
MAY_ASK: Final = ("cloudwatch:GetMetricData", "monitoring:GetMetricData")


@dataclass(frozen=True)
class Aws:
    """Where it is, and keys: of somebody who may do all, may ask, may not ask, and of a role that may ask, for a while."""

    url: str
    admin: Keys
    reader: Keys
    stranger: Keys
    temporary: Keys

    def put(self, values: Mapping[int, float], **dimensions: str) -> None:
        """Publish values of the metric `Errors` of `Shop`, by their times in seconds since 1970."""
        named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
        told = [
            {
                "MetricName": "Errors",
                "Timestamp": datetime.fromtimestamp(at, UTC),
                "Value": value,
                "Dimensions": named,
            }
            for at, value in values.items()
        ]
        _client("cloudwatch", self.url, self.admin).put_metric_data(Namespace="Shop", MetricData=told)


@contextmanager
def moto_served() -> Iterator[Aws]:
    """Serve until the end of the block."""
    server = make_server(HERE, 0, DomainDispatcherApplication(create_backend_app), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://{HERE}:{server.server_port}"
        aws = _with_users(url)
        from_now_on = Request(f"{url}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})  # noqa: S310
        with urlopen(from_now_on):  # noqa: S310 -- nobody is let in without rights
            yield aws
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _with_users(url: str) -> Aws:
    anybody = Keys(Secret("anybody"), Secret("anything"))
    iam = _client("iam", url, anybody)
    users = {
        name: _user(iam, name, may) for name, may in (("admin", ["*"]), ("reader", MAY_ASK), ("stranger", []))
    }
    trusts = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps({"Statement": [trusts]}))
    iam.put_role_policy(RoleName="reader", PolicyName="may", PolicyDocument=_policy(MAY_ASK))
    sts = _client("sts", url, anybody)
    given = sts.assume_role(RoleArn=role["Role"]["Arn"], RoleSessionName="test")["Credentials"]
    temporary = Keys(
        Secret(given["AccessKeyId"]), Secret(given["SecretAccessKey"]), Secret(given["SessionToken"])
    )
    return Aws(url, users["admin"], users["reader"], users["stranger"], temporary)


def _user(iam: Any, name: str, may: Sequence[str]) -> Keys:
    iam.create_user(UserName=name)
    if may:
        iam.put_user_policy(UserName=name, PolicyName="may", PolicyDocument=_policy(may))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Keys(Secret(key["AccessKeyId"]), Secret(key["SecretAccessKey"]))


def _policy(actions: Sequence[str]) -> str:
    allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allowed]})


def _client(service: str, url: str, keys: Keys) -> Any:
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=keys.access_key_id.reveal(),
        aws_secret_access_key=keys.secret_access_key.reveal(),
    )

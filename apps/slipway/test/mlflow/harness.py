"""Checks of an MLflow server through the real client: what a check covers, and how each one came out."""

import json
import sys
import time
import traceback
import uuid

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from mlflow.utils.rest_utils import http_request

try:
    from mlflow.utils.credentials import get_default_host_creds
except ImportError:  # older clients
    from mlflow.tracking._tracking_service.utils import get_default_host_creds

CHECKS = []
MAJOR = int(mlflow.__version__.split(".")[0])
API = "/api/2.0/mlflow"


def check(*endpoints, since=2, stricter=False):
    """Marks a function as a check of some endpoints, named as `METHOD path`.

    `since`: first major version of the client that has it. `stricter`: MLflow's own server does not pass it.
    """

    def mark(function):
        CHECKS.append((function.__name__, endpoints, since, stricter, function))
        return function

    return mark


def client():
    return MlflowClient()


def unique(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def experiment(**options):
    return client().create_experiment(unique("experiment"), **options)


def run(experiment_id=None, **options):
    return client().create_run(experiment_id or experiment(), **options)


def call(method, path, body=None, query=None, headers=None, data=None):
    """One HTTP call with the client's own stack and credentials; never raises for a status."""
    options = {"extra_headers": headers} if headers else {}
    if body is not None:
        options["json"] = body
    if query is not None:
        options["params"] = query
    if data is not None:
        options["data"] = data
    creds = get_default_host_creds(mlflow.get_tracking_uri())
    return http_request(creds, path, method, max_retries=0, raise_on_status=False, **options)


def api(method, path, body=None, query=None):
    """The JSON of a call that has to be answered by 200."""
    response = call(method, API + path, body, query)
    assert response.status_code == 200, f"{response.status_code} {response.text[:300]}"
    return response.json()


def refused(status, code, text="", of=None):
    """Asserts what an answer refuses."""
    assert of.status_code == status, f"{of.status_code} {of.text[:300]}"
    found = of.json()
    assert found["error_code"] == code, found
    assert text in found["message"], found


class Raises:
    """Asserts that the client raises, with this error code and text."""

    def __init__(self, code, text=""):
        self.code, self.text = code, text

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        assert kind is not None, f"nothing was raised, expected {self.code}"
        if not issubclass(kind, MlflowException):
            return False
        assert error.error_code == self.code, f"{error.error_code}: {error}"
        assert self.text in str(error), str(error)
        return True


def main():
    only = sys.argv[1:]
    for name, endpoints, since, stricter, function in CHECKS:
        if only and not any(part in name for part in only):
            continue
        began = time.monotonic()
        failure = None
        if since <= MAJOR:
            try:
                function()
            except Exception:  # each check stands for itself
                failure = traceback.format_exc(limit=-3)
        outcome = "not in this client" if since > MAJOR else "failed" if failure else "passed"
        row = {"check": name, "endpoints": endpoints, "stricter": stricter, "outcome": outcome, "seconds": round(time.monotonic() - began, 3)}
        if failure:
            row["failure"] = failure
        print(json.dumps(row), flush=True)

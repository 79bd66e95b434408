"""Artifacts through the proxy of the server."""

import hashlib
import os
import tempfile
from pathlib import Path

import mlflow

from harness import API, Raises, api, call, check, client, experiment, refused, run, unique

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
MEGABYTES = int(os.environ.get("CHECK_MEGABYTES", "32"))


def proxy_path(made, path=""):
    """Where the proxy has the artifacts of a run."""
    uri = made.info.artifact_uri
    assert uri.startswith("mlflow-artifacts:/"), uri
    below = uri.removeprefix("mlflow-artifacts:").lstrip("/")
    return f"{PROXY}/{below}/{path}".rstrip("/")


@check("PUT mlflow-artifacts/artifacts", "GET artifacts/list")
def log_text_and_list():
    made = run().info.run_id
    client().log_text(made, "hello", "notes/a.txt")
    client().log_text(made, "there", "b.txt")
    found = [(one.path, one.is_dir, one.file_size) for one in client().list_artifacts(made)]
    assert found == [("b.txt", False, 5), ("notes", True, None)], found
    assert [one.path for one in client().list_artifacts(made, "notes")] == ["notes/a.txt"]


@check("GET artifacts/list")
def list_artifacts_root():
    made = run()
    found = api("GET", "/artifacts/list", query={"run_id": made.info.run_id})
    assert found["root_uri"] == made.info.artifact_uri and found.get("files", []) == []


@check("GET artifacts/list")
def list_artifacts_of_an_absent_run():
    answer = call("GET", f"{API}/artifacts/list", query={"run_id": "d" * 32})
    refused(404, "RESOURCE_DOES_NOT_EXIST", "Run with id=", answer)


@check("GET artifacts/list", stricter=True)
def list_artifacts_bad_paths():
    made = run().info.run_id
    for path in ["../", "/etc", "a/../../b", "%2e%2e", "..%2f", "a\\..\\..\\b"]:
        answer = call("GET", f"{API}/artifacts/list", query={"run_id": made, "path": path})
        refused(400, "INVALID_PARAMETER_VALUE", "Invalid path", answer)


@check("PUT mlflow-artifacts/artifacts", "GET mlflow-artifacts/artifacts")
def log_and_download_a_folder():
    made = run().info.run_id
    with tempfile.TemporaryDirectory() as folder:
        for name in ["a.txt", "deep/b.bin", "deep/er/ü (1).txt", ".hidden"]:
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode() * 3)
        client().log_artifacts(made, folder, "data")
        with tempfile.TemporaryDirectory() as target:
            found = Path(client().download_artifacts(made, "data", target))
            names = sorted(str(path.relative_to(found)) for path in found.rglob("*") if path.is_file())
            assert names == sorted(["a.txt", "deep/b.bin", "deep/er/ü (1).txt", ".hidden"]), names
            assert Path(found, "deep/er/ü (1).txt").read_bytes() == "deep/er/ü (1).txt".encode() * 3


@check("PUT mlflow-artifacts/artifacts")
def log_artifact_again_replaces_it():
    made = run().info.run_id
    client().log_text(made, "one", "a.txt")
    client().log_text(made, "three", "a.txt")
    assert mlflow.artifacts.load_text(f"runs:/{made}/a.txt") == "three"


@check("PUT mlflow-artifacts/artifacts", "GET mlflow-artifacts/artifacts")
def large_artifact_both_ways():
    made = run().info.run_id
    block = os.urandom(1024 * 1024)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "large.bin")
        digest = hashlib.sha256()
        with path.open("wb") as out:
            for index in range(MEGABYTES):
                part = index.to_bytes(8, "big") + block[8:]
                out.write(part)
                digest.update(part)
        client().log_artifact(made, str(path))
        path.unlink()
        found = Path(client().download_artifacts(made, "large.bin", folder))
        again = hashlib.sha256()
        with found.open("rb") as source:
            while part := source.read(1 << 20):
                again.update(part)
        assert again.hexdigest() == digest.hexdigest()


@check("GET mlflow-artifacts/artifacts")
def download_headers():
    made = run()
    client().log_text(made.info.run_id, "<script>alert(1)</script>", "page.html")
    answer = call("GET", proxy_path(made, "page.html"))
    assert answer.status_code == 200 and answer.text == "<script>alert(1)</script>"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("attachment"), answer.headers


@check("GET mlflow-artifacts/artifacts")
def download_an_absent_artifact():
    answer = call("GET", proxy_path(run(), "nothing.txt"))
    assert answer.status_code in (404, 500), answer.status_code
    with tempfile.TemporaryDirectory() as folder:
        try:
            client().download_artifacts(run().info.run_id, "nothing.txt", folder)
        except Exception:
            return
    raise AssertionError("an absent artifact was downloaded")


@check("GET mlflow-artifacts/artifacts")
def list_through_the_proxy():
    made = run()
    client().log_text(made.info.run_id, "1", "a/b.txt")
    client().log_text(made.info.run_id, "1", "a/c/d.txt")
    below = proxy_path(made, "a").removeprefix(PROXY + "/")
    found = call("GET", PROXY, query={"path": below}).json()["files"]
    assert sorted((one["path"], one["is_dir"]) for one in found) == [("b.txt", False), ("c", True)], found


@check("DELETE mlflow-artifacts/artifacts")
def delete_artifact():
    made = run()
    client().log_text(made.info.run_id, "1", "a.txt")
    client().log_text(made.info.run_id, "2", "b.txt")
    answer = call("DELETE", proxy_path(made, "a.txt"))
    assert answer.status_code == 200, answer.text
    assert [one.path for one in client().list_artifacts(made.info.run_id)] == ["b.txt"]


@check("PUT mlflow-artifacts/artifacts", "GET mlflow-artifacts/artifacts", "DELETE mlflow-artifacts/artifacts", stricter=True)
def proxy_traversal():
    made = run()
    client().log_text(made.info.run_id, "kept", "kept.txt")
    base = proxy_path(made)
    for path in ["%2e%2e%2f%2e%2e%2fx", "..%5c..%5cx", "%2fetc%2fpasswd", "a%2f..%2f..%2fb", "C:%5cx", "%252e%252e%252fx", "a%00b"]:
        for method in ["GET", "PUT", "DELETE"]:
            answer = call(method, f"{base}/{path}", data=b"x" if method == "PUT" else None)
            assert 400 <= answer.status_code < 500, f"{method} {path}: {answer.status_code} {answer.text[:200]}"
    assert [one.path for one in client().list_artifacts(made.info.run_id)] == ["kept.txt"]


@check("POST mlflow-artifacts/mpu/create", "POST mlflow-artifacts/mpu/complete", "POST mlflow-artifacts/mpu/abort")
def multipart_upload_or_a_clear_no():
    made = run()
    below = made.info.artifact_uri.removeprefix("mlflow-artifacts:").lstrip("/")
    create = f"/api/2.0/mlflow-artifacts/mpu/create/{below}"
    answer = call("POST", create, {"path": "big.bin", "num_parts": 2})
    if answer.status_code == 501:
        refused(501, "NOT_IMPLEMENTED", "Multipart upload is not supported for the current artifact repository", answer)
        return
    assert answer.status_code == 200, answer.text
    import requests

    upload = answer.json()
    parts = []
    for credential in sorted(upload["credentials"], key=lambda one: one["part_number"]):
        url = credential["url"]
        sender = requests.put if url.startswith("http") else None
        body = bytes([credential["part_number"]]) * (5 * 1024 * 1024)
        sent = sender(url, data=body, headers=credential.get("headers")) if sender else call("PUT", url, data=body)
        assert sent.status_code == 200, sent.text
        parts.append({"part_number": credential["part_number"], "etag": sent.headers["ETag"], "url": url})
    done = {"path": "big.bin", "upload_id": upload["upload_id"], "parts": parts}
    assert call("POST", create.replace("/create/", "/complete/"), done).status_code == 200
    found = call("GET", proxy_path(made, "big.bin")).content
    assert found == b"\x01" * (5 * 1024 * 1024) + b"\x02" * (5 * 1024 * 1024)
    other = call("POST", create, {"path": "none.bin", "num_parts": 1}).json()
    gone = {"path": "none.bin", "upload_id": other["upload_id"]}
    assert call("POST", create.replace("/create/", "/abort/"), gone).status_code == 200
    assert [one.path for one in client().list_artifacts(made.info.run_id)] == ["big.bin"]


@check("GET /get-artifact")
def get_artifact_of_the_page():
    made = run().info.run_id
    client().log_text(made, "text", "a/b.txt")
    for name in ["run_id", "run_uuid"]:
        answer = call("GET", "/get-artifact", query={name: made, "path": "a/b.txt"})
        assert answer.status_code == 200 and answer.text == "text", answer.text
    for path in ["../../etc/passwd", "/etc/passwd", "a/../../../b", "..%2f..%2fetc%2fpasswd"]:
        answer = call("GET", "/get-artifact", query={"run_id": made, "path": path})
        assert answer.status_code == 400, f"{path}: {answer.status_code}"


@check("POST upload-artifact")
def upload_artifact_of_the_page():
    made = run().info.run_id
    path = f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={made}&path=up.txt"
    assert call("POST", path, data=b"sent").status_code == 200
    assert mlflow.artifacts.load_text(f"runs:/{made}/up.txt") == "sent"


@check("PUT mlflow-artifacts/artifacts")
def figures_dictionaries_and_tables():
    made = experiment()
    with mlflow.start_run(experiment_id=made) as active:
        mlflow.log_dict({"a": [1, 2]}, "d.json")
        mlflow.log_dict({"a": 1}, "d.yaml")
        mlflow.log_text("x", unique("t") + ".txt")
        mlflow.log_table({"q": ["a", "b"], "n": [1, 2]}, "table.json")
    assert mlflow.artifacts.load_dict(f"runs:/{active.info.run_id}/d.json") == {"a": [1, 2]}
    assert mlflow.artifacts.load_dict(f"runs:/{active.info.run_id}/table.json")["data"] == [["a", 1], ["b", 2]]
    assert "mlflow.loggedArtifacts" in client().get_run(active.info.run_id).data.tags


@check("PUT mlflow-artifacts/artifacts")
def write_to_a_deleted_run():
    made = run()
    client().delete_run(made.info.run_id)
    try:
        client().log_text(made.info.run_id, "x", "a.txt")
    except Exception:
        pass
    client().restore_run(made.info.run_id)
    client().log_text(made.info.run_id, "y", "a.txt")
    assert mlflow.artifacts.load_text(f"runs:/{made.info.run_id}/a.txt") == "y"

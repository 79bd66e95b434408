"""Models: autologging, logged models, ONNX, and what becomes of them in the registry."""

import warnings

import mlflow
import numpy as np

from harness import API, Raises, api, call, check, client, experiment, refused, run, unique

L = "logged-models"
DATA = np.array([[1.0, 2.0], [2.0, 1.0], [3.0, 5.0], [4.0, 3.0]], dtype=np.float32)
TARGET = np.array([5.0, 4.0, 13.0, 10.0], dtype=np.float32)


def fitted():
    from sklearn.linear_model import LinearRegression

    return LinearRegression().fit(DATA, TARGET)


def named(name):
    """The argument of `log_model`: clients before 3 call it otherwise."""
    return {"name": name} if int(mlflow.__version__.split(".")[0]) >= 3 else {"artifact_path": name}


@check("POST runs/create", "POST runs/log-batch", "PUT mlflow-artifacts/artifacts", "POST runs/log-inputs")
def autologging_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    made = experiment()
    mlflow.sklearn.autolog(log_input_examples=True, silent=True)
    try:
        with mlflow.start_run(experiment_id=made) as active:
            LogisticRegression(C=0.5).fit(DATA, (TARGET > 6).astype(int))
    finally:
        mlflow.sklearn.autolog(disable=True, silent=True)
    found = client().get_run(active.info.run_id)
    assert found.data.params["C"] == "0.5"
    assert "training_accuracy_score" in found.data.metrics
    assert found.inputs.dataset_inputs, "no dataset was logged"
    loaded = mlflow.sklearn.load_model(f"runs:/{active.info.run_id}/model")
    assert loaded.C == 0.5


@check("PUT mlflow-artifacts/artifacts", "GET mlflow-artifacts/artifacts")
def log_and_load_a_model():
    made = experiment()
    with mlflow.start_run(experiment_id=made):
        info = mlflow.sklearn.log_model(fitted(), **named("model"), input_example=DATA)
    found = mlflow.pyfunc.load_model(info.model_uri)
    assert np.allclose(found.predict(DATA), TARGET, atol=1e-4)


@check("POST model-versions/create", "POST registered-models/alias", "GET model-versions/get-download-uri")
def log_register_and_load_by_alias():
    made, name = experiment(), unique("priced")
    with mlflow.start_run(experiment_id=made):
        mlflow.sklearn.log_model(fitted(), **named("model"), registered_model_name=name)
    client().set_registered_model_alias(name, "champion", "1")
    found = mlflow.pyfunc.load_model(f"models:/{name}@champion")
    assert np.allclose(found.predict(DATA), TARGET, atol=1e-4)


@check("POST model-versions/create", "GET mlflow-artifacts/artifacts")
def onnx_model_and_back():
    import mlflow.onnx
    from skl2onnx import to_onnx

    made, name = experiment(), unique("onnx")
    graph = to_onnx(fitted(), DATA)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with mlflow.start_run(experiment_id=made):
            mlflow.onnx.log_model(graph, **named("model"), registered_model_name=name)
    found = mlflow.onnx.load_model(f"models:/{name}/1")
    assert found.SerializeToString() == graph.SerializeToString()


def logged(experiment_id, name=None, **more):
    return api("POST", f"/{L}", {"experiment_id": experiment_id, "name": name or unique("m"), **more})["model"]


@check("POST logged-models", "GET logged-models/{id}")
def create_logged_model():
    made = experiment()
    source = run(made).info.run_id
    tags, params = [{"key": "t", "value": "1"}], [{"key": "p", "value": "2"}]
    found = logged(made, "first", model_type="linear", source_run_id=source, tags=tags, params=params)
    info = found["info"]
    assert info["model_id"].startswith("m-") and len(info["model_id"]) == 34
    assert (info["name"], info["status"], info["model_type"]) == ("first", "LOGGED_MODEL_PENDING", "linear") or info["status"] == 1, info
    assert info["artifact_uri"].endswith(f"/models/{info['model_id']}/artifacts")
    again = api("GET", f"/{L}/{info['model_id']}")["model"]
    assert again["info"]["source_run_id"] == source
    assert {one["key"]: one["value"] for one in again["data"]["params"]} == {"p": "2"}
    assert {one["key"]: one["value"] for one in again["info"]["tags"]}["t"] == "1"


@check("POST logged-models")
def logged_model_names():
    made = experiment()
    for name in ["a/b", "a:b", "a.b", "a%b", 'a"b', "a'b"]:
        answer = call("POST", f"{API}/{L}", {"experiment_id": made, "name": name})
        refused(400, "INVALID_PARAMETER_VALUE", "", answer)
    answer = call("POST", f"{API}/{L}", {"name": "a"})
    refused(400, "INVALID_PARAMETER_VALUE", "experiment_id", answer)


@check("PATCH logged-models/{id}")
def finish_logged_model():
    made = logged(experiment())["info"]["model_id"]
    found = api("PATCH", f"/{L}/{made}", {"model_id": made, "status": "LOGGED_MODEL_READY"})["model"]["info"]
    assert found["status"] in ("LOGGED_MODEL_READY", 2), found


@check("GET logged-models/{id}", "DELETE logged-models/{id}")
def delete_logged_model():
    made = logged(experiment())["info"]["model_id"]
    assert call("DELETE", f"{API}/{L}/{made}").status_code == 200
    assert call("GET", f"{API}/{L}/{made}").status_code == 404
    assert call("GET", f"{API}/{L}/m-{'0' * 32}").status_code == 404


@check("PATCH logged-models/{id}/tags", "DELETE logged-models/{id}/tags/{key}")
def tag_logged_model():
    made = logged(experiment())["info"]["model_id"]
    api("PATCH", f"/{L}/{made}/tags", {"tags": [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]})
    assert call("DELETE", f"{API}/{L}/{made}/tags/a").status_code == 200
    found = api("GET", f"/{L}/{made}")["model"]["info"]["tags"]
    assert {one["key"]: one["value"] for one in found} == {"b": "2"}
    assert call("DELETE", f"{API}/{L}/{made}/tags/a").status_code == 404


@check("POST logged-models/{id}/params")
def more_params_of_a_logged_model():
    made = logged(experiment())["info"]["model_id"]
    params = [{"key": f"p{index}", "value": str(index)} for index in range(100)]
    api("POST", f"/{L}/{made}/params", {"model_id": made, "params": params})
    assert len(api("GET", f"/{L}/{made}")["model"]["data"]["params"]) == 100


@check("POST logged-models/search")
def search_logged_models():
    made = experiment()
    names = ["ant", "bee", "cat"]
    ids = {}
    for index, name in enumerate(names):
        params = [{"key": "depth", "value": str(index)}]
        ids[name] = logged(made, name, params=params, tags=[{"key": "k", "value": name}])["info"]["model_id"]
    source = run(made).info.run_id
    for index, name in enumerate(names):
        body = {"run_id": source, "key": "auc", "value": index / 10, "timestamp": 5, "step": 0, "model_id": ids[name]}
        api("POST", "/runs/log-metric", body)

    def ask(text="", **more):
        found = api("POST", f"/{L}/search", {"experiment_ids": [made], "filter": text, **more})
        return [one["info"]["name"] for one in found.get("models", [])]

    assert sorted(ask()) == names
    assert ask("name = 'bee'") == ["bee"]
    assert sorted(ask("params.depth IN ('0', '2')")) == ["ant", "cat"]
    assert ask("tags.k = 'cat'") == ["cat"]
    assert sorted(ask("metrics.auc >= 0.1")) == ["bee", "cat"]
    assert ask(order_by=[{"field_name": "metrics.auc", "ascending": False}]) == ["cat", "bee", "ant"]
    assert ask(order_by=[{"field_name": "name", "ascending": True}]) == names
    answer = call("POST", f"{API}/{L}/search", {"experiment_ids": [made], "filter": "nonsense"})
    refused(400, "INVALID_PARAMETER_VALUE", "", answer)


@check("POST logged-models/search")
def search_logged_models_pages():
    made = experiment()
    ids = {logged(made)["info"]["model_id"] for _ in range(5)}
    seen, body = [], {"experiment_ids": [made], "max_results": 2}
    while True:
        page = api("POST", f"/{L}/search", body)
        seen += [one["info"]["model_id"] for one in page.get("models", [])]
        if not page.get("next_page_token"):
            break
        body["page_token"] = page["next_page_token"]
    assert len(seen) == 5 and set(seen) == ids


@check("POST logged-models/search", stricter=True)
def search_logged_models_bad_token():
    made = experiment()
    answer = call("POST", f"{API}/{L}/search", {"experiment_ids": [made], "page_token": "nonsense"})
    refused(400, "INVALID_PARAMETER_VALUE", "", answer)


@check("GET logged-models/{id}/artifacts/directories")
def artifacts_of_a_logged_model():
    made = logged(experiment())["info"]
    below = made["artifact_uri"].removeprefix("mlflow-artifacts:").lstrip("/")
    sent = call("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{below}/a/b.txt", data=b"text")
    assert sent.status_code == 200, sent.text
    found = api("GET", f"/{L}/{made['model_id']}/artifacts/directories", query={"artifact_directory_path": "a"})
    assert [one["path"] for one in found["files"]] == ["a/b.txt"], found
    path = f"/ajax-api/2.0/mlflow/{L}/{made['model_id']}/artifacts/files"
    answer = call("GET", path, query={"artifact_file_path": "a/b.txt"})
    assert answer.status_code == 200 and answer.text == "text", answer.text
    bad = call("GET", path, query={"artifact_file_path": "../../../etc/passwd"})
    assert 400 <= bad.status_code < 500


@check("POST runs/outputs", "POST runs/log-inputs")
def models_of_a_run():
    made = experiment()
    one, two = logged(made)["info"]["model_id"], logged(made)["info"]["model_id"]
    source = run(made).info.run_id
    api("POST", "/runs/outputs", {"run_id": source, "models": [{"model_id": one, "step": 3}]})
    api("POST", "/runs/log-inputs", {"run_id": source, "models": [{"model_id": two}]})
    found = api("GET", "/runs/get", query={"run_id": source})["run"]
    assert [(each["model_id"], each.get("step", 0)) for each in found["outputs"]["model_outputs"]] == [(one, 3)], found
    assert [each["model_id"] for each in found["inputs"]["model_inputs"]] == [two], found


@check("POST logged-models", "PATCH logged-models/{id}", "POST runs/outputs", since=3)
def logged_models_of_the_client():
    made = experiment()
    with mlflow.start_run(experiment_id=made) as active:
        info = mlflow.sklearn.log_model(fitted(), name="model", params={"alpha": 1}, step=2)
        mlflow.log_metric("rmse", 0.5, step=2, model_id=info.model_id)
    found = mlflow.get_logged_model(info.model_id)
    assert (found.name, str(found.status)) == ("model", "READY") and found.params["alpha"] == "1"
    assert [(one.key, one.value) for one in found.metrics] == [("rmse", 0.5)]
    outputs = client().get_run(active.info.run_id).outputs.model_outputs
    assert [(one.model_id, one.step) for one in outputs] == [(info.model_id, 2)]
    again = mlflow.search_logged_models([made], "metrics.rmse < 1", output_format="list")
    assert [one.model_id for one in again] == [info.model_id]
    registered = mlflow.register_model(f"models:/{info.model_id}", unique("from model"))
    assert client().get_logged_model(info.model_id).tags["mlflow.modelVersions"], "the model does not know its version"
    assert mlflow.sklearn.load_model(f"models:/{registered.name}/1").coef_.shape == (2,)


@check("POST logged-models", since=3)
def logged_model_outside_a_run():
    mlflow.set_experiment(experiment_id=experiment())
    made = mlflow.create_external_model(name=unique("external"))
    assert mlflow.get_logged_model(made.model_id).name == made.name
    mlflow.set_logged_model_tags(made.model_id, {"a": "1"})
    assert mlflow.get_logged_model(made.model_id).tags["a"] == "1"
    mlflow.delete_logged_model_tag(made.model_id, "a")
    assert "a" not in mlflow.get_logged_model(made.model_id).tags


@check("POST runs/log-batch", since=3)
def metrics_with_a_dataset():
    import pandas as pd

    made = experiment()
    dataset = mlflow.data.from_pandas(pd.DataFrame({"a": [1.0]}), name="small", source="https://data.invalid/x")
    mlflow.set_experiment(experiment_id=made)
    model = mlflow.create_external_model(name="external")
    with mlflow.start_run(experiment_id=made):
        mlflow.log_metrics({"auc": 0.5}, model_id=model.model_id, dataset=dataset)
    found = mlflow.get_logged_model(model.model_id).metrics
    assert [(one.key, one.value, one.dataset_name) for one in found] == [("auc", 0.5, "small")]


@check("POST logged-models/search")
def list_artifacts_asks_for_models_too():
    made = run()
    client().log_text(made.info.run_id, "x", "model/a.txt")
    assert [one.path for one in client().list_artifacts(made.info.run_id, "model")] == ["model/a.txt"]

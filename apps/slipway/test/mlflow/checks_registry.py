"""Registered models, versions, aliases, tags, stages and webhooks."""

import mlflow

from harness import API, Raises, api, call, check, client, experiment, refused, run, unique

M = "registered-models"
V = "model-versions"
PLACE = "s3://bucket/models"


def model(name=None, **options):
    return client().create_registered_model(name or unique("model"), **options).name


def version_of(name, source=PLACE, **options):
    return client().create_model_version(name, source, **options)


@check("POST registered-models/create", "GET registered-models/get")
def create_model():
    name = model(tags={"team": "air"}, description="says when")
    found = client().get_registered_model(name)
    assert (found.name, found.description, found.tags) == (name, "says when", {"team": "air"})
    assert isinstance(found.creation_timestamp, int) and found.creation_timestamp <= found.last_updated_timestamp


@check("POST registered-models/create")
def create_model_twice():
    name = model()
    with Raises("RESOURCE_ALREADY_EXISTS", "already exists"):
        client().create_registered_model(name)


@check("POST registered-models/create")
def create_model_names():
    for name in [unique("with space "), unique("ümlaut"), unique("dot.and-dash_")]:
        assert client().get_registered_model(model(name)).name == name
    for name in ["", "a/b", "a:b"]:
        answer = call("POST", f"{API}/{M}/create", {"name": name})
        refused(400, "INVALID_PARAMETER_VALUE", "", answer)


@check("GET registered-models/get")
def get_absent_model():
    with Raises("RESOURCE_DOES_NOT_EXIST"):
        client().get_registered_model(unique("absent"))


@check("POST registered-models/rename")
def rename_model():
    name, other = model(), unique("renamed")
    version_of(name)
    client().rename_registered_model(name, other)
    assert client().get_model_version(other, "1").name == other
    with Raises("RESOURCE_DOES_NOT_EXIST"):
        client().get_registered_model(name)


@check("POST registered-models/rename")
def rename_model_to_a_taken_name():
    name, other = model(), model()
    with Raises("RESOURCE_ALREADY_EXISTS"):
        client().rename_registered_model(name, other)


@check("PATCH registered-models/update")
def describe_model():
    name = model()
    before = client().get_registered_model(name).last_updated_timestamp
    client().update_registered_model(name, "other words")
    found = client().get_registered_model(name)
    assert found.description == "other words" and found.last_updated_timestamp >= before


@check("DELETE registered-models/delete")
def delete_model():
    name = model()
    version_of(name)
    client().set_registered_model_alias(name, "best", "1")
    client().delete_registered_model(name)
    with Raises("RESOURCE_DOES_NOT_EXIST"):
        client().get_registered_model(name)
    with Raises("RESOURCE_DOES_NOT_EXIST"):
        client().delete_registered_model(name)


@check("GET registered-models/search")
def search_models():
    prefix = unique("s")
    names = [model(f"{prefix}-{letter}", tags={"k": letter}) for letter in "abc"]
    ask = lambda text, **options: [one.name for one in client().search_registered_models(text, **options)]
    assert ask(f"name LIKE '{prefix}%'") == names
    assert ask(f"name ILIKE '{prefix.upper()}%'") == names
    assert ask(f"name = '{names[1]}'") == [names[1]]
    assert ask(f"name LIKE '{prefix}%' and tags.k = 'c'") == [names[2]]
    assert ask(f"name LIKE '{prefix}%' and tags.k != 'c'") == names[:2]
    assert ask(f"name LIKE '{prefix}%'", order_by=["name DESC"]) == names[::-1]
    assert ask(f"name LIKE '{prefix}%'", order_by=["last_updated_timestamp DESC"])[0] == names[2]


@check("GET registered-models/search")
def search_models_pages():
    prefix = unique("p")
    names = {model(f"{prefix}-{index}") for index in range(5)}
    seen, token = [], None
    while True:
        page = client().search_registered_models(f"name LIKE '{prefix}%'", max_results=2, page_token=token)
        seen += [one.name for one in page]
        token = page.token
        if not token:
            break
    assert len(seen) == 5 and set(seen) == names


@check("GET registered-models/search")
def search_models_refusals():
    for text in ["run_id = 'a'", "name > 'a'", "name", "nonsense = 'a'"]:
        with Raises("INVALID_PARAMETER_VALUE"):
            client().search_registered_models(text)
    answer = call("GET", f"{API}/{M}/search", query={"max_results": 1001})
    refused(400, "INVALID_PARAMETER_VALUE", "", answer)
    answer = call("GET", f"{API}/{M}/search", query={"page_token": "???"})
    refused(400, "INVALID_PARAMETER_VALUE", "", answer)


@check("POST registered-models/set-tag", "DELETE registered-models/delete-tag")
def tag_model():
    name = model()
    client().set_registered_model_tag(name, "a", "1")
    client().set_registered_model_tag(name, "a", "2")
    assert client().get_registered_model(name).tags == {"a": "2"}
    client().delete_registered_model_tag(name, "a")
    client().delete_registered_model_tag(name, "a")
    assert client().get_registered_model(name).tags == {}


@check("POST registered-models/alias", "GET registered-models/alias", "DELETE registered-models/alias")
def alias():
    name = model()
    version_of(name), version_of(name)
    client().set_registered_model_alias(name, "champion", "1")
    assert client().get_model_version_by_alias(name, "champion").version in ("1", 1)
    client().set_registered_model_alias(name, "champion", "2")
    client().set_registered_model_alias(name, "other", "2")
    assert str(client().get_model_version_by_alias(name, "champion").version) == "2"
    assert sorted(client().get_model_version(name, "2").aliases) == ["champion", "other"]
    assert {key: str(value) for key, value in client().get_registered_model(name).aliases.items()} == {"champion": "2", "other": "2"}
    client().delete_registered_model_alias(name, "champion")
    client().delete_registered_model_alias(name, "champion")
    with Raises("INVALID_PARAMETER_VALUE", "alias champion not found"):
        client().get_model_version_by_alias(name, "champion")


@check("POST registered-models/alias")
def alias_names():
    name = model()
    version_of(name)
    for text in ["latest", "LATEST", "v1", "a b", "", "x" * 256]:
        answer = call("POST", f"{API}/{M}/alias", {"name": name, "alias": text, "version": "1"})
        refused(400, "INVALID_PARAMETER_VALUE", "", answer)


@check("POST registered-models/alias")
def alias_of_an_absent_version():
    with Raises("RESOURCE_DOES_NOT_EXIST"):
        client().set_registered_model_alias(model(), "a", "7")


@check("POST model-versions/create", "GET model-versions/get")
def create_version():
    name = model()
    made = run().info.run_id
    found = version_of(name, run_id=made, tags={"a": "1"}, description="first", run_link="https://run.invalid/1")
    assert (str(found.version), found.source, found.run_id, found.status) == ("1", PLACE, made, "READY")
    assert (found.tags, found.description, found.run_link) == ({"a": "1"}, "first", "https://run.invalid/1")
    assert found.current_stage == "None"
    raw = api("GET", f"/{V}/get", query={"name": name, "version": "1"})["model_version"]
    assert raw["version"] == "1" and isinstance(raw["creation_timestamp"], int)


@check("POST model-versions/create")
def version_numbers_are_never_used_again():
    name = model()
    assert [str(version_of(name).version) for _ in range(3)] == ["1", "2", "3"]
    client().delete_model_version(name, "3")
    assert str(version_of(name).version) == "4"


@check("POST model-versions/create")
def version_of_an_absent_model():
    with Raises("RESOURCE_DOES_NOT_EXIST"):
        version_of(unique("absent"))


@check("POST model-versions/create")
def version_from_hostile_sources():
    name = model()
    for source in [
        "/etc",
        "file:///etc/passwd",
        "FILE:///etc",
        "file:/etc",
        "//etc",
        "mlflow-artifacts:/1/../../etc",
        "s3://bucket/%2e%2e/%2e%2e/x",
        "https://host.invalid/a/../../b",
        "mlflow-artifacts://host/..%2f..%2fx",
        "http://host.invalid/%252e%252e/%252e%252e/x",
    ]:
        answer = call("POST", f"{API}/{V}/create", {"name": name, "source": source})
        refused(400, "INVALID_PARAMETER_VALUE", "", answer)
    assert client().search_model_versions(f"name = '{name}'") == []


@check("PATCH model-versions/update")
def describe_version():
    name = model()
    version_of(name)
    client().update_model_version(name, "1", "words")
    assert client().get_model_version(name, "1").description == "words"


@check("DELETE model-versions/delete")
def delete_version():
    name = model()
    version_of(name)
    client().set_registered_model_alias(name, "a", "1")
    client().delete_model_version(name, "1")
    with Raises("RESOURCE_DOES_NOT_EXIST"):
        client().get_model_version(name, "1")
    assert client().get_registered_model(name).aliases == {}


@check("GET model-versions/get")
def get_absent_version():
    with Raises("RESOURCE_DOES_NOT_EXIST"):
        client().get_model_version(model(), "9")


@check("GET model-versions/search")
def search_versions():
    name = model()
    made = run().info.run_id
    version_of(name, tags={"k": "1"}), version_of(name, source=f"{PLACE}/two", run_id=made)
    ask = lambda text, **options: [str(one.version) for one in client().search_model_versions(text, **options)]
    assert sorted(ask(f"name = '{name}'")) == ["1", "2"]
    assert ask(f"name = '{name}' and run_id = '{made}'") == ["2"]
    assert ask(f"run_id IN ('{made}')") == ["2"]
    assert ask(f"name = '{name}' and source_path LIKE '%two'") == ["2"]
    assert ask(f"name = '{name}' and tags.k = '1'") == ["1"]
    assert ask(f"name = '{name}' and version_number > 1") == ["2"]
    assert ask(f"name = '{name}'", order_by=["version_number ASC"]) == ["1", "2"]
    assert ask(f"name = '{name}'", order_by=["version_number DESC"]) == ["2", "1"]
    for text in ["current_stage = 'None'", "version_number = 'a'", "nonsense = 'a'"]:
        with Raises("INVALID_PARAMETER_VALUE"):
            client().search_model_versions(text)


@check("GET model-versions/search")
def search_versions_pages():
    name = model()
    for _ in range(5):
        version_of(name)
    seen, token = [], None
    while True:
        page = client().search_model_versions(f"name = '{name}'", max_results=2, page_token=token)
        seen += [str(one.version) for one in page]
        token = page.token
        if not token:
            break
    assert sorted(seen) == ["1", "2", "3", "4", "5"]


@check("POST model-versions/set-tag", "DELETE model-versions/delete-tag")
def tag_version():
    name = model()
    version_of(name)
    client().set_model_version_tag(name, "1", "a", "x" * 5000)
    assert client().get_model_version(name, "1").tags["a"] == "x" * 5000
    client().delete_model_version_tag(name, "1", "a")
    client().delete_model_version_tag(name, "1", "a")
    assert client().get_model_version(name, "1").tags == {}


@check("POST model-versions/transition-stage", "POST registered-models/get-latest-versions")
def stages():
    name = model()
    for _ in range(3):
        version_of(name)
    move = lambda version, stage, archive=False: client().transition_model_version_stage(name, version, stage, archive)
    assert move("1", "production").current_stage == "Production"
    assert move("2", "Production", True).current_stage == "Production"
    assert client().get_model_version(name, "1").current_stage == "Archived"
    move("3", "STAGING")
    latest = {one.current_stage: str(one.version) for one in client().get_latest_versions(name)}
    assert latest == {"Production": "2", "Staging": "3", "Archived": "1"}, latest
    assert [str(one.version) for one in client().get_latest_versions(name, ["Staging"])] == ["3"]
    with Raises("INVALID_PARAMETER_VALUE"):
        move("3", "nowhere")


@check("POST model-versions/transition-stage", stricter=True)
def archiving_others_needs_a_live_stage():
    name = model()
    version_of(name)
    with Raises("INVALID_PARAMETER_VALUE"):
        client().transition_model_version_stage(name, "1", "Archived", True)


@check("GET registered-models/get-latest-versions")
def latest_versions_by_get():
    name = model()
    version_of(name)
    found = api("GET", f"/{M}/get-latest-versions", query={"name": name})["model_versions"]
    assert [one["version"] for one in found] == ["1"]


@check("GET model-versions/get-download-uri")
def download_uri():
    name = model()
    version_of(name)
    assert client().get_model_version_download_uri(name, "1") == PLACE


@check("POST model-versions/create", "GET model-versions/get-download-uri")
def register_artifacts_of_a_run():
    made = run()
    client().log_text(made.info.run_id, "weights", "m/weights.bin")
    client().log_text(made.info.run_id, "flavors: {}\n", "m/MLmodel")
    name = unique("from run")
    found = mlflow.register_model(f"runs:/{made.info.run_id}/m", name)
    assert (str(found.version), found.run_id, found.status) == ("1", made.info.run_id, "READY")
    assert found.source == f"{made.info.artifact_uri}/m", found.source
    path = mlflow.artifacts.download_artifacts(f"models:/{name}/1")
    import pathlib

    assert pathlib.Path(path, "weights.bin").read_text() == "weights"


@check("GET /model-versions/get-artifact")
def get_artifact_of_a_version():
    made = run()
    client().log_text(made.info.run_id, "weights", "m/weights.bin")
    client().log_text(made.info.run_id, "flavors: {}\n", "m/MLmodel")
    name = unique("page")
    mlflow.register_model(f"runs:/{made.info.run_id}/m", name)
    answer = call("GET", "/model-versions/get-artifact", query={"name": name, "version": "1", "path": "weights.bin"})
    assert answer.status_code == 200 and answer.text == "weights", answer.text
    for path in ["../../etc/passwd", "/etc/passwd"]:
        answer = call("GET", "/model-versions/get-artifact", query={"name": name, "version": "1", "path": path})
        assert answer.status_code == 400, answer.text


HOOKS = "/api/2.0/mlflow/webhooks"
EVENT = {"entity": "MODEL_VERSION", "action": "CREATED"}


@check("POST webhooks", "GET webhooks", "GET webhooks/{id}", "PATCH webhooks/{id}", "DELETE webhooks/{id}")
def webhooks():
    name = unique("hook")
    made = call("POST", HOOKS, {"name": name, "url": "https://93.184.215.14/hook", "events": [EVENT], "secret": "not told"})
    assert made.status_code == 200, made.text
    hook = made.json()["webhook"]
    assert hook["name"] == name and hook["status"] == "ACTIVE" and "not told" not in made.text
    assert hook["events"] == [EVENT]
    path = f"{HOOKS}/{hook['webhook_id']}"
    assert call("GET", path).json()["webhook"]["url"] == "https://93.184.215.14/hook"
    changed = call("PATCH", path, {"status": "DISABLED", "description": "words"}).json()["webhook"]
    assert (changed["status"], changed["description"]) == ("DISABLED", "words")
    assert name in [one["name"] for one in call("GET", HOOKS, query={"max_results": 1000}).json()["webhooks"]]
    assert call("DELETE", path).status_code == 200
    refused(404, "RESOURCE_DOES_NOT_EXIST", "", call("GET", path))


@check("POST webhooks")
def webhook_refusals():
    for body in [
        {"name": "a", "url": "http://example.com", "events": [EVENT]},
        {"name": "a", "url": "ftp://example.com", "events": [EVENT]},
        {"name": "-bad-", "url": "https://93.184.215.14", "events": [EVENT]},
        {"name": "a", "url": "https://93.184.215.14", "events": []},
        {"name": "a", "url": "https://93.184.215.14"},
        {"url": "https://93.184.215.14", "events": [EVENT]},
    ]:
        answer = call("POST", HOOKS, body)
        assert answer.status_code == 400, f"{body}: {answer.status_code} {answer.text[:200]}"


@check("POST registered-models/create")
def registering_twice_is_no_error():
    made = run()
    client().log_text(made.info.run_id, "flavors: {}\n", "m/MLmodel")
    name = unique("again")
    for number in ("1", "2"):
        assert str(mlflow.register_model(f"runs:/{made.info.run_id}/m", name).version) == number

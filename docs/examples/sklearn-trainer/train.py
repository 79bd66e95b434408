"""Trains a logistic regression with scikit-learn and leaves it as ONNX: a program for `trainer: command`."""

import json
import os

import numpy as np
import onnx
import pandas as pd
from skl2onnx import to_onnx, update_registered_converter
from skl2onnx.common.data_types import DoubleTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler



def imputed_shape(operator):
    operator.outputs[0].type = DoubleTensorType([None, operator.raw_operator.statistics_.size])


def impute(scope, operator, container):
    """The converter of skl2onnx rounds means to float32, for an operator that onnxruntime lacks for float64."""
    joined, means, missing = (scope.get_unique_variable_name(name) for name in ("joined", "means", "missing"))
    statistics = operator.raw_operator.statistics_
    container.add_initializer(means, onnx.TensorProto.DOUBLE, [1, statistics.size], statistics.tolist())
    container.add_node("Concat", [each.full_name for each in operator.inputs], joined, axis=1, op_version=13)
    container.add_node("IsNaN", joined, missing, op_version=13)
    container.add_node("Where", [missing, means, joined], operator.outputs[0].full_name, op_version=16)


update_registered_converter(SimpleImputer, "SklearnSimpleImputer", imputed_shape, impute)

with open(os.environ["SLIPWAY_TRAINING_JOB"], encoding="utf-8") as file:
    job = json.load(file)
if job["task"] != "binary-classification":
    raise SystemExit(f"this program does binary-classification, not {job['task']}")
kinds = {feature["name"]: feature["kind"] for feature in job["features"]}
numeric = [name for name, kind in kinds.items() if kind == "numeric"]
categorical = [name for name, kind in kinds.items() if kind == "categorical"]
data = pd.read_parquet(os.environ["SLIPWAY_TRAINING_DATA"], columns=[*kinds, job["target"]])
data = data.astype({name: np.float64 for name in numeric})
labels = data.pop(job["target"]).astype(np.int64)
print(f"{len(data)} rows, {len(kinds)} features", flush=True)

# An unknown number counts as the mean of the known ones; a column of which nothing is known as 0.
scale = make_pipeline(SimpleImputer(strategy="mean", keep_empty_features=True), StandardScaler())
encode = ColumnTransformer([
    ("numeric", scale, numeric),
    ("categorical", OneHotEncoder(handle_unknown="ignore"), categorical),
])  # fmt: skip
fit = LogisticRegression(C=job["options"].get("C", 1.0), solver="newton-cholesky", random_state=job["seed"])
pipeline = Pipeline([("encode", encode), ("fit", fit)]).fit(data, labels)
probabilities = pipeline.predict_proba(data)[:, 1]

# One input [n, 1] for each feature, in the order of the job: float64 or text. skl2onnx answers with both classes; Slipway wants the one of class 1.
types = {"numeric": DoubleTensorType([None, 1]), "categorical": StringTensorType([None, 1])}
inputs = [(name, types[kind]) for name, kind in kinds.items()]
model = to_onnx(pipeline, initial_types=inputs, options={"zipmap": False}, target_opset={"": 17, "ai.onnx.ml": 3})
model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([1]), "class_1"))
model.graph.node.append(onnx.helper.make_node("Gather", ["probabilities", "class_1"], ["of_class_1"], axis=1))
model.graph.node.append(onnx.helper.make_node("Cast", ["of_class_1"], ["probability"], to=onnx.TensorProto.FLOAT))
del model.graph.output[:]
model.graph.output.append(onnx.helper.make_tensor_value_info("probability", onnx.TensorProto.FLOAT, [None, 1]))
onnx.checker.check_model(model)

folder = os.environ["SLIPWAY_MODEL_DIRECTORY"]
onnx.save(model, os.path.join(folder, "model.onnx"))
with open(os.path.join(folder, "metrics.json"), "w", encoding="utf-8") as file:
    json.dump({"auc": roc_auc_score(labels, probabilities), "log_loss": log_loss(labels, probabilities)}, file)
with open(os.path.join(folder, "parameters.json"), "w", encoding="utf-8") as file:
    json.dump({"C": fit.C, "iterations": int(fit.n_iter_[0]), "coefficients": int(fit.coef_.size) + 1}, file)

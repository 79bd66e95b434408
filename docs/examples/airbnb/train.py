"""What a night costs: usage `python train.py airbnb-nyc-2019.csv`, with MLFLOW_TRACKING_URI set to the gateway."""

import sys

import mlflow
import numpy as np
import pandas as pd
from skl2onnx import to_onnx
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split

FEATURES = ["latitude", "longitude", "entire_home", "minimum_nights", "availability_365"]
MODEL = "airbnb-price"

listings = pd.read_csv(sys.argv[1])
listings = listings.dropna(subset=["latitude", "longitude"])
listings = listings[(listings.price > 0) & (listings.price <= 1000) & (listings.minimum_nights <= 365)]
listings["entire_home"] = (listings.room_type == "Entire home/apt").astype(np.float32)
x, y = listings[FEATURES].astype(np.float32), np.log(listings.price).astype(np.float32)
x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, random_state=1)

mlflow.set_experiment(MODEL)
with mlflow.start_run():
    mlflow.log_input(mlflow.data.from_pandas(listings[[*FEATURES, "price"]], source=sys.argv[1], name="airbnb-nyc-2019"), context="training")
    model = LinearRegression().fit(x_train, y_train)
    mlflow.log_params({"features": ",".join(FEATURES), "target": "log(price)", "rows": len(x_train)})
    mlflow.log_metric("r2", model.score(x_test, y_test))
    graph = to_onnx(model, x_train.to_numpy()[:1])
    mlflow.onnx.log_model(graph, name="model", registered_model_name=MODEL)

client = mlflow.MlflowClient()
newest = max(int(each.version) for each in client.search_model_versions(f"name = '{MODEL}'"))
client.set_registered_model_alias(MODEL, "champion", str(newest))
print(f"version {newest} of {MODEL}: r2 {model.score(x_test, y_test):.3f}")

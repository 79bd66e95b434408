"""Runs all checks against `MLFLOW_TRACKING_URI`; one line of JSON for each."""

import checks_artifacts  # noqa: F401
import checks_models  # noqa: F401
import checks_registry  # noqa: F401
import checks_tracking  # noqa: F401
from harness import main

main()

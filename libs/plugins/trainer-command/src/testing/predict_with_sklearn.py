"""Runs the program of the first argument, then asks its pipeline itself for the rows of the second; float64 to the third."""

import runpy
import sys

import pandas as pd

program, rows, answers = sys.argv[1:]
trained = runpy.run_path(program)
data = pd.read_parquet(rows, columns=list(trained["kinds"]))
trained["pipeline"].predict_proba(data)[:, 1].astype("<f8").tofile(answers)

"""The two tables of the recordings, row by row."""

import json
import re
from pathlib import Path

import pytest

from harness.cloud.embedded.adjust import Adjustment, new_cardinality
from harness.cloud.embedded.expressions import ParseFailure, parse

RECORDINGS = Path(__file__).parent / "recordings"
ADJUST = json.loads((RECORDINGS / "adjust-table.json").read_text())
GRAMMAR = json.loads((RECORDINGS / "grammar-table.json").read_text())


@pytest.mark.parametrize("row", ADJUST, ids=lambda row: f"{row['type']} {row['adjust']} of {row['cardinality']}")
def test_adjustment(row):
    adjustment = Adjustment(row["type"], row["adjust"], row["min_adjust_step"] or 0)
    assert new_cardinality(row["cardinality"], row["min_vms"], row["max_vms"], adjustment) == row["calculated"]


@pytest.mark.parametrize("row", GRAMMAR["syntax"], ids=lambda row: repr(row["expression"]))
def test_syntax(row):
    if row["accepted"]:
        parse(row["expression"])
        return
    with pytest.raises(ParseFailure) as failure:
        parse(row["expression"])
    assert str(failure.value) == row["failure_reason"]


@pytest.mark.parametrize("row", GRAMMAR["evaluations"], ids=lambda row: row["expression"])
def test_evaluation_of_recorded_means(row):
    # The means that the VMs had are in the recorded text; how they come about is tested with the look-up.
    means = {
        name: None if value == "--" else float(value)
        for name, value in re.findall(r"([\w\"']+)\[([^]]+)\]", row["expression_evaluated"])
    }
    outcome = parse(row["expression"]).evaluate(means.get)
    assert (outcome.value, outcome.text) == (row["value"], row["expression_evaluated"])

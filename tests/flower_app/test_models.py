"""Hashes and comparisons of models, in a Flower environment, where numpy is."""

import json

import pytest

from harness.processes import run

SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from harness_app.models import Result, compare, fingerprint
from harness_app.journal import plain
from harness_app import task

a, b = [np.array([0.0, 1.0]), np.array([3.0])], [np.array([1.0, 3.0]), np.array([5.0])]
results = [Result(a, 30), Result(b, 10)]
mean = [np.array([0.25, 1.5]), np.array([3.5])]
told = lambda aggregate, results: list(vars(compare(aggregate, results)).values())
print(json.dumps({
    "mean": told(mean, results),
    "first": told(a, results),
    "outside": told([np.array([0.25, 3.1]), np.array([3.5])], results),
    "nothing": told(mean, []),
    "shape": told([np.zeros(3)], results),
    "weightless": told(mean, [Result(a, 0), Result(b, 0)]),
    "not finite": told([np.array([np.nan, 1.0]), np.array([3.5])], results)[0],
    "same": fingerprint(a) == fingerprint([array.copy() for array in a]),
    "strided": fingerprint([np.arange(6.0)[::2]]) == fingerprint([np.array([0.0, 2.0, 4.0])]),
    "other": len({fingerprint(m) for m in (a, b, [a[0]], [a[0].reshape(2, 1), a[1]], [a[0].astype("float32"), a[1]])}),
    "plain": plain({"a": np.float64("nan"), "b": np.int64(3), "c": float("inf"), "d": (1, b"x"), 5: True}),
    "data": [len(task.partition_data(1, p)) for p in range(5)],
    "seeded": bool(np.array_equal(task.partition_data(1, 0).x, task.partition_data(1, 0).x)),
    "seeds": bool(np.array_equal(task.partition_data(1, 0).y, task.partition_data(2, 0).y)),
}))
"""


@pytest.fixture(scope="module")
def seen(flower, app_folder):
    done = run([flower.python, "-c", SCRIPT, app_folder], timeout=60)
    return json.loads(done.output)


def test_where_an_aggregate_lies(seen):
    assert seen["mean"] == [True, 0.0]
    assert seen["first"] == [True, 0.5]
    assert seen["outside"] == [False, pytest.approx(1.6)]
    assert seen["nothing"] == [None, None]
    assert seen["shape"] == [False, None]
    assert seen["weightless"] == [True, None]
    assert seen["not finite"] is False


def test_a_fingerprint_is_of_the_numbers_and_their_shape(seen):
    assert seen["same"]
    assert seen["strided"]
    assert seen["other"] == 5


def test_what_json_lacks_is_written_as_text(seen):
    assert seen["plain"] == {"a": "nan", "b": 3, "c": "inf", "d": [1, "b'x'"], "5": True}


def test_data_comes_from_the_seed_and_the_partition(seen):
    assert seen["data"] == [40, 50, 60, 70, 40]
    assert seen["seeded"]
    assert not seen["seeds"]

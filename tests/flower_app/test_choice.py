"""Which strategy runs, and what it is given."""

import pytest

from harness.flower.app import STRATEGY_FILE

BUILT_IN = {
    "fedavg": {"min-fit": 2, "min-evaluate": 2, "min-available": 2, "fraction-fit": 1.0, "fraction-evaluate": 1.0,
               "accept-failures": True},
    "fault-tolerant-fedavg": {"min-fit": 1, "min-evaluate": 1, "min-available": 1, "fraction-fit": 1.0,
                              "fraction-evaluate": 1.0, "completion-rate-fit": 0.5, "completion-rate-evaluate": 0.5},
    "message-fedavg": {"min-fit": 2, "min-evaluate": 2, "min-available": 2, "fraction-fit": 1.0,
                       "fraction-evaluate": 1.0},
}  # fmt: skip


@pytest.mark.parametrize("name", BUILT_IN)
def test_nothing_asked_for_leaves_flowers_defaults(play, name):
    chosen = play(strategy=name, num_rounds=0).one("strategy")
    assert chosen["parameters"] == {}
    assert chosen["effective"] == BUILT_IN[name]
    assert (chosen["asked"], chosen["used"], chosen["reason"]) == (name, name, None)


@pytest.mark.parametrize("name", BUILT_IN)
def test_what_is_asked_for_is_given(play, name):
    values = {
        "min-fit": 0, "min-evaluate": 0, "min-available": 3, "fraction-fit": 0.5, "fraction-evaluate": 0.25,
        "accept-failures": False, "completion-rate-fit": 0.75, "completion-rate-evaluate": 0.25,
    }  # fmt: skip
    asked = {key: value for key, value in values.items() if key in BUILT_IN[name]}
    config = {key: str(value).lower() if isinstance(value, bool) else value for key, value in asked.items()}
    chosen = play(strategy=name, num_rounds=0, **config).one("strategy")
    assert chosen["parameters"] == asked
    assert chosen["effective"] == asked


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("fedavg", "completion-rate-fit", 0.5),
        ("fault-tolerant-fedavg", "accept-failures", "true"),
        ("message-fedavg", "accept-failures", "false"),
    ],
)
def test_a_built_in_strategy_without_that_parameter_is_an_error(play, name, key, value):
    run = play(strategy=name, **{key: value})
    assert run.error == f"StrategyError: {name} takes no {key}: leave it out of the run config"
    assert run.one("strategy.error")["error"] in run.error
    assert run.one("run.ends")["outcome"] == "failed"


@pytest.mark.parametrize(
    ("own", "strategy", "config", "reason"),
    [
        ("legacy_faults.py:Sum", "message-fedavg", {}, "message-fedavg speaks the message API, Sum the legacy API"),
        ("message_faults.py:Sum", "fedavg", {}, "fedavg speaks the legacy API, Sum the message API"),
        (
            "legacy_faults.py:Sum",
            "fault-tolerant-fedavg",
            {},
            "takes no completion-rate-fit, which fault-tolerant-fedavg",
        ),
        ("legacy_faults.py:IgnoresTheRate", "fedavg", {"accept-failures": "true"}, "takes no accept-failures"),
        (
            "legacy_faults.py:NotBasedOnFedAvg",
            "fedavg",
            {"min-available": 2},
            "takes no min-available, which this run sets",
        ),
        ("message_faults.py:Bare", "message-fedavg", {"min-fit": 2}, "takes no min-fit, which this run sets"),
    ],
)
def test_where_a_users_strategy_does_not_fit_the_built_in_one_runs(play, own, strategy, config, reason):
    run = play(own=own, strategy=strategy, num_rounds=0, **config)
    chosen = run.one("strategy")
    assert run.error is None
    assert (chosen["asked"], chosen["used"]) == (strategy, strategy)
    assert chosen["class"] == own.split(":")[1]
    assert reason in chosen["reason"]


@pytest.mark.parametrize(
    ("own", "config", "by", "effective"),
    [
        (
            "TakesNothing",
            {"min-fit": 1, "accept-failures": "false"},
            "attribute",
            {"min-fit": 1, "accept-failures": False},
        ),
        ("TakesNothing", {}, None, {"min-available": 1}),
        ("Sum", {"min-fit": 1}, "constructor", {"min-fit": 1}),
        ("Pins", {"accept-failures": "true"}, "attribute", {"accept-failures": True}),
        ("Pins", {"min-available": 3}, "constructor", {"min-available": 3, "accept-failures": False}),
        ("NotBasedOnFedAvg", {}, None, {}),
    ],
)
def test_a_users_strategy_is_given_what_the_run_sets(play, own, config, by, effective):
    chosen = play(own=f"legacy_faults.py:{own}", num_rounds=0, **config).one("strategy")
    assert chosen["used"] == f"{STRATEGY_FILE}:{own}"
    assert chosen["reason"] is None
    assert set(chosen["given_by"]) == set(config)
    assert set(chosen["given_by"].values()) <= {by}
    assert chosen["effective"].items() >= effective.items()


def test_a_strategy_that_is_not_based_on_fedavg_runs_and_begins_with_a_clients_model(play):
    run = play(own="legacy_faults.py:NotBasedOnFedAvg")
    assert run.error is None
    assert run.all("reply")[0]["type"] == "get_parameters"
    assert [event["round"] for event in run.all("round.ends")] == [1, 2]


NOT_A_STRATEGY = {
    "syntax": ("class Mine:\n  def (", "cannot be imported: SyntaxError: ", f"{STRATEGY_FILE}:2"),
    "import": ("import no_such_module\n", "cannot be imported: ModuleNotFoundError: ", f"{STRATEGY_FILE}:1"),
    "exit": ("import sys\nsys.exit(3)\n", "cannot be imported: SystemExit: 3", f"{STRATEGY_FILE}:2"),
    "missing": ("class Other: pass\n", "has no class Mine; it defines Other", None),
    "no class": ("Mine = 5\n", "Mine is not a class", None),
    "no strategy": ("class Mine: pass\n", "Mine is not a strategy: it has neither configure_fit", None),
    "abstract": (
        """\
from flwr.server.strategy import Strategy
class Mine(Strategy):
    def configure_fit(self, **_): ...
    def aggregate_fit(self, **_): ...
""",
        "is abstract: it lacks aggregate_evaluate, configure_evaluate, evaluate, initialize_parameters",
        None,
    ),
    "constructor": (
        """\
from flwr.server.strategy import FedAvg
class Mine(FedAvg):
    def __init__(self):
        self.rate = {}["rate"]
""",
        "its constructor raised KeyError: 'rate'",
        f"{STRATEGY_FILE}:4",
    ),
    "argument": (
        """\
from flwr.server.strategy import FedAvg
class Mine(FedAvg):
    def __init__(self, path): ...
""",
        "its constructor raised TypeError: ",
        None,
    ),
}


@pytest.mark.parametrize("case", NOT_A_STRATEGY)
def test_a_users_file_that_cannot_be_used_is_one_clear_error(play, tmp_path, case):
    text, error, where = NOT_A_STRATEGY[case]
    (tmp_path / "mine.py").write_text(text)
    run = play(own=f"{tmp_path / 'mine.py'}:Mine")
    event = run.one("strategy.error")
    assert error in event["error"]
    assert event["where"] == where
    assert (event["file"], event["class"]) == (STRATEGY_FILE, "Mine")
    assert run.error == f"StrategyError: {event['error']}"
    assert not run.all("strategy")
    assert not run.all("sampled")
    assert run.one("run.ends")["outcome"] == "failed"


@pytest.mark.parametrize("file", ["missing.py", "../server_app.py", "strategy.txt"])
def test_a_file_outside_the_package_is_an_error(play, file):
    run = play(**{"strategy-file": file, "strategy-class": "Mine"})
    assert run.one("strategy.error")["error"].startswith(f"{file}: no such module in the app's package")

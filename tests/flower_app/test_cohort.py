"""Clients of round 1 begin their work together when they are asked to."""

from harness_app.cohort import wait_for_cohort


def test_work_counts_from_when_all_have_begun(play):
    run = play(cohort=2, num_rounds=2, fit_seconds=0.3)
    begun = [event.t for event in run.clients if event.kind == "fit.begins" and event["round"] == 1]
    ended = [event.t for event in run.clients if event.kind == "fit.ends" and event["round"] == 1]
    assert len(begun) == len(ended) == 2
    assert min(ended) >= max(begun) + 0.3
    assert run.one("aggregated", round=2, phase="fit")["outcome"] == "aggregated"


def test_a_client_waits_for_the_others_only_so_long(tmp_path):
    assert not wait_for_cohort(tmp_path, phase="fit", run="7", node="1", size=2, patience=0.2)
    assert not wait_for_cohort(tmp_path, phase="evaluate", run="7", node="2", size=2, patience=0.0)
    assert not wait_for_cohort(tmp_path, phase="fit", run="8", node="2", size=2, patience=0.0)
    assert wait_for_cohort(tmp_path, phase="fit", run="7", node="2", size=2, patience=0.0)

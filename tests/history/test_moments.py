"""When what a scenario looks out for has come."""

from types import SimpleNamespace

import pytest
from builder import Story

from harness.scene.moments import watch


class Looks(SimpleNamespace):
    """As much of a scene as a look needs."""

    def started(self):
        pass


def met(story: Story, condition: str) -> bool:
    told = []
    recorder = SimpleNamespace(record=lambda *event, **data: told.append(data["met"]))
    found = watch(Looks(history=story.history, recorder=recorder), condition, 0.01)
    assert told == [found], "what was seen is in the history"
    return found


@pytest.mark.parametrize("sub", ["completed", "failed"])
def test_a_run_has_ended_when_the_superlink_says_so(sub):
    story = Story().federation(1).run()
    assert not met(story, "the run has ended")
    assert not met(story.run_seen("running").run_ends(), "the run has ended")
    assert met(story.run_seen("finished", sub), "the run has ended")


def test_the_end_of_the_run_before_is_not_that_of_this_run():
    story = Story().federation(1).run().run_ends().run_seen("finished", "completed").run()
    assert not met(story, "the run has ended")

"""SuperNodes that find no SuperLink."""

from builder import Story
from cases import CONFORMS, DEVIATES, INCONCLUSIVE, case


def refused(**options) -> Story:
    """Node 1 is started behind a link that is cut."""
    return Story().superlink().fault(1).start(1, **options)


def connected() -> Story:
    """The link of node 1 is cut once it is online."""
    return Story().federation(1).fault(1)


# -- goes on trying


@case("goes-on-trying", CONFORMS, "still tried after 5 waits", node=1, waits=5)
def it_announces_five_waits():
    return refused().retries(1, [0.5, 1, 2, 4, 8])


@case("goes-on-trying", CONFORMS, node=1, waits=5)
def it_announces_five_waits_after_having_been_connected():
    return connected().retries(1, [0.5, 1, 2, 4, 8])


@case("goes-on-trying", DEVIATES, "ended with code 1", node=1, waits=5)
def it_ends_at_its_first_failed_connection():
    return refused(max_retries=0).passes(3).node_ends(1, 1)


@case("goes-on-trying", DEVIATES, "ended with code 0", node=1, waits=5)
def it_ends_without_a_failure_after_having_been_connected():
    return connected().passes(3).node_ends(1, 0)


@case("goes-on-trying", DEVIATES, "having announced 6 waits", node=1, waits=5)
def it_announced_enough_and_ended_then():
    return refused().retries(1, [0.5] * 6).node_ends(1, 1)


@case("goes-on-trying", INCONCLUSIVE, "announced 2 waits only", node=1, waits=5)
def it_runs_but_was_not_watched_long_enough():
    return refused().retries(1, [0.5, 1])


def hanging(story: Story) -> Story:
    """Node 1 has left its connection, its process lives on."""
    return story.tell("supernode-1", "supernode.left", node=1)


LOOK = "node 1 has ended or announced 5 waits"


@case("goes-on-trying", DEVIATES, "in 60 s it neither tried again nor ended", node=1, waits=5)
def it_left_its_connection_and_hangs():
    return hanging(connected()).watch_in_vain(LOOK, 60)


@case("goes-on-trying", INCONCLUSIVE, "announced 0 waits only", node=1, waits=5)
def it_left_its_connection_and_was_watched_for_too_short_a_time():
    return hanging(connected()).watch_in_vain(LOOK, 20)


@case("goes-on-trying", INCONCLUSIVE, "announced 1 waits only", node=1, waits=5)
def it_left_a_connection_and_tried_again():
    return hanging(connected()).passes(1).retries(1, [20]).watch_in_vain(LOOK, 60)


@case("goes-on-trying", INCONCLUSIVE, "announced 0 waits only", node=1, waits=5)
def it_says_nothing_at_all():
    return connected().watch_in_vain(LOOK, 60)


@case("goes-on-trying", INCONCLUSIVE, "announced 2 waits only", node=1, waits=5)
def waits_after_the_heal_do_not_count():
    return refused().retries(1, [0.5, 1]).heal(1).retries(1, [1] * 5)


@case("goes-on-trying", INCONCLUSIVE, "announced 0 waits only", node=1, waits=3)
def waits_before_the_cut_do_not_count():
    return Story().superlink().start(1).retries(1, [0.5, 1, 2]).registers(1).fault(1)


@case("goes-on-trying", INCONCLUSIVE, "not started behind a link that is cut", node=1, waits=5)
@case("gives-up-after-tries", INCONCLUSIVE, "not started behind a link that is cut", node=1, tries=4)
@case("gives-up-in-time", INCONCLUSIVE, "not started behind a link that is cut", node=1, seconds=8)
@case("ends-with-failure", INCONCLUSIVE, "not started behind a link that is cut", node=1)
def its_link_was_not_cut():
    return Story().federation(1).retries(1, [1] * 6).node_ends(1, 1)


@case("goes-on-trying", INCONCLUSIVE, "did not end by itself", node=1, waits=5)
@case("gives-up-after-tries", INCONCLUSIVE, "did not end by itself", node=1, tries=4)
@case("ends-with-failure", INCONCLUSIVE, "did not end by itself", node=1)
def the_scenario_killed_it():
    return connected().retries(1, [1]).stopped(1, how="node_kill", code=-9)


@case("goes-on-trying", INCONCLUSIVE, "command line was not understood", node=1, waits=5)
def its_command_line_was_wrong():
    return refused().node_ends(1, 2)


@case("goes-on-trying", INCONCLUSIVE, "had ended before it was refused", node=1, waits=5)
def it_had_ended_before_the_cut():
    return Story().federation(1).node_ends(1, 1).fault(1)


@case("goes-on-trying", INCONCLUSIVE, "healed before it ended", node=1, waits=5)
@case("gives-up-in-time", INCONCLUSIVE, "healed before it ended", node=1, seconds=8)
def it_ended_after_the_heal():
    return refused().retries(1, [1]).heal(1).node_ends(1, 1)


# -- gives up


def says_that_it_gave_up(story: Story, *, tries=4, seconds=8.0) -> Story:
    return story.tell("supernode-1", "supernode.gave-up", node=1, tries=tries, seconds=seconds)


def gave_up(story: Story, *, tries=4, seconds=8.0, code=1) -> Story:
    return says_that_it_gave_up(story, tries=tries, seconds=seconds).node_ends(1, code)


@case("gives-up-after-tries", CONFORMS, "after 4 tries (allowed: 4)", node=1, tries=4)
@case("gives-up-in-time", CONFORMS, "trying for 8.0 s", node=1, seconds=8)
def it_gives_up_in_its_budget():
    return gave_up(refused().retries(1, [1, 2, 4]))


@case("gives-up-after-tries", DEVIATES, "after 3 tries", node=1, tries=4)
def it_gives_up_too_early():
    return gave_up(refused().retries(1, [1, 2]), tries=3)


@case("gives-up-after-tries", DEVIATES, "after 6 tries", node=1, tries=4)
def it_gives_up_too_late():
    return gave_up(refused().retries(1, [1] * 5), tries=6)


@case("gives-up-after-tries", DEVIATES, "ended with code 0", node=1, tries=4)
@case("gives-up-in-time", DEVIATES, "with code 0", node=1, seconds=8)
def it_gives_up_as_if_all_were_well():
    return gave_up(refused().retries(1, [1, 2, 4]), code=0)


@case("gives-up-after-tries", DEVIATES, "still runs after 90 s", node=1, tries=4)
@case("gives-up-in-time", DEVIATES, "still runs after 90 s", node=1, seconds=8)
def it_never_gives_up():
    return refused().retries(1, [1] * 5).watch_in_vain("node 1 has ended")


@case("gives-up-after-tries", INCONCLUSIVE, "gave up and hangs", node=1, tries=4)
@case("gives-up-in-time", INCONCLUSIVE, "gave up and hangs", node=1, seconds=8)
def it_gives_up_and_hangs_in_its_exit():
    story = says_that_it_gave_up(refused().retries(1, [1, 2, 4])).retries(1, [0.4])
    return story.watch_in_vain("node 1 has ended", 90)


@case("gives-up-after-tries", DEVIATES, "still runs after 40 s", node=1, tries=4)
@case("gives-up-in-time", DEVIATES, "still runs after 40 s", node=1, seconds=8)
def it_gives_up_and_was_not_watched_for_long():
    return says_that_it_gave_up(refused().retries(1, [1, 2, 4])).watch_in_vain("node 1 has ended", 40)


@case("gives-up-after-tries", INCONCLUSIVE, "did not look out", node=1, tries=4)
@case("gives-up-in-time", INCONCLUSIVE, "did not look out", node=1, seconds=8)
def it_runs_and_nobody_looked_for_its_end():
    return refused().retries(1, [1] * 3)


@case("gives-up-after-tries", INCONCLUSIVE, "did not say after how many tries", node=1, tries=4)
def it_ended_without_a_word():
    return refused().retries(1, [1] * 3).node_ends(1, 1)


@case("gives-up-after-tries", INCONCLUSIVE, "healed", node=1, tries=4)
def it_was_healed_and_runs():
    return refused().retries(1, [1] * 2).heal(1).watch_in_vain("node 1 has ended")


@case("gives-up-in-time", DEVIATES, "trying for 2.0 s", node=1, seconds=8)
def it_gives_up_long_before_its_time():
    return gave_up(refused().retries(1, [1]), seconds=2.0)


@case("gives-up-in-time", DEVIATES, "trying for 40.0 s", node=1, seconds=8)
def it_gives_up_long_after_its_time():
    return gave_up(refused().retries(1, [10] * 4), seconds=40.0)


@case("gives-up-in-time", INCONCLUSIVE, "too short for 8 s", node=1, seconds=8)
def it_was_watched_for_less_than_its_time():
    return refused().watch_in_vain("node 1 has ended", 6)


# -- ends with a failure


@case("ends-with-failure", CONFORMS, "with code 1", node=1)
def it_ends_with_code_1():
    return connected().retries(1, [1, 2, 4]).node_ends(1, 1)


@case("ends-with-failure", DEVIATES, "with code 0", node=1)
def it_ends_with_code_0():
    return connected().retries(1, [1, 2, 4]).node_ends(1, 0)


@case("ends-with-failure", DEVIATES, "still runs", node=1)
def it_lives_on_without_ever_connecting():
    return connected().retries(1, [1, 2, 4]).watch_in_vain("node 1 has ended", 120)


@case("ends-with-failure", INCONCLUSIVE, "was not connected before", node=1)
def it_was_never_connected():
    return refused().retries(1, [1, 2, 4]).node_ends(1, 1)


@case("ends-with-failure", INCONCLUSIVE, "exit code was not recorded", node=1)
def its_end_was_seen_but_not_recorded():
    return connected().watch("node 1 has ended")


# -- comes online late


@case("comes-online-late", CONFORMS, "after 5 waits", node=1, waits=4)
def it_comes_online_after_the_heal():
    return refused().retries(1, [1, 2, 4, 8, 8]).heal(1).passes(3).registers(1)


@case("comes-online-late", DEVIATES, "did not come online in the 90 s", node=1, waits=4)
def it_does_not_come_online():
    return refused().retries(1, [1, 2, 4, 8]).heal(1).watch_in_vain("node 1 is online")


@case("comes-online-late", DEVIATES, "ended with code 1", node=1, waits=4)
def it_gave_up_before_the_heal():
    return refused().retries(1, [1, 2]).node_ends(1, 1).passes(30).heal(1).watch_in_vain("node 1 is online")


@case("comes-online-late", INCONCLUSIVE, "ended by the scenario", node=1, waits=4)
def the_scenario_ended_it_while_it_was_refused():
    return refused().retries(1, [1, 2, 4, 8]).stopped(1).heal(1).watch_in_vain("node 1 is online")


@case("comes-online-late", INCONCLUSIVE, "its log has no node id", node=1, waits=4)
def it_was_said_to_be_online_but_never_said_so_itself():
    return refused().retries(1, [1, 2, 4, 8]).heal(1).watch("node 1 is online")


@case("comes-online-late", INCONCLUSIVE, "after 2 waits", node=1, waits=4)
def it_was_healed_too_early():
    return refused().retries(1, [1, 2]).heal(1).registers(1)


@case("comes-online-late", INCONCLUSIVE, "did not look out", node=1, waits=4)
def nobody_looked_whether_it_came_online():
    return refused().retries(1, [1, 2, 4, 8]).heal(1)


@case("comes-online-late", INCONCLUSIVE, "not refused from its start", node=1, waits=4)
def it_was_online_before_the_cut():
    return connected().retries(1, [1, 2, 4, 8]).heal(1).registers(1)


@case("comes-online-late", INCONCLUSIVE, "no fault.end", node=1, waits=4)
def it_was_never_healed():
    return refused().retries(1, [1, 2, 4, 8])


@case("comes-online-late", INCONCLUSIVE, "not refused from its start", node=1, waits=4)
def it_was_started_again_while_refused():
    return refused().retries(1, [1, 2]).node_ends(1, 1).start(1).retries(1, [1, 2]).heal(1).registers(1)

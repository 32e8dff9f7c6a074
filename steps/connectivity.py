"""What must be seen of connections, retries and identities."""

from __future__ import annotations

from pytest_bdd import then

from harness.scene.scene import Scene
from steps.vocabulary import Words, numbers


@then(Words("node {node:d} works again"))
def works_again(scene: Scene, node: int) -> None:
    scene.judge("works-again", node=node)


@then(Words("node {node:d} keeps its node id"))
def keeps_node_id(scene: Scene, node: int) -> None:
    scene.judge("keeps-node-id", node=node)


@then(Words("node {node:d} keeps its partition-id"))
def keeps_partition(scene: Scene, node: int) -> None:
    scene.judge("keeps-partition", node=node)


@then(Words("node {node:d} takes the partition-id of its configuration, under a new node id"))
def takes_configured_partition(scene: Scene, node: int) -> None:
    scene.judge("takes-configured-partition", node=node)


@then(Words("nodes {list_of_numbers} are accepted with one partition-id"))
def duplicates(scene: Scene, list_of_numbers: str) -> None:
    scene.judge("duplicate-partitions-accepted", nodes=numbers(list_of_numbers))


@then(Words("node {node:d} still tries after {waits:d} waits"))
def still_tries(scene: Scene, node: int, waits: int) -> None:
    scene.judge("goes-on-trying", node=node, waits=waits)


@then(Words("node {node:d} gives up after {tries:d} tries and ends with a failure"))
def gives_up(scene: Scene, node: int, tries: int) -> None:
    scene.judge("gives-up-after-tries", node=node, tries=tries)


@then(Words("node {node:d} gives up after about {seconds:g} s and ends with a failure"))
def gives_up_in_time(scene: Scene, node: int, seconds: float) -> None:
    scene.judge("gives-up-in-time", node=node, seconds=seconds)


@then(Words("node {node:d} ends with a failure"))
def ends_with_failure(scene: Scene, node: int) -> None:
    scene.judge("ends-with-failure", node=node)


@then(Words("node {node:d} comes online after {waits:d} waits or more"))
def comes_online(scene: Scene, node: int, waits: int) -> None:
    scene.judge("comes-online-late", node=node, waits=waits)


@then(Words("node {node:d} tries again at once, {waits:d} times"))
def at_once(scene: Scene, node: int, waits: int) -> None:
    scene.judge("tries-again-at-once", node=node, waits=waits)


@then(Words("the first {least:d} waits of {nodes:d} nodes grow exponentially"))
def grow(scene: Scene, least: int, nodes: int) -> None:
    scene.judge("waits-grow-exponentially", nodes=nodes, least=least)


@then(Words("none of at least {least:d} waits of {nodes:d} nodes is above {most:g} s"))
def capped(scene: Scene, least: int, nodes: int, most: float) -> None:
    scene.judge("waits-are-capped", nodes=nodes, least=least, most=most)


@then(Words("the first {least:d} waits of {nodes:d} nodes differ from node to node"))
def differ(scene: Scene, least: int, nodes: int) -> None:
    scene.judge("waits-differ", nodes=nodes, least=least)


@then(Words("attempts of node {node:d} go on failing after the heal"))
def later_than_announced(scene: Scene, node: int) -> None:
    scene.judge("reconnects-later-than-announced", node=node)


@then(Words("nodes {list_of_numbers} are online again under their node ids"))
def nodes_return(scene: Scene, list_of_numbers: str) -> None:
    scene.judge("nodes-return", nodes=numbers(list_of_numbers))


@then(Words("a new run aggregates results of nodes {list_of_numbers} under their node ids"))
def new_run_works(scene: Scene, list_of_numbers: str) -> None:
    scene.judge("new-run-works", nodes=numbers(list_of_numbers))


@then(Words("the run that was under way completes"))
def run_goes_on(scene: Scene) -> None:
    scene.judge("run-goes-on")

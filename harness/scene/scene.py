"""A scenario while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.chaos.fault import Lasting
from harness.chaos.toxiproxy.server import ToxiproxyServer
from harness.claims.ledger import Ledger
from harness.cloud.embedded.clock import Clock
from harness.cloud.embedded.settings import Settings
from harness.cloud.templates import ServiceTemplate, read_service_template, read_vm_templates
from harness.errors import HarnessError, Inconclusive, Unavailable
from harness.flower.federation import Federation
from harness.flower.place import Place
from harness.flower.plan import Plan
from harness.flower.service import Appliance, Service
from harness.flower.versions import FlowerEnvironment
from harness.history.checks import registry
from harness.history.history import History
from harness.history.recorder import Recorder
from harness.hypervisor import Hypervisor
from harness.hypervisor.dummy import DummyHypervisor
from harness.hypervisor.process import ProcessSite
from harness.hypervisor.site import Site
from harness.ports import Ports
from harness.scene.clouds import SCALED, CloudScene
from harness.target import Strategy
from harness.turns import Turns


@dataclass(frozen=True)
class Kit:
    """What every scenario of a run is given.

    Attributes:
        flower: Flower under test.
        toxiproxy: Executable.
        fixture: The Flower app.
        strategy: A user's own Strategy.
        appliance: The boot scripts of VMs.
        service_template: The OneFlow service template under test.
        vm_templates: Folder of the VM templates of its roles.
        site: Makes the place where a scenario's programs run.
        edge: Makes the place of a scenario whose node 1 is a VM of the edge image.
        turns: At starting federations; None when nothing else starts any.
    """

    flower: FlowerEnvironment
    toxiproxy: Path
    fixture: Path
    strategy: Strategy | None
    appliance: Appliance
    service_template: Path
    vm_templates: Path
    site: Callable[[], Site] = ProcessSite
    edge: Callable[[], Site] | None = None
    turns: Turns | None = None


class Scene:
    """A scenario's things, made when a step asks for them; a context manager that ends all of them.

    Args:
        kit: What the run gives.
        place: Folders of this scenario.
        recorder: Its history.
        ledger: What it finds of its claims.

    Attributes:
        recorder: Its history.
        ledger: What it finds of its claims.
        claims: The claims that the current step judges.
    """

    def __init__(self, kit: Kit, place: Place, recorder: Recorder, ledger: Ledger) -> None:
        self.recorder = recorder
        self.ledger = ledger
        self.claims: tuple[str, ...] = ()
        self._kit = kit
        self._place = place
        self._stack = ExitStack()
        self._ports = self._stack.enter_context(Ports())
        self._site: Site | None = None
        self._toxiproxy: ToxiproxyServer | None = None
        self._federation: Federation | Service | None = None
        self._cloud: CloudScene | None = None
        self._lasting: dict[int, list[Lasting]] = {}
        self._turn = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.started()
        self._stack.close()

    # -- starting

    def _take_turn(self) -> None:
        if self._kit.turns is not None:
            since = time.monotonic()
            self._turn.enter_context(self._kit.turns.take())
            self.recorder.record("scenario", "turn", waited=round(time.monotonic() - since, 1))

    def started(self) -> None:
        """What this scenario starts has started: another may. Harmless when that was said."""
        self._turn.close()

    # -- things

    def make_federation(self, plan: Plan) -> Federation:
        """Make the federation of this scenario; nothing of it is started yet.

        Raises:
            HarnessError: It has one already.
        """
        if self._federation is not None:
            raise HarnessError("the scenario has a federation already")
        self._take_turn()
        strategy = self._kit.strategy.file if self._kit.strategy is not None else None
        self._federation = self._stack.enter_context(
            Federation(
                plan,
                flower=self._kit.flower,
                place=self._place,
                ports=self._ports,
                toxiproxy=self.toxiproxy,
                recorder=self.recorder,
                observe=self.observe,
                fixture=self._kit.fixture,
                strategy=strategy,
                site=self.site,
            )
        )
        return self._federation

    def make_service(self, *, held: bool = False, edge: bool = False) -> Service:
        """Make a federation whose SuperLink and SuperNodes are VMs; its `machines` are for the cloud to run.

        Args:
            held: Whether the SuperLink's VM takes its time to boot, until it is released.
            edge: Whether the VM of node 1 is a real one, which boots the edge image, wherever others run.

        Raises:
            HarnessError: The scenario has a federation already.
            Unavailable: The run's hypervisor has no VMs for a cloud, or there is no image to boot.
        """
        if self._federation is not None:
            raise HarnessError("the scenario has a federation already")
        if edge:
            if self._site is not None or self._kit.edge is None:
                raise HarnessError("a service with a VM of the edge image has to be the first thing of a scenario")
            self._take_site(self._kit.edge())
        elif not isinstance(self.site, ProcessSite):
            raise Unavailable(
                f"--hypervisor {self.site.name} runs federations of a stated size; the VMs of a OneFlow service need "
                "--hypervisor process"
            )
        self._take_turn()
        strategy = self._kit.strategy.file if self._kit.strategy is not None else None
        self._federation = service = self._stack.enter_context(
            Service(
                flower=self._kit.flower,
                place=self._place,
                ports=self._ports,
                toxiproxy=self.toxiproxy,
                recorder=self.recorder,
                observe=self.observe,
                fixture=self._kit.fixture,
                appliance=self._kit.appliance,
                strategy=strategy,
                held=held,
                site=self.site,
            )
        )
        return service

    @property
    def federation(self) -> Federation | Service:
        """The federation of this scenario, on a cloud or not.

        Raises:
            HarnessError: No Given-step made one.
        """
        if self._federation is None:
            raise HarnessError("the scenario has no federation: a Given-step has to make one")
        return self._federation

    @property
    def processes(self) -> Federation:
        """The federation of this scenario, whose processes its steps start one by one.

        Raises:
            HarnessError: There is none, or a cloud runs it.
        """
        if isinstance(self.federation, Service):
            raise HarnessError("the scenario's federation is a service: its VMs are for OneFlow to start")
        return self.federation

    @property
    def service(self) -> Service:
        """The federation of this scenario, which is a service of its cloud.

        Raises:
            HarnessError: There is none, or no cloud runs it.
        """
        if not isinstance(self.federation, Service):
            raise HarnessError("the scenario's federation is no service: a Given-step has to deploy one")
        return self.federation

    def open_cloud(
        self,
        hypervisor: Callable[[], Hypervisor] = DummyHypervisor,
        *,
        settings: Settings = SCALED,
        clock: Clock | None = None,
    ) -> CloudScene:
        """Start the cloud of this scenario; see `CloudScene`.

        Raises:
            HarnessError: It has one already.
        """
        if self._cloud is not None:
            raise HarnessError("the scenario has a cloud already")
        made = CloudScene(self.recorder, hypervisor=hypervisor, settings=settings, clock=clock)
        self._cloud = self._stack.enter_context(made)
        return self._cloud

    @property
    def cloud(self) -> CloudScene:
        """The cloud of this scenario; one whose VMs run nothing when no step started another."""
        return self._cloud if self._cloud is not None else self.open_cloud()

    @property
    def site(self) -> Site:
        """Where this scenario's programs run."""
        if self._site is None:
            return self._take_site(self._kit.site())
        return self._site

    def _take_site(self, site: Site) -> Site:
        self._site = self._stack.enter_context(site)
        self.recorder.record("scenario", "site", name=site.name, **site.facts())
        return self._site

    @property
    def toxiproxy(self) -> ToxiproxyServer:
        """The Toxiproxy server of this scenario."""
        if self._toxiproxy is None:
            self._toxiproxy = self._stack.enter_context(
                ToxiproxyServer(
                    self._kit.toxiproxy,
                    port=self._ports.take(),
                    log=self._place.logs / "toxiproxy.log",
                    observe=self.observe,
                    site=self.site,
                )
            )
        return self._toxiproxy

    @property
    def strategy(self) -> Strategy | None:
        """The user's own Strategy."""
        return self._kit.strategy

    @property
    def service_template(self) -> ServiceTemplate:
        """The OneFlow service template under test.

        Raises:
            InputError: It cannot be used.
        """
        return read_service_template(self._kit.service_template)

    @property
    def vm_templates(self) -> Mapping[str, str]:
        """The VM templates of its roles."""
        return read_vm_templates(self._kit.vm_templates)

    @property
    def flower(self) -> FlowerEnvironment:
        """Flower under test."""
        return self._kit.flower

    @property
    def home(self) -> Path:
        """A Flower home for what is read without a federation."""
        return self._place.home("reading")

    # -- seeing

    def observe(self, kind: str, data: Mapping[str, Any]) -> None:
        """Take in what a fault reports; its own `kind` is called `fault` in an event."""
        self.recorder.record("chaos", kind, **{("fault" if name == "kind" else name): it for name, it in data.items()})

    @property
    def history(self) -> History:
        """All that has been seen up to now."""
        return self.recorder.history()

    def judge(self, check: str, **parameters: Any) -> None:
        """Apply a check to what has been seen and note what it finds for the claims of the current step.

        A violation is kept in the ledger: the scenario goes on, so that claims judged later are not lost with it.

        Raises:
            Inconclusive: The observation is not complete.
        """
        history = self.history
        # `seen` events are what is judged: judging again later has to see exactly the same, however many came since.
        begun: dict[str, Any] = {"claims": list(self.claims), "check": check, "parameters": parameters}
        begun["seen"] = len(history)
        try:
            finding = registry.apply(check, history, parameters)
        except Exception as error:
            self.recorder.record("scenario", "check", **begun, verdict="unknown", summary=f"{error}")
            raise
        verdict = "conforms" if finding.conforms else "deviates"
        figures = dict(finding.figures)
        self.recorder.record("scenario", "check", **begun, verdict=verdict, summary=finding.summary, figures=figures)
        for claim in self.claims:
            self.ledger.add(claim, finding)

    # -- faults that last

    def begin_fault(self, node: int, lasting: Lasting) -> None:
        """Keep a fault of a node's link, to be healed by a later step or at the end."""
        self._lasting.setdefault(node, []).append(lasting)

    def heal(self, node: int) -> None:
        """Heal every lasting fault of a node's link.

        Raises:
            Inconclusive: There is none, or bytes do not pass afterwards though the SuperLink runs.
        """
        faults = self._lasting.pop(node, [])
        if not faults:
            raise Inconclusive(f"the link of node {node} has no fault that could be healed")
        for lasting in faults:
            healed = lasting.heal()
            if healed.evidence.get("passes") is False and self.federation.superlink.process.running:
                raise Inconclusive(f"the link of node {node} lets nothing through after its {healed.kind} was healed")

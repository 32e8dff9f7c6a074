"""All rules, in the order in which a person reads them."""

from __future__ import annotations

from harness.claims.verdicts import Verdict
from harness.image.facts import ImageFacts
from harness.image.rules import base, breakdown, file, flower, start
from harness.image.rules.finding import Expectations, Finding, Rule

_SOUND = "IMAGE-QCOW2-SOUND"

RULES: tuple[Rule, ...] = (
    Rule("size-limit", "IMAGE-SIZE", "the file is smaller than the limit", file.size_limit),
    Rule("virtual-size", "IMAGE-DISK", "the disk fits the VM template", file.virtual_size),
    Rule("qcow2-tables", _SOUND, "header, tables and refcounts are sound", file.qcow2_tables),
    Rule("qcow2-data", _SOUND, "every cluster can be read", file.qcow2_data),
    Rule("qcow2-alone", _SOUND, "no backing file, external data file or snapshot", file.stands_alone),
    Rule("qcow2-clear", _SOUND, "it is not encrypted", file.in_the_clear),
    Rule("root-mounts", "IMAGE-DISK", "the root file system fits its partition", base.mounts),
    Rule("base-os", "IMAGE-BASE-OS", "it is Ubuntu 24.04 Minimal, or what is expected", base.base_os),
    Rule("docker-engine", "IMAGE-DOCKER-ENGINE", "Docker 24 or newer, or Debian's own", base.docker_engine),
    Rule(
        "docker-starts", "IMAGE-DOCKER-ENGINE", "the engine starts at boot and can run containers", base.docker_starts
    ),
    Rule("flower-image", "IMAGE-FLOWER-PREBAKED", "flwr/supernode is pre-baked", flower.prebaked),
    Rule("flower-version", "IMAGE-FLOWER-PREBAKED", "the Flower in it is of that version", flower.flower_version),
    Rule("only-base-image", "IMAGE-FLOWER-ONLY", "no other container image is", flower.only_base_image),
    Rule("no-ml-framework", "IMAGE-NO-FRAMEWORK", "none in the root and in every layer", flower.no_ml_framework),
    Rule("utilities", "IMAGE-UTILITIES", "jq, curl and nc are there", base.utilities),
    Rule("apt-clean", "IMAGE-CLEAN", "apt's archives and lists are empty", base.apt_clean),
    Rule("docker-clean", "IMAGE-CLEAN", "docker system prune was run", base.docker_clean),
    Rule("context-scripts", "IMAGE-CONTEXT", "contextualization is there and starts", start.context_scripts),
    Rule("nic", "IMAGE-CONTEXT-NETWORK", "the network manager that contextualization takes starts", start.nic),
    Rule("boot-script", "IMAGE-BOOT-SCRIPT", "a boot script is there", start.boot_script),
    Rule("health-check", "IMAGE-BOOT-SCRIPT", "the health check is there", start.health_check),
    Rule(
        "context-package",
        "IMAGE-CONTEXT-INSTALLS",
        "one-context is there as a package",
        start.context_package,
        advisory=True,
    ),
    *(
        Rule(name, claim, "the estimate holds", breakdown.estimate(name), advisory=True)
        for name, claim in (
            ("size-base-os", "IMAGE-SIZE-BASE"),
            ("size-docker", "IMAGE-SIZE-DOCKER"),
            ("size-flower", "IMAGE-SIZE-FLOWER"),
            ("size-framework", "IMAGE-SIZE-FRAMEWORK"),
            ("size-utilities", "IMAGE-SIZE-UTILITIES"),
            ("size-context", "IMAGE-SIZE-CONTEXT"),
            ("size-total", "IMAGE-SIZE-TOTAL"),
        )
    ),
)


def judge(facts: ImageFacts, expected: Expectations | None = None) -> tuple[Finding, ...]:
    """Every rule's finding on an image, in the order of `RULES`."""
    expected = expected or Expectations()
    return tuple(rule.find(facts, expected) for rule in RULES)


def failed(findings: tuple[Finding, ...]) -> bool:
    """Whether an image is not as it has to be, or could not be judged in full; advice does not count."""
    return any(it.verdict is not Verdict.CONFORMS for it in findings if not it.advisory)

"""What is read of the real Flower 1.25.0 without a federation."""

import pytest

from harness.errors import HarnessError
from harness.flower.reading import strategy_signatures, supernode_options
from harness.flower.versions import FlowerEnvironment


def test_the_options_of_a_supernode(flower, tmp_path):
    options = supernode_options(flower, tmp_path)
    assert {"--superlink", "--max-retries", "--max-wait-time", "--node-config", "--insecure"} <= set(options)
    assert "maximum number of times the client will try to reconnect" in options["--max-retries"]
    assert not any("\n" in text for text in options.values())


def test_the_signatures_of_its_strategies(flower, tmp_path):
    found = {(it["api"], it["name"]): it for it in strategy_signatures(flower, tmp_path)}
    assert found["legacy", "FedAvg"] == {"api": "legacy", "name": "FedAvg", "has": True, "default": True}
    # It does accept failures, and does not let its user say otherwise.
    assert found["legacy", "FaultTolerantFedAvg"]["has"] is False
    assert found["message", "FedAvg"]["has"] is False
    assert not any(name == "Strategy" for _, name in found)


def test_help_without_options_is_no_reading(tmp_path):
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "flower-supernode"
    program.write_text("#!/bin/sh\necho usage\n")
    program.chmod(0o755)
    with pytest.raises(HarnessError, match="shows no option: usage"):
        supernode_options(FlowerEnvironment("1.25.0", tmp_path), tmp_path)

from pathlib import Path

import pytest
from appliance_images import Appliance


@pytest.fixture
def appliance(tmp_path: Path) -> Appliance:
    root = tmp_path / "root"
    root.mkdir()
    return Appliance(root)


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image that conforms to every rule; not to be changed."""
    folder = tmp_path_factory.mktemp("sound")
    (folder / "root").mkdir()
    return Appliance(folder / "root").qcow2(folder)

"""Service templates that people write: what is read of them, and what is refused in one line."""

import copy
import json
from pathlib import Path

import pytest

from harness.cloud.templates import SUPERLINK, SUPERNODE, read_service_template, read_vm_templates
from harness.errors import InputError

FOLDER = Path(__file__).parents[2] / "fixtures" / "service_template"


@pytest.fixture
def body():
    return json.loads((FOLDER / "flower.json").read_text())


@pytest.fixture
def read(tmp_path):
    def read(given):
        path = tmp_path / "service.json"
        path.write_text(given if isinstance(given, str) else json.dumps(given))
        return read_service_template(path)

    return read


def _refused(read, given):
    with pytest.raises(InputError) as refused:
        read(given)
    text = str(refused.value)
    assert "\n" not in text
    assert "service.json" in text
    return text


def test_the_project_own_is_the_specifications(body):
    template = read_service_template(FOLDER / "flower.json")
    assert template.body == body
    role = template.role(SUPERNODE)
    assert (role["cardinality"], role["min_vms"], role["max_vms"], role["parents"]) == (2, 2, 10, ["superlink"])
    assert [policy["adjust"] for policy in template.policies(SUPERNODE)] == [1, -1, 4, 2]
    assert template.policies(SUPERLINK) == []
    vms = read_vm_templates(FOLDER)
    assert set(vms) == {SUPERLINK, SUPERNODE}
    assert 'TOKEN = "YES"' in vms[SUPERNODE]


def test_scaled_times_keep_the_passes(body):
    template = read_service_template(FOLDER / "flower.json")
    scaled = template.scaled(45)
    up, down = scaled["roles"][1]["elasticity_policies"]
    # 60 s with passes every 90 s is every pass, 120 s every other; so are 2 s and 3 s with passes every 2 s.
    assert (up["period"], up["cooldown"]) == (2, 7)
    assert (down["period"], down["cooldown"]) == (3, 14)
    assert template.body == body
    assert template.ungated(scaled)["ready_status_gate"] is False


def test_a_whole_document_is_read_too(read, body):
    document = {"DOCUMENT": {"ID": "5", "TEMPLATE": {"BODY": {**body, "registration_time": 1_795_000_000}}}}
    assert read(document).role(SUPERNODE) == body["roles"][1]


def test_what_is_no_template(read):
    assert "is not JSON: Expecting ',' delimiter (column 19)" in _refused(read, '{"name": "flower" "roles": []}')
    assert "service.json:1" in _refused(read, "")
    for given in ("[]", "null", "7", '{"DOCUMENT": []}', '{"DOCUMENT": {"TEMPLATE": 1}}'):
        assert "is not a service template" in _refused(read, given)
    assert "is nested too deeply" in _refused(read, "[" * 100_000)
    assert "field 'name': is missing" in _refused(read, "{}")


def test_a_role_is_missing(read, body):
    body["roles"][1]["name"] = "node"
    assert "there is no role 'supernode' (its roles: superlink, node)" in _refused(read, body)


@pytest.mark.parametrize(
    ("where", "value", "text"),
    [
        (("roles", 1, "cardnality"), 2, "field 'roles.1.cardnality': has no meaning here"),
        (("roles", 1, "cardinality"), "two", "field 'roles.1.cardinality': Input should be a valid integer"),
        (("roles", 1, "cardinality"), -1, "field 'roles.1.cardinality'"),
        (("roles", 1, "name"), "super-node", "'super-node' has other characters than letters, digits and _"),
        (("roles", 1, "type"), "container", "field 'roles.1.type'"),
        (("roles", 1, "vm_template"), 0, "write 'template_id' of the 7.0 format"),
        (("roles", 1, "elasticity_policies", 0, "type"), "ADD", "field 'roles.1.elasticity_policies.0.type'"),
        (("roles", 1, "elasticity_policies", 0, "expression"), "CPU > 80 AND LOAD > 1", "OneFlow refuses it"),
        (("roles", 1, "elasticity_policies", 0, "periods"), 3, "elasticity_policies.0.periods': has no meaning here"),
        (("roles", 1, "scheduled_policies", 0, "recurrence"), "at nine", "is not a valid cron expression"),
        (("roles", 1, "scheduled_policies", 0, "start_time"), "2026-01-01", "but not both"),
        (("roles", 1, "min_vms"), 3, "'cardinality' must be greater than or equal to 'min_vms'"),
        (("roles", 1, "max_vms"), None, "must define both 'min_vms' and 'max_vms'"),
        (("roles", 0, "name"), "supernode", "there is no role 'superlink'"),
        (("deployment",), "bent", "field 'deployment'"),
    ],
)
def test_a_bad_field_is_told_by_its_place(read, body, where, value, text):
    changed = copy.deepcopy(body)
    at = changed
    for part in where[:-1]:
        at = at[part]
    at[where[-1]] = value
    assert text in _refused(read, changed)


def test_a_vm_template_that_is_none(tmp_path):
    with pytest.raises(InputError, match=r"superlink\.tmpl: cannot be read"):
        read_vm_templates(tmp_path)
    (tmp_path / "superlink.tmpl").write_text('NAME = [ "x"')
    with pytest.raises(InputError, match=r"superlink\.tmpl: is not a VM template"):
        read_vm_templates(tmp_path)

"""Packages in the checkout and under AMENT_PREFIX_PATH."""

from pathlib import Path

import pytest
from ament_index_python.packages import (
    PackageNotFoundError,
    get_package_prefix,
    get_package_share_directory,
    get_packages_with_prefixes,
)
from embedded_ros import packages
from embedded_ros.messages import interface_class

PROBE = """
uint8 HOT=1
string NAME="a # b"  # shown
float32[<=3] values [1.5, 2.5]
string<=4 unit K
byte flag 2
Part part
"""


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package `lab` with an executable and a message."""
    (tmp_path / "share" / "ament_index" / "resource_index" / "packages").mkdir(parents=True)
    (tmp_path / "share" / "ament_index" / "resource_index" / "packages" / "lab").touch()
    (tmp_path / "share" / "lab" / "msg").mkdir(parents=True)
    (tmp_path / "share" / "lab" / "msg" / "Probe.msg").write_text(PROBE)
    (tmp_path / "share" / "lab" / "msg" / "Part.msg").write_text("# nothing but\nbool ok true # a flag\nint8[2] pair\n")
    (tmp_path / "lib" / "lab").mkdir(parents=True)
    (tmp_path / "lib" / "lab" / "measure").touch(mode=0o755)
    (tmp_path / "lib" / "lab" / "notes.txt").touch()
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    return tmp_path


def test_installed_packages(prefix: Path) -> None:
    assert get_package_prefix("lab") == str(prefix)
    assert get_package_share_directory("lab") == str(prefix / "share" / "lab")
    assert get_packages_with_prefixes()["lab"] == str(prefix)
    assert packages.executables("lab") == {"measure": str(prefix / "lib" / "lab" / "measure")}


def test_messages_of_installed_packages(prefix: Path) -> None:
    probe = interface_class("lab/msg/Probe")
    assert (probe.HOT, probe.NAME) == (1, "a # b")
    message = probe()
    assert message.values.tolist() == [1.5, 2.5]
    assert (message.unit, message.flag, message.part.ok) == ("K", b"\x02", True)
    assert probe.get_fields_and_field_types() == {
        "values": "sequence<float, 3>",
        "unit": "string<4>",
        "flag": "octet",
        "part": "lab/Part",
    }
    with pytest.raises(AssertionError, match="string value not longer than 4"):
        message.unit = "Kelvin"
    with pytest.raises(AssertionError, match="with length <= 3"):
        message.values = [1.0, 2.0, 3.0, 4.0]


def test_packages_of_the_checkout() -> None:
    share = Path(get_package_share_directory("mir2_swarm"))
    assert (share / "package.xml").is_file()
    assert all(target.count(":") == 1 for target in packages.executables("mir2_swarm").values())


def test_unknown_packages() -> None:
    with pytest.raises(PackageNotFoundError, match="package 'nope' not found, searching"):
        get_package_share_directory("nope")
    with pytest.raises(ValueError, match="'' is not a valid package name"):
        get_package_prefix("")

"""Packages in folders of sources and under AMENT_PREFIX_PATH."""

import importlib
import sys
from importlib import metadata
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
from ros_world import DATA

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


def test_message_packages_of_ones_own_are_imported(prefix: Path) -> None:
    module = importlib.import_module("lab.msg")
    assert module.__all__ == ["Part", "Probe"]
    assert module.Probe is interface_class("lab/msg/Probe")
    assert module.Probe().part == module.Part()
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'lab\.srv'"):
        importlib.import_module("lab.srv")
    for name in ("lab", "lab.msg"):
        del sys.modules[name]


def test_source_packages_of_a_folder() -> None:
    assert get_package_share_directory("rover") == str(DATA / "packages" / "rover")
    assert packages.executables("rover") == {"drive": "rover.drive:main", "park": "rover.park:main"}
    assert importlib.import_module("rover_msgs.srv").Park.Request(place="dock").place == "dock"


def test_a_distribution_declares_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sources" / "declared").mkdir(parents=True)
    (tmp_path / "sources" / "declared" / "package.xml").touch()
    (tmp_path / "declaring.py").write_text(
        "from pathlib import Path\ntry:\n    import not_there\nexcept ImportError:\n    pass\n"
        "def folder(): return Path(__file__).with_name('sources')\n"
    )
    (tmp_path / "declaring-1.0.dist-info").mkdir()
    (tmp_path / "declaring-1.0.dist-info" / "entry_points.txt").write_text(
        "[embedded_ros.packages]\nsome = declaring:folder\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(packages, "_from_distributions", None)
    assert get_package_share_directory("declared") == str(tmp_path / "sources" / "declared")


def test_a_broken_declaration_is_an_error_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = metadata.EntryPoint("some", "no_such_module:folder", "embedded_ros.packages")
    monkeypatch.setattr(metadata, "entry_points", lambda group: [broken])
    monkeypatch.setattr(packages, "_from_distributions", None)
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError, match="no_such_module"):
            packages.packages()


def test_unknown_packages() -> None:
    with pytest.raises(PackageNotFoundError, match="package 'nope' not found, searching"):
        get_package_share_directory("nope")
    with pytest.raises(ValueError, match="'' is not a valid package name"):
        get_package_prefix("")

from __future__ import annotations

import pytest

from gearspec import data
from gearspec.errors import HarnessError


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package in an empty folder, with nothing beside it."""
    package = tmp_path / "gearspec"
    package.mkdir()
    monkeypatch.setattr(data, "_PACKAGE", package)
    return package


def test_a_checkout_has_its_data_beside_the_package(installed):
    beside = installed.parent / "vectors"
    beside.mkdir()
    assert data.data_folder("vectors") == beside


def test_the_data_of_a_wheel_come_before_a_folder_that_happens_to_lie_beside_it(installed):
    (installed.parent / "vectors").mkdir()
    inside = installed / "vectors"
    inside.mkdir()
    assert data.data_folder("vectors") == inside


@pytest.mark.usefixtures("installed")
def test_an_installation_without_its_data_is_told_to_be_installed_again():
    with pytest.raises(HarnessError, match="'vectors' is missing"):
        data.data_folder("vectors")


def test_both_folders_of_this_installation_are_found():
    assert data.data_folder("vectors").joinpath("schema.json").is_file()
    assert data.data_folder("suites").is_dir()

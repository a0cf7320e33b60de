"""Whether libraries of a language are installed."""

import shutil
import sys

import pytest

from gearspec.errors import UsageError
from gearspec.harness.package import missing


@pytest.mark.parametrize(
    ("kind", "interpreter", "has", "words"),
    [
        ("python-module", sys.executable, "json.decoder", "Python module"),
        ("perl-module", "perl", "File::Spec", "Perl module"),
        ("php-extension", "php", "standard", "PHP extension"),
    ],
)
def test_an_interpreter_is_asked_for_a_package(kind, interpreter, has, words):
    if not shutil.which(interpreter):
        pytest.skip(f"{interpreter} is not installed")
    assert not missing(interpreter, kind, has)
    assert missing(interpreter, kind, "nosuchthing") == f"{words} nosuchthing in {interpreter}"


def test_the_folder_that_we_are_in_has_no_packages(tmp_path, monkeypatch):
    tmp_path.joinpath("local_only.py").touch()
    monkeypatch.chdir(tmp_path)
    assert missing(sys.executable, "python-module", "local_only")


def test_an_interpreter_that_cannot_be_run_is_told():
    with pytest.raises(UsageError, match="cannot run /no/such to look for the Perl module X: "):
        missing("/no/such", "perl-module", "X")

"""Where the data of gearspec lies: suites, vectors and docs.

A wheel carries them inside the package; in a checkout they stand beside it, so
that they can be read, linked and edited without knowing Python.
"""

from __future__ import annotations

from pathlib import Path

from gearspec.errors import HarnessError

_PACKAGE = Path(__file__).resolve().parent


def data_folder(name: str) -> Path:
    """The folder of that name in the package, else in the checkout beside it.

    Args:
        name: ``suites``, ``vectors`` or ``docs``.

    Raises:
        HarnessError: it is in neither place, so this installation is broken.
    """
    for folder in (_PACKAGE / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise HarnessError(f"the folder '{name}' is missing from this installation: install gearspec again")

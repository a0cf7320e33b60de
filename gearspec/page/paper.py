"""The pages of one run: what was asked for of them, and where it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearspec.errors import UsageError
from gearspec.page.comment import comment
from gearspec.page.report import report_page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from gearspec.log import Log

FORMS: Final[Mapping[str, Callable[[Log], str]]] = {"html": report_page, "markdown": comment}
"""The forms in which a run can be read, by the ends of the names of their options."""


class Papers:
    """Files for some of the forms; they are opened at once, so that no run is in vain.

    Args:
        files: by the form; None where it is not asked for.

    Raises:
        UsageError: one cannot be written.
    """

    def __init__(self, files: Mapping[str, Path | None]) -> None:
        self._files = {form: path for form, path in files.items() if path}
        for path in self._files.values():
            _write(path, "")

    def write(self, log: Log) -> None:
        """Write all of them.

        Raises:
            UsageError: one cannot be written any more.
        """
        for form, path in self._files.items():
            _write(path, FORMS[form](log))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as problem:
        raise UsageError(f"{path} cannot be written: {problem.strerror}") from None

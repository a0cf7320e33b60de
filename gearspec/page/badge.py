"""A badge: how many must-clauses a program keeps, as SVG and as the JSON that shields.io reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from gearspec.page.template import render

if TYPE_CHECKING:
    from gearspec.tally import Count

LABEL: Final = "gearspec"
_COLOURS: Final = {"brightgreen": "#3a7d0a", "blue": "#0b62a4", "red": "#b3261e", "lightgrey": "#5a5f66"}
"""By the names of shields.io, shades of our own on which white text can be read."""
_CHAR: Final = 6.2
_MARGIN: Final = 12


class Badge(NamedTuple):
    """What it says.

    Attributes:
        message: to the right of the label.
        colour: one of shields.io.
    """

    message: str
    colour: str

    def endpoint(self) -> str:
        """The JSON of an endpoint badge of shields.io."""
        fields = {"schemaVersion": 1, "label": LABEL, "message": self.message, "color": self.colour}
        return json.dumps(fields) + "\n"

    def svg(self) -> str:
        """A picture."""
        left, right = (round(len(text) * _CHAR) + _MARGIN for text in (LABEL, self.message))
        colour = _COLOURS[self.colour]
        return render("badge.svg", label=LABEL, message=self.message, left=left, right=right, colour=colour)


def make_badge(role: str, must: Count) -> Badge:
    """The badge of a program in a role.

    It is green when all that there is was kept, blue when what was exercised was, and red when a
    clause was broken; so what was not exercised is never taken for kept.
    """
    if not must.exercised:
        return Badge(f"{role}: nothing tested", "lightgrey")
    sound, whole = must.passed == must.exercised, must.passed == must.total
    colour = "brightgreen" if whole else "blue" if sound else "red"
    return Badge(f"{role}: {must.passed} of {must.total} musts", colour)

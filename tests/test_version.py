import pytest
from hypothesis import given
from hypothesis import strategies as st

from gearspec.harness.version import in_range

VERSIONS = st.lists(st.integers(0, 30), min_size=1, max_size=4)


def text(numbers):
    return ".".join(map(str, numbers))


@pytest.mark.parametrize(
    ("version", "versions", "holds"),
    [
        ("1.1.20", ">=1.1.20, <1.2", True),
        ("1.1.20+ds-2", "1.1.20", True),
        ("1.10", ">1.9", True),
        ("2.0.0", "==2", True),
        ("1.2", ">=1.1.20,<1.2", False),
        (None, "", True),
        (None, ">=0", False),
        ("unknown", "<=99", False),
    ],
)
def test_a_version_is_in_a_range_when_every_comparison_holds(version, versions, holds):
    assert in_range(version, versions) is holds


@given(VERSIONS, VERSIONS)
def test_of_two_versions_one_is_smaller_or_they_are_equal(one, other):
    comparisons = ["<", "==", ">"]
    assert sum(in_range(text(one), sign + text(other)) for sign in comparisons) == 1
    assert in_range(text(one), ">=" + text(other)) is not in_range(text(one), "<" + text(other))
    assert in_range(text(one), "<=" + text(other)) is not in_range(text(one), ">" + text(other))


@pytest.mark.parametrize("versions", ["1.x", "~=1.2", ">=1.2,", ">= 1.2 <2"])
def test_a_range_that_cannot_be_read_is_refused(versions):
    with pytest.raises(ValueError, match="no comparison"):
        in_range("1.2", versions)

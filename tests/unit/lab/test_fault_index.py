"""Every fault that version 0.1 failed leads to a test that exists."""

import re
from pathlib import Path

import pytest

from tests.lab.fault_index import INDEX
from tests.lab.faults import FAULTS

TESTS = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def names() -> set[str]:
    """The names of all tests."""
    return {
        name
        for file in TESTS.rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text(), re.M)
    }


def test_all_bad_and_poor_faults_are_in_the_index() -> None:
    assert list(INDEX) == [*(f"B{number}" for number in range(1, 11)), *(f"P{number}" for number in range(1, 21))]


@pytest.mark.parametrize("id", INDEX)
def test_a_fault_leads_to_rows_and_tests_that_exist(id: str, names: set[str]) -> None:
    tested = INDEX[id]
    assert tested.rows or tested.tests
    assert set(tested.rows) <= {each.id for each in FAULTS}
    assert set(tested.tests) <= names


def test_each_row_has_its_own_id() -> None:
    ids = [each.id for each in FAULTS]
    assert len(ids) == len(set(ids))

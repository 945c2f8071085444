"""What a person notes on a run."""

from typing import Any

import pytest

from tui.core.failure import Failure
from tui.runs.model.annotation import MOST_TAGS, MOST_TEXT, Annotation, parse_annotation


def test_tags_are_added_once_and_removed() -> None:
    tagged = Annotation(tags=("a", "b")).with_tags(["c", "a"], ["b", "none"])
    assert tagged.tags == ("a", "c")


@pytest.mark.parametrize("tag", ["", "a b", "-x", "+x", "a,b", "x" * 41, "a\n", "\u202ea"])
def test_a_tag_is_one_word(tag: str) -> None:
    with pytest.raises(Failure, match=r"is not a tag\. A tag is up to 40 letters"):
        Annotation().with_tags([tag], [])


def test_there_is_a_limit_of_tags_and_of_text() -> None:
    with pytest.raises(Failure, match="too many tags: 51 of at most 50"):
        Annotation().with_tags([f"t{n}" for n in range(MOST_TAGS + 1)], [])
    with pytest.raises(Failure, match="The note is too long: it has 10,001 characters"):
        Annotation().with_note("x" * (MOST_TEXT + 1))


def test_texts_are_kept_without_control_characters() -> None:
    noted = Annotation().with_note(" two\nlines\x1b[2J ").with_exclusion("noisy\u202e")
    assert (noted.note, noted.excluded) == ("two\nlines", "noisy")
    assert noted.with_note("").with_exclusion("") == Annotation()


@pytest.mark.parametrize(
    ("tables", "problem"),
    [
        ({"note": 7}, "note is not a text"),
        ({"tags": "x"}, "tags is not a list of texts"),
        ({"tags": ["x", 7], "excluded": True}, "excluded is not a text; tags is not a list of texts"),
    ],
)
def test_values_of_another_type_are_the_problem(tables: dict[str, Any], problem: str) -> None:
    assert parse_annotation(tables) == Annotation(problem=f"Its note.toml is not understood: {problem}.")


def test_what_is_written_is_read_back() -> None:
    annotation = Annotation('"quoted"\nnote', ("a", "b.c"), "why")
    assert parse_annotation(annotation.tables) == annotation
    assert Annotation().tables == {}

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from articles.previews import DESCRIPTION_LENGTH, TITLE_LENGTH, read_preview


def test_the_title_and_the_description_are_read() -> None:
    page = "<!doctype html><html><head><title>A &amp; B</title><meta name=description content='What it is.'></head>"
    preview = read_preview(page)
    assert (preview.title, preview.description) == ("A & B", "What it is.")


def test_open_graph_goes_first() -> None:
    page = """<title>old</title><meta name="description" content="old">
    <meta content="New" property="og:title"><meta property="og:description" content="Newer">"""
    preview = read_preview(page)
    assert (preview.title, preview.description) == ("New", "Newer")


def test_an_empty_open_graph_title_is_none() -> None:
    assert read_preview("<title>yes</title><meta property='og:title' content=' '>").title == "yes"


def test_markup_in_an_attribute_is_text() -> None:
    page = """<meta name=description content='a > b &lt;script&gt;alert(1)&lt;/script&gt; "q"'>"""
    assert read_preview(page).description == 'a > b <script>alert(1)</script> "q"'


def test_what_only_looks_like_a_title_is_none() -> None:
    page = "<script>'<title>script</title>'</script><!-- <title>comment</title> --><p>&lt;title&gt;text&lt;/title&gt;"
    assert read_preview(page).title == ""


def test_hidden_characters_and_lines_are_taken_out() -> None:
    assert read_preview("<title>a\n\x1b[31m\u202eb</title>").title == "a [31mb"


def test_long_texts_are_cut() -> None:
    page = f"<title>{'x' * 999}</title><meta name=description content='{'y' * 999}'>"
    preview = read_preview(page)
    assert (len(preview.title), len(preview.description)) == (TITLE_LENGTH, DESCRIPTION_LENGTH)


@pytest.mark.parametrize(
    "soup",
    ["<![", "<a ", "<", "<!--", "&", "<title>", "<a b='", "</", "<meta ", "</scrip", " b=c", "<?", "<div>", "<b><p>"],
)
def test_a_soup_of_tags_costs_no_time_and_no_crash(soup: str) -> None:
    start = time.perf_counter()
    read_preview(soup * (1_000_000 // len(soup)))
    assert time.perf_counter() - start < 2


@given(st.text(st.sampled_from("<>/'\"=&; metanic-!\x00tilp:og"), max_size=200))
def test_any_text_is_read(page: str) -> None:
    preview = read_preview(page)
    assert "\n" not in preview.title + preview.description

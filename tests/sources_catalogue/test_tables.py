"""Declared columns: what is read, and how each kind of error names its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import RefusedInput
from lib.sources.contract import Candidate
from lib.sources.tables import Table, count, date, flag, names, number, positive, read_count, read_number, text

TABLE = Table(
    text("name", required=True),
    number("share"),
    positive("size"),
    count("k"),
    flag("open"),
    date("on"),
    names("also"),
    text("note", key="remark"),
)
HEADER = "name,share,size,k,open,on,also,note\n"


def rows(body: str | bytes, header: str = HEADER):
    content = (header.encode() + body) if isinstance(body, bytes) else (header + body).encode()
    return TABLE.rows(Candidate("t.csv", content))


def test_values_and_empty_cells():
    assert rows("a,0.5,7000000000,3.0,true,2024-05,x; y,hello\nb,,,,,,,\n") == [
        {
            "name": "a",
            "share": 0.5,
            "size": 7_000_000_000,
            "k": 3,
            "open": True,
            "on": "2024-05",
            "also": ["x", "y"],
            "remark": "hello",
        },
        {"name": "b", "share": None, "size": None, "k": None, "open": None, "on": None, "also": None, "remark": None},
    ]


@pytest.mark.parametrize(
    "hostile", ['=HYPERLINK("http://x")', "<script>alert(1)</script>", "@SUM(A1)", "[a](b) $x$", "\u202egpj"]
)
def test_formulas_and_markup_are_only_text(hostile):
    quoted = '"' + hostile.replace('"', '""') + '"'
    assert rows(f"{quoted},,,,,,,\n")[0]["name"] == hostile


@pytest.mark.parametrize(
    ("body", "place", "expected"),
    [
        ("a,one,,,,,,\n", "line 2, column 'share'", "a number"),
        ("a,nan,,,,,,\n", "line 2, column 'share'", "a number"),
        ("a,1_000,,,,,,\n", "line 2, column 'share'", "a number"),
        ("a,٣,,,,,,\n", "line 2, column 'share'", "a number"),
        ("a,1e999,,,,,,\n", "line 2, column 'share'", "a number within double precision"),
        ("a,,0,,,,,\n", "line 2, column 'size'", "above 0"),
        ("a,,-1,,,,,\n", "line 2, column 'size'", "above 0"),
        ("a,,,1.5,,,,\n", "line 2, column 'k'", "a whole number"),
        ("a,,,99999999999999999999,,,,\n", "line 2, column 'k'", "64 bits"),
        ("a,,,,yes,,,\n", "line 2, column 'open'", "true, false"),
        ("a,,,,,2024-13,,\n", "line 2, column 'on'", "YYYY-MM"),
        ("ok,,,,,,,\n,,,,,,,x\n", "line 3, column 'name'", "a value"),
        ("a,b\n", "line 2", "8 cells"),
    ],
)
def test_an_error_names_file_line_and_column(body, place, expected):
    with pytest.raises(RefusedInput) as refusal:
        rows(body)
    assert refusal.value.file == "t.csv"
    assert refusal.value.place == place
    assert expected in refusal.value.expected


def test_the_line_is_that_of_the_file_also_after_cells_of_several_lines():
    with pytest.raises(RefusedInput) as refusal:
        rows('"a\nb",,,,,,,\nc,x,,,,,,\n')
    assert refusal.value.place == "line 4, column 'share'"


@pytest.mark.parametrize(
    "content", [b"a,\xff,,,,,,\n", b"a,\x00,,,,,,\n", b'"a,,,,,,,\n', b"a" * 200_000 + b",,,,,,,\n"]
)
def test_broken_bytes_are_refused_with_a_place(content):
    with pytest.raises(RefusedInput) as refusal:
        rows(content)
    assert refusal.value.place


def test_a_header_that_names_a_column_twice_is_refused():
    with pytest.raises(RefusedInput, match="twice"):
        rows("", header="name,name\n")


def test_order_of_columns_and_a_byte_order_mark_do_not_matter():
    table = Table(text("a"), text("b"))
    candidate = Candidate("t.csv", b"\xef\xbb\xbfb,a\r\n1,2\r\n")
    assert table.matches(candidate)
    assert table.rows(candidate) == [{"b": "1", "a": "2"}]
    assert not table.matches(Candidate("t.csv", b"a,b,c\n"))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back(value):
    assert read_number(repr(value)) == value


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_counts_come_back(value):
    assert read_count(str(value)) == value


@given(st.text())
def test_numbers_are_read_or_refused_never_anything_else(cell):
    for read in (read_number, read_count):
        try:
            read(cell)
        except ValueError as error:
            assert str(error)


def test_a_header_of_a_million_columns_is_refused_at_once():
    with pytest.raises(RefusedInput, match="too many columns"):
        rows("", header="a," * 1_000_000 + "a\n")

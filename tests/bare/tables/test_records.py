"""Tables of which every row counts."""

import io
import random
from collections.abc import Callable

import pytest
from kinema.motion.tables import Record, TableError, read_records

from tests.harness.growth import in_proportion


def read(data: str | bytes) -> list[Record]:
    return [*read_records(io.BytesIO(data if isinstance(data, bytes) else data.encode()))]


@pytest.mark.parametrize(
    "text",
    [
        "a.x,b\n1,two\n,three",
        "a.x;b\r\n1;two\r\n\r\n;;;\r\n;three\r\n",
        "\ufeffsep=;\na.x;b\n1;two\n;three",
        "a.x\tb\n1\ttwo\n\tthree\n",
        '"a.x","b"\n"1","two"\n"","three"',
        '{"a.x": "1", "b": "two"}\n\n{"b": "three", "a.x": null}\n',
        ' [{"a.x": "1", "b": "two"},\n {"b": "three"}]',
        "\n\na.x|b\n1|two\n|three",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_tables_of_all_kinds(text: str, encoding: str) -> None:
    data = text.removeprefix("\ufeff").encode(encoding) if encoding == "utf-16" else text.encode(encoding)
    assert [record.values for record in read(data)] == [{"a.x": "1", "b": "two"}, {"b": "three"}]


def test_lines_are_those_of_the_file() -> None:
    table = 'a,b\n\n1,"over\ntwo, ""quoted"" lines"\n2,last\n'
    assert read(table) == [
        Record("line 3", {"a": "1", "b": 'over\ntwo, "quoted" lines'}),
        Record("line 5", {"a": "2", "b": "last"}),
    ]
    assert read('[{"a": 1}, {"a": ""}]') == [Record("entry 1", {"a": 1}), Record("entry 2", {"a": ""})]


def test_a_long_text_over_many_lines() -> None:
    text = "\n".join(f"{frame}: a cat" for frame in range(900))
    assert read(f'a,b\n1,"{text}"\n2,x\n')[0].values["b"] == text


def test_the_separator_is_not_looked_for_in_names() -> None:
    assert read('"Load, and scale, it.width";b\n1;2')[0].values == {"Load, and scale, it.width": "1", "b": "2"}


def test_a_head_alone_has_no_rows() -> None:
    assert read("a,b\n") == read("[]") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it is empty"),
        (bytes(range(256)) * 40, "it is no text"),
        ("a,b,a\n1,2,3", "two columns named a"),
        (",,\n1,2,3", "names no columns"),
        ("a,\n1,2", "line 2 has '2' in a column without a name"),
        ("a,b\n1,2,3", "line 2 has more cells.*from '3' on"),
        ('a,b\n1,"two\n3,4\n', "quotation mark in line 2 is not closed"),
        ('a,b\n1,"two" more "\n3,4\n5,"x\n', "quotation mark in line 4 is not closed"),
        ("a\n" + "x" * 70_000, "line 2 is longer than 65536"),
        ('{"a": 1}\n{"a": 1', "line 2 is no JSON object"),
        ('{"a": 1}\n[1]', "line 2 is no JSON object"),
        ('{"a": NaN}', "NaN is no number"),
        ('{"a": 1, "a": 2}', "it has a twice"),
        ('[{"a": 1}, 2]', "entry 2 is no JSON object"),
        ('[{"a": 1}', "it is no JSON"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_wrong_is_told(text: str | bytes, words: str) -> None:
    with pytest.raises(TableError, match=words):
        read(text)


MUTATIONS = ('"', ",", "\n", "\r", "\0", ";", "\\", "é", "\ufeff", '""', "\t", "[", "{", "", ",,,,", '"\n"')


@pytest.mark.parametrize("seed", range(200))
def test_whatever_a_table_has_become_it_is_read_or_refused(seed: int) -> None:
    draw = random.Random(seed)
    data = bytearray("\n".join(["a,b,c", *(f'{number},"x, {number}",y' for number in range(20))]).encode())
    for _ in range(draw.randint(1, 8)):
        place = draw.randrange(len(data))
        new = bytes([draw.randrange(256)]) if draw.random() < 0.3 else draw.choice(MUTATIONS).encode()
        data[place : place + draw.choice((0, 1, 3, 40))] = new
    try:
        records = read(bytes(data))
    except TableError:
        return
    assert all(record.values for record in records)


@pytest.mark.parametrize("row", ["1,x,y\n", '1,"x, ""y""",z\n', '1,"a\nb\n""c""\nd",z\n', '{"a": 1, "b": "x"}\n'])
def test_time_grows_with_the_number_of_rows(row: str) -> None:
    def cost(size: int) -> Callable[[], object]:
        data = ("" if row.startswith("{") else "a,b,c\n") + row * size
        return lambda: read(data)

    assert in_proportion(cost, 20_000)


def test_a_mark_that_is_never_closed_is_found_soon() -> None:
    def cost(size: int) -> Callable[[], object]:
        data = 'a,b\n1,"x\n' + '2,"y"\n' * size

        def refused() -> None:
            with pytest.raises(TableError):
                read(data)

        return refused

    assert in_proportion(cost, 20_000)

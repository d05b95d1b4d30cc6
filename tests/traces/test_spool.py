"""Records set aside on disk: given back as they were added, each time they are asked for."""

import msgspec

from traces.spool import Spool


class Row(msgspec.Struct):
    name: str
    parts: list[int] = []


def test_records_come_back_in_order_as_often_as_asked() -> None:
    rows = [
        Row("a", [1, 2]),
        Row("half a character: \ud800"),
        Row("", []),
        Row("another half: \udc00"),
        Row("b", [10**30]),
    ]
    with Spool(Row) as spool:
        for row in rows:
            spool.add(row)
        assert list(spool) == rows
        assert list(spool) == rows


def test_nothing_set_aside_gives_nothing() -> None:
    with Spool(Row) as spool:
        assert list(spool) == []

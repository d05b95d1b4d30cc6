"""The calls price tables get wrong: their list answers add up, ours are those of the table, verdicts are fair."""

import csv
from typing import Any

import pytest
from trap_calls import NOT_ASKED, TOKENS, Answer, TrapCall, load_traps, shown
from trap_tables import TABLE
from traps import our_answers

CALLS, _ = load_traps()


def trap_call(list_answer: str) -> TrapCall:
    return TrapCall("1 a trap", {"list": list_answer})


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.trap}: {call.values['call']}")
def test_a_list_answer_is_worked_out_of_exactly_the_tokens_of_its_call(call: TrapCall) -> None:
    tokens = [call.values[name] for name in TOKENS if call.values[name]]

    assert [n for n, _ in call.parts] == tokens if call.values["list"] != "none" else call.parts == []
    assert call.values["source"]


def test_every_trap_is_told_and_has_calls() -> None:
    assert list(dict.fromkeys(call.trap for call in CALLS)) == list(shown())
    assert [int(trap.split()[0]) for trap in shown()] == list(range(1, 14))


def test_the_table_has_the_answers_we_give() -> None:
    rows = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
    ours = [(c.values["call"], str(a), c.verdict(a)) for c, a in zip(CALLS, our_answers(CALLS), strict=True)]

    assert ours == [(row["call"], row["evalreplay"], row["evalreplay verdict"]) for row in rows]


@pytest.mark.parametrize(
    ("list_answer", "answer", "verdict"),
    [
        ("1_000_000 x 2.00", {"usd": (2.0,)}, "right"),
        ("1_000_000 x 2.00", {"usd": (2.0,), "said": "assumed/half"}, "right"),
        ("1_000_000 x 2.00", {"usd": (0.0,)}, "wrong"),
        ("1_000_000 x 2.00", {"usd": (2.0, 4.0), "said": "by the machine's clock"}, "wrong"),
        ("1_000_000 x 2.00", {"said": "price unknown"}, "no answer"),
        ("none", {"said": "LookupError"}, "right"),
        ("none", {"usd": (0.0,)}, "wrong"),
        ("none", {"said": NOT_ASKED}, ""),
    ],
)
def test_silence_is_right_only_where_there_is_no_list_price(
    list_answer: str, answer: dict[str, Any], verdict: str
) -> None:
    assert trap_call(list_answer).verdict(Answer(**answer)) == verdict

"""The table of the traps as traps_results.csv, in short in README.md, and on the screen."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from trap_calls import TOKENS, VERDICTS, Answer, TrapCall

TABLE: Final = Path(__file__).with_name("traps_results.csv")
README: Final = Path(__file__).with_name("README.md")
BEGIN: Final = "<!-- traps: written by run.py traps -->"
END: Final = "<!-- end of traps -->"
OURS: Final = "evalreplay"
_ABSENT: Final = "not installed"
_MOST_CHARS: Final = 34
Answers = Mapping[str, Sequence[Answer]]


def write_table(calls: Sequence[TrapCall], answers: Answers, peers: Sequence[str]) -> None:
    """Write one row per call: the list answer, and what every library says, with its verdict."""
    names = [OURS, *peers]
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        about = ["trap", "call", "provider", "model", "at", "usage", "list_usd", "list", "source"]
        writer.writerow([*about, *(column for name in names for column in (name, f"{name} verdict"))])
        for number, call in enumerate(calls):
            given = [_judged(call, answers[name][number]) if name in answers else (_ABSENT, "") for name in names]
            writer.writerow([*_about(call), *(cell for pair in given for cell in pair)])


def _about(call: TrapCall) -> list[str]:
    values = call.values
    usage = [f"{values[name]} {name.removesuffix('_tokens')}" for name in TOKENS if values[name]]
    usage += ["batch"] * values["is_batch"] + [values["service_tier"]] * (values["service_tier"] != "standard")
    usage += ["unconverted"] * values["is_unconverted"] + [f"{k} = {v}" for k, v in values["scenario"].items()]
    at = values["at"].strftime("%Y-%m-%dT%H:%M:%SZ")
    said = [values["provider"] or "", values["model"], at, ", ".join(usage)]
    return [call.trap, values["call"], *said, _usd(call), values["list"], values["source"]]


def _usd(call: TrapCall) -> str:
    return "" if call.list_usd is None else f"{call.list_usd.normalize():f}"


def _judged(call: TrapCall, answer: Answer) -> tuple[str, str]:
    return str(answer), call.verdict(answer)


def print_table(calls: Sequence[TrapCall], answers: Answers) -> None:
    """Print list answer and answers of every call; what is not right is marked."""
    print("  ".join(f"{name:{_MOST_CHARS}}" for name in ("call", "list", *answers)))
    for number, call in enumerate(calls):
        if number == 0 or calls[number - 1].trap != call.trap:
            print(f"\n{call.trap}")
        said = [_marked(call, given[number]) for given in answers.values()]
        cells = [call.values["call"], _usd(call) or "none", *said]
        print("  ".join(f"{cell[:_MOST_CHARS]:{_MOST_CHARS}}" for cell in cells).rstrip())


def _marked(call: TrapCall, answer: Answer) -> str:
    mark = {"right": "", "wrong": "WRONG ", "no answer": "- "}.get(call.verdict(answer), "")
    return f"{mark}{answer}"


def write_text(calls: Sequence[TrapCall], answers: Answers, versions: Mapping[str, str]) -> None:
    """Write the short table between its marks in README.md; versions: empty where a library is not installed."""
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    lines = [
        BEGIN,
        "",
        *_counts(calls, answers, versions),
        "",
        *_examples(calls, answers),
        "",
        _not_right(calls, answers),
        "",
        END,
    ]
    README.write_text(before + "\n".join(lines) + after, encoding="utf-8")


def _counts(calls: Sequence[TrapCall], answers: Answers, versions: Mapping[str, str]) -> Iterator[str]:
    """Right / wrong / no answer by trap."""
    names = [f"{name} {versions.get(name, '')}".strip() for name in answers]
    yield "| right / wrong / no answer | calls | " + " | ".join(names) + " |"
    yield "|---|---|" + "---|" * len(names)
    for trap in [*dict.fromkeys(call.trap for call in calls), "all"]:
        chosen = [number for number, call in enumerate(calls) if trap in (call.trap, "all")]
        cells = [_tally(Counter(calls[n].verdict(given[n]) for n in chosen)) for given in answers.values()]
        yield f"| {trap} | {len(chosen)} | " + " | ".join(cells) + " |"
    absent = [name for name, version in versions.items() if not version]
    if absent:
        yield f"\nNot installed, and not asked: {', '.join(absent)}."


def _tally(verdicts: Counter[str]) -> str:
    return " / ".join(str(verdicts[name]) for name in VERDICTS)


def _examples(calls: Sequence[TrapCall], answers: Answers) -> Iterator[str]:
    """One call of every trap: the first we get right of those that libraries answer most differently."""
    yield f"| USD | list | {' | '.join(answers)} |"
    yield "|---|---|" + "---|" * len(answers)
    for trap in dict.fromkeys(call.trap for call in calls):
        of_trap = [number for number, call in enumerate(calls) if call.trap == trap]
        verdicts = {n: [calls[n].verdict(given[n]) for given in answers.values()] for n in of_trap}
        number = max(of_trap, key=lambda n: (verdicts[n][0] == "right", len(set(verdicts[n]))))
        cells = [str(given[number]).partition(":")[0] for given in answers.values()]
        yield f"| {calls[number].values['call']} | {_usd(calls[number]) or 'none'} | {' | '.join(cells)} |"


def _not_right(calls: Sequence[TrapCall], answers: Answers) -> str:
    """Say which calls we do not get right, with our answer."""
    pairs = [
        (call, answer) for call, answer in zip(calls, answers[OURS], strict=True) if call.verdict(answer) != "right"
    ]
    said = [f"{call.values['call']} ({answer}, not {_usd(call) or 'none'})" for call, answer in pairs]
    return f"Not right with us: {'; '.join(said) or 'none'}."

"""Which Weave calls are requests to a model: those that contain no other with usage, each answer once."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from traces.readers.hal.file import Call, Inputs
from traces.readers.hal.usage import Used, output_of, used_by
from traces.rejects import RejectLog

_PLACE: Final = "raw_logging_results"


class Leaf(NamedTuple):
    """A request, where it stands in the file, and what it used."""

    call: Call
    number: int
    uses: list[Used]

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{_PLACE}[{self.number}]"


def has_parents(calls: Iterable[Call]) -> bool:
    """Tell whether the file names parents: older ones do not."""
    return any(call.parent_id is not msgspec.UNSET for call in calls)


def leaves(calls: Sequence[Call], name: str, log: RejectLog) -> list[Leaf]:
    """Requests to a model among calls, which contain each other; the rest is left out, failed ones with a count.

    A parent states the sum of its children. One answer that two clients logged beside each other counts once.
    """
    every = [Leaf(call, number, used_by(call)) for number, call in enumerate(calls)]
    containing = _ancestors(every)
    found: list[Leaf] = []
    n_failed = 0
    for leaf in every:
        call = leaf.call
        if call.id in containing:
            continue
        if leaf.uses:
            found.append(leaf)
        elif _asks_model(call):
            n_failed += bool(call.exception)
            found += [] if call.exception else [leaf]
    if n_failed:
        log.unrecognised(name, f"failed calls without usage: {n_failed}; taken for not billed, left out")
    return _once(found, name, log)


def _ancestors(every: Sequence[Leaf]) -> set[str | None]:
    if not any(isinstance(leaf.call.parent_id, str) for leaf in every):
        return set()
    parents = {leaf.call.id: leaf.call.parent_id for leaf in every if leaf.call.id is not None}
    containing: set[str | None] = set()
    for leaf in every:
        parent = leaf.call.parent_id if leaf.uses else None
        while isinstance(parent, str) and parent not in containing:
            containing.add(parent)
            parent = parents.get(parent)
    return containing


def _asks_model(call: Call) -> bool:
    inputs = call.inputs
    return isinstance(inputs, Inputs) and isinstance(inputs.model, str) and not _is_wrapper(call)


def _is_wrapper(call: Call) -> bool:
    """Tell an agent's own function, which may take a model's name too, from a client's."""
    return output_of(call) is None and not call.exception


def answer_id(leaf: Leaf) -> str | int | None:
    """Id the provider gave the answer."""
    output = output_of(leaf.call)
    return None if output is None else output.id


def _once(found: Sequence[Leaf], name: str, log: RejectLog) -> list[Leaf]:
    calls: dict[str, Leaf] = {}
    answers: dict[object, Leaf] = {}
    kept = []
    n_answers = Counter(map(answer_id, found))
    if len({leaf.call.id for leaf in found}) == len(n_answers) == len(found):
        return list(found)  # by far the most frequent case
    for leaf in found:
        call_id, answered = leaf.call.id, answer_id(leaf)
        answer = (answered, tuple(leaf.uses)) if answered is not None and n_answers[answered] > 1 else None
        same_call = leaf if call_id is None else calls.setdefault(call_id, leaf)
        same_answer = leaf if answer is None else answers.setdefault(answer, leaf)
        if same_call is not leaf:
            log.duplicate(name, leaf.place, same_call.place, "the same call listed twice")
        elif same_answer is not leaf:
            log.duplicate(name, leaf.place, same_answer.place, "the same answer, logged by two clients")
        else:
            kept.append(leaf)
    return kept


def is_every_usage_repeated(usages: Sequence[object]) -> bool:
    """Tell whether each usage occurs an even number of times, as where every call is logged twice."""
    counts = Counter(usages)
    return len(usages) >= _LEAST_CALLS and all(count % 2 == 0 for count in counts.values())


_LEAST_CALLS: Final = 4

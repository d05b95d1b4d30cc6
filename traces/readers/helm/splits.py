"""The splits of a HELM run, each with its instances and its statistics: they are never pooled."""

from collections.abc import Sequence

from traces.readers.helm.file import Stat
from traces.readers.helm.instances import Attempt

Part = tuple[list[Attempt], list[Stat]]
_COMPARED: str = "test"


def by_split(found: Sequence[Attempt], stats: Sequence[Stat]) -> dict[str | None, Part]:
    """Give attempts and statistics by split, first the one a run is compared by.

    That is the test split, or where there is none the first by name. What names no split is of that one, too.
    """
    named = {attempt.split for attempt in found} | {split_of(stat) for stat in stats if is_plain(stat)}
    splits = sorted(named - {None}, key=lambda split: (split != _COMPARED, str(split)))
    main = next(iter(splits), None)
    parts: dict[str | None, Part] = {split: ([], []) for split in splits or [None]}
    for attempt in found:
        parts[attempt.split or main][0].append(attempt)
    for stat in stats:
        split = split_of(stat) or main
        if split in parts:
            parts[split][1].append(stat)
    return parts


def split_of(stat: Stat) -> str | None:
    """Split a statistic is of; null: of none that is named."""
    return (stat.name.split if stat.name else None) or None


def is_plain(stat: Stat) -> bool:
    """Whether a statistic is of all original instances of a split, not of perturbed ones or a part."""
    return stat.name is not None and stat.name.perturbation is None and stat.name.sub_split is None

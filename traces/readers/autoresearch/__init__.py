"""autoresearch logs: one TSV of experiments an agent made one after the other, each scored by the value it reached."""

from traces.readers.autoresearch.tables import metric_of, parse
from traces.registry import Peek, Reader, is_json


def sniff(peek: Peek) -> bool:
    """Recognise the header: commit, a metric, status and description, separated by tabs."""
    if is_json(peek):
        return False
    header = peek.start.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0]
    return metric_of(header.decode("utf-8", "replace").strip().split("\t")) is not None


READER = Reader(
    name="autoresearch",
    summary="autoresearch results.tsv: the experiments of one long rollout, each with the value it reached.",
    upstream=(
        "karpathy/autoresearch results.tsv of program.md, 2026-03 (branch exp/H100/mar8 at 6c087cb)",
        "logs of other projects in its shape, 2026-03 to 2026-07: any metric after the commit, more columns",
    ),
    token_convention="No tokens and no dollars.",
    blind_spots=(
        "Lower is better for a loss or an error; of other metrics what was kept tells the direction, else higher is.",
        "A crash is written as a loss of 0: not known. Columns but the one after the commit are not kept.",
        "The running best is over experiments that were kept; one that was discarded counts as if it had not been.",
        "call_index is the number of the experiment, from 0: model calls are not told.",
        "How long an experiment ran (five minutes upstream), and on what, is not in the file.",
        "The agent's model is not told; memory and descriptions are not kept.",
        "A longer copy of the same log is another run.",
    ),
    sniff=sniff,
    names=(),
    parse=parse,
    fills=(
        "runs.benchmark", "runs.scaffold", "runs.score_metric", "runs.score_min", "runs.recorded_n_rollouts",
        "tasks.benchmark", "rollouts.benchmark", "rollouts.score", "scores.value", "scores.call_index",
        "charges.quantity",
    ),
)  # fmt: skip

"""Every repository a price or a name is taken from is named in NOTICE."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
REPOSITORY = re.compile(r"\b([A-Z][\w.-]*|[a-z][\w.-]+)/([\w.-]+?):(?=[\w/]+\.(?:json|yml|yaml|py|toml|md|csv|html))")


def test_every_repository_of_a_source_is_named_in_the_notice() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "pricing" / "data").rglob("*.toml")]
    pairs = {pair for text in texts for pair in REPOSITORY.findall(text)}
    found = {"/".join(pair) for pair in pairs if pair[0] != "models"}  # a folder of models.dev
    assert len(found) > 5
    assert {name for name in found if f"github.com/{name}" not in notice} == set()

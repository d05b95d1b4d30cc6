"""Priced tables, manifest and audit in; one self-contained HTML page out, the same bytes for the same input."""

import base64
import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from analyzer.audit import AuditResult
from analyzer.card import QUANTILE_RULE, cards
from analyzer.frontier_kinds import KINDS
from analyzer.report.blocks import Bar
from analyzer.report.charts import keys
from analyzer.report.sections import assumptions, costs, coverage, facets, rejects, runs
from analyzer.report.sections import audit as audit_section
from analyzer.scenario import deployment_notes, scenario_notes
from pricing.book import PriceBook, load_book
from pricing.scenario import Scenario
from pricing.schema import PRICED_TABLES
from traces.errors import ReplayError

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATE: Final = "template.html.j2"


def render(
    tables: Mapping[str, pl.DataFrame],
    manifest: Mapping[str, Any],
    audit: AuditResult | ReplayError | None = None,
    book: PriceBook | None = None,
) -> str:
    """Render the report as one HTML page that loads nothing else.

    Args:
        tables: Priced tables; an absent one is empty.
        manifest: Manifest of the priced store: scenario, inputs, versions.
        audit: Recomputed versus recorded, or why there is no audit; null: not audited, which the page says.
        book: Prices whose sources are named; null: the package's own.
    """
    whole = {name: tables.get(name, table.empty()) for name, table in PRICED_TABLES.items()}
    prices = (book or load_book()).rows
    content = {**_results(whole, manifest), **_checks(whole, manifest, audit), **_assumptions(whole, manifest, prices)}
    style, script = _resource("style.css"), _resource("sort.js")
    page = _environment().get_template(_TEMPLATE)
    return page.render(**content, style=style, script=script, style_hash=_hash(style), script_hash=_hash(script))


def _results(tables: Mapping[str, pl.DataFrame], manifest: Mapping[str, Any]) -> dict[str, Any]:
    scenario = Scenario.model_validate(manifest.get("scenario", {}))
    benchmarks = facets.facets(tables, scenario)
    every_card = pl.concat([facet.cards for facet in benchmarks if facet.cards.height] or [cards(_nothing())])
    return {
        "figures": runs.figures(tables),
        "stated": (*scenario_notes(scenario), *deployment_notes(manifest)),
        "run_table": runs.run_table(tables, every_card),
        "sentences": runs.sentences(every_card),
        "quantile_rule": QUANTILE_RULE,
        "facets": benchmarks,
        "common_notes": facets.common_notes(benchmarks),
        "kinds": {label: KINDS[kind] for kind, label in facets.KIND_LABELS.items()},
    }


def _checks(
    tables: Mapping[str, pl.DataFrame], manifest: Mapping[str, Any], audit: AuditResult | ReplayError | None
) -> dict[str, Any]:
    roles = costs.counted_roles(manifest)
    part_sums = costs.part_sums(tables, roles)
    spent = costs.spent(part_sums)
    return {
        "part_table": costs.by_part(part_sums),
        "role_table": costs.by_role(tables, roles),
        "parts": spent,
        "no_parts": [label for part, label in costs.PARTS.items() if part not in spent],
        **audit_section.content(audit, tables["runs"]),
        "coverage_table": coverage.coverage_table(tables),
        "unpriced_table": coverage.unpriced_table(tables, manifest),
        "reject_table": rejects.reject_table(tables["rejects"]),
    }


def _assumptions(
    tables: Mapping[str, pl.DataFrame], manifest: Mapping[str, Any], prices: pl.DataFrame
) -> dict[str, Any]:
    return {
        "scenario": assumptions.scenario_rows(manifest),
        "scenario_toml": assumptions.scenario_toml(manifest),
        "price_table": assumptions.price_table(tables["calls"], prices),
        "bases": assumptions.BASES,
        "manifest": assumptions.manifest_text(manifest),
        "commands": assumptions.commands(manifest),
        "version": assumptions.version(manifest),
    }


def _nothing() -> dict[str, pl.DataFrame]:
    return {name: table.empty() for name, table in PRICED_TABLES.items()}


def _environment() -> "Environment":
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(_resource),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["bar"] = lambda cell: isinstance(cell, Bar)
    environment.globals["swatch"] = keys.swatch
    environment.globals["letter"] = keys.letter
    return environment


def _resource(name: str) -> str:
    return files("analyzer.report").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Hash by which the page's policy allows its own style and script, and nothing else."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

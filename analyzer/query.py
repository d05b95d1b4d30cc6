"""SQL on the tables of a store, by DuckDB, each table a view of its name."""

from typing import TYPE_CHECKING

import polars as pl

from traces.errors import AnalysisError, ReplayError, UsageError
from traces.store import Store, damage

if TYPE_CHECKING:
    import duckdb


def query(store: Store, statement: str) -> pl.DataFrame:
    """Answer one SQL question on the views runs, tasks, rollouts, scores, calls, charges and rejects.

    The statement can read these and nothing else, and write nowhere.

    Raises:
        UsageError: if it is not one question.
        AnalysisError: if DuckDB refuses it, with its words.
        StoreError: if a shard is damaged.
    """
    import duckdb

    try:
        with duckdb.connect(":memory:") as connection:
            _add_views(connection, store)
            _refuse_all_but_a_question(connection, statement)
            answer: pl.DataFrame = connection.sql(statement).pl()
            return answer
    except duckdb.Error as error:
        raise _explained(error, store) from error


def _add_views(connection: "duckdb.DuckDBPyConnection", store: Store) -> None:
    allowed: list[str] = []
    for name, table in store.declared.items():
        shards = [str(path) for path in store.shards(name)]
        allowed += shards
        if shards:
            connection.read_parquet(shards, union_by_name=True).create_view(name)
        else:
            connection.register(name, table.empty().to_arrow())
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET allowed_paths = $paths", {"paths": allowed})
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _refuse_all_but_a_question(connection: "duckdb.DuckDBPyConnection", statement: str) -> None:
    import duckdb

    types = [one.type for one in connection.extract_statements(statement)]
    hint = 'such as: evalreplay sql STORE "select model, count(*) from calls group by model"'
    if len(types) != 1:
        raise UsageError(f"sql: {'no statement' if not types else 'more than one statement'}", hint)
    if types[0] not in {duckdb.StatementType.SELECT, duckdb.StatementType.MULTI}:
        raise UsageError(f"sql: {types[0].name} is not a question; a store is only read", hint)


def _explained(error: "duckdb.Error", store: Store) -> ReplayError:
    import duckdb

    is_of_statement = isinstance(error, duckdb.ParserException | duckdb.CatalogException | duckdb.BinderException)
    found = None if is_of_statement else damage(store)
    words = " ".join(line.strip() for line in str(error).partition("\nLINE ")[0].splitlines() if line.strip())
    hint = f'tables: {", ".join(store.declared)}; columns of one: evalreplay sql {store.path} "describe calls"'
    return found or AnalysisError(f"sql: {words}", hint)

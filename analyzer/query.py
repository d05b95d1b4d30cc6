"""SQL on the tables of a store, by DuckDB, each table a view of its name."""

import polars as pl

from traces.errors import AnalysisError
from traces.store import Store


def query(store: Store, statement: str) -> pl.DataFrame:
    """Answer one SQL statement on the views runs, tasks, rollouts, scores, calls, charges and rejects.

    Raises:
        AnalysisError: if DuckDB refuses the statement, with its words.
    """
    import duckdb

    with duckdb.connect(":memory:") as connection:
        for name, table in store.declared.items():
            shards = [str(path) for path in store.shards(name)]
            if shards:
                connection.read_parquet(shards, union_by_name=True).create_view(name)
            else:
                connection.register(name, table.empty().to_arrow())
        connection.execute("SET TimeZone = 'UTC'")
        try:
            return connection.sql(statement).pl() if connection.sql(statement) is not None else pl.DataFrame()
        except duckdb.Error as error:
            raise AnalysisError(
                f"sql: {error}", f"tables: {', '.join(store.declared)}; see docs/reference/tables.md"
            ) from error

#!/usr/bin/env python3
"""Opens the tables of a run with DuckDB (pip install duckdb), as a user would.

    python3 scripts/check_tables.py RUN_DIR

Prints the rows of every RUN_DIR/tables/*.parquet, and the ten posts that were acted on most often, from

    posts(post_id, author_id, step, kind, parent_id, root_id, ...)
    events(step, agent_id, action, post_id, ...)

Exits with 1 and a message when there is no table or one cannot be read.
"""

import sys
from pathlib import Path

import duckdb

MOST_ACTED_ON = """
    SELECT post_id, author_id, posts.step AS created, kind, count(*) AS actions
    FROM posts JOIN events USING (post_id)
    GROUP BY ALL
    ORDER BY actions DESC, post_id
    LIMIT 10
"""


def read_whole(database: duckdb.DuckDBPyConnection, table: Path) -> None:
    """Makes the table a view by its name, prints its shape and decodes every value."""
    path = str(table).replace("'", "''")
    database.execute(f"CREATE VIEW \"{table.stem}\" AS SELECT * FROM read_parquet('{path}')")
    columns = database.execute(f'DESCRIBE "{table.stem}"').fetchall()
    rows, _hash_of_all = database.execute(f'SELECT count(*), bit_xor(hash(t)) FROM "{table.stem}" t').fetchone()
    described = ", ".join(f"{name} {kind.lower()}" for name, kind, *_ in columns)
    print(f"{table.stem}: {rows:,} rows ({described})")


def check(run: Path) -> None:
    tables = sorted((run / "tables").glob("*.parquet"))
    if not tables:
        sys.exit(f"{run / 'tables'}: no *.parquet; expected the folder of a run")
    database = duckdb.connect()
    for table in tables:
        try:
            read_whole(database, table)
        except duckdb.Error as error:
            sys.exit(f"{table}: {error}")
    try:
        most = database.execute(MOST_ACTED_ON)
    except duckdb.Error as error:
        sys.exit(f"joining posts and events: {error}")
    print("\nposts acted on most often")
    print("\t".join(column for column, *_ in most.description))
    for row in most.fetchall():
        print("\t".join(map(str, row)))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    check(Path(sys.argv[1]))

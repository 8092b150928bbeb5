"""Plans for a DuckDB file: the tables that runs would make there by themselves."""

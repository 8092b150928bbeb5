"""A Snowflake account on loopback, for tests: strict where Snowflake is, silent about nothing it cannot do."""

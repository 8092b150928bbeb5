"""The objects that an environment's sources need in Snowflake: values first, then SQL, plans and what is done."""

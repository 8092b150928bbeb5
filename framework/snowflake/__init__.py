"""What fills RAW, CLEAN and ANALYTICS in a Snowflake account."""

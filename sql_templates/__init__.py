"""The SQL of every warehouse, a folder per dialect; see `framework.sql`."""

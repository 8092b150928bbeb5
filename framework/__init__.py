"""Declarative API ingestion: one YAML per API becomes tables."""

__version__ = "0.1.0"

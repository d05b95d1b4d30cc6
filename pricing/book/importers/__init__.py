"""Importers: one module per foreign format, each with an ``IMPORTER``."""

"""Sections of the report: tables in, blocks of the page out."""

"""Plain tables (CSV, TSV, JSONL, Parquet, XLSX) to canonical tables, by a mapping the user writes."""

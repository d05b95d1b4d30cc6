"""Charts of the report, as SVG with real text that follows dark and light."""

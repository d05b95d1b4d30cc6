"""The public Python API: re-exports, nothing else (``import evalreplay as er``)."""

from traces.read import read_traces

__all__ = ["read_traces"]

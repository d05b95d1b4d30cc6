"""Settings of a run without what may hold credentials, addresses or names of people, told by their own names."""

import re
from typing import Any, Final

_PRIVATE: Final = re.compile(r"key|secret|passw|auth|header|credential|base|url|user|metadata|token$", re.IGNORECASE)


def public(setting: Any) -> Any:
    """Leave out, at any depth, every entry whose name says that its value may be private.

    Args:
        setting: A JSON value.
    """
    if isinstance(setting, dict):
        return {name: public(value) for name, value in setting.items() if not _PRIVATE.search(str(name))}
    return [public(value) for value in setting] if isinstance(setting, list) else setting

"""Words for figures that several outputs share."""


def percent(share: float | None) -> str:
    """Write a share; never rounded to 100 % (which says all) or 0 % (which says none) unless it is."""
    if share is None:
        return "not known"
    if share in {0, 1}:
        return f"{100 * share:.0f} %"
    return f"{min(max(100 * share, 0.1), 99.9):.3g} %"

"""Dates on the command line: one type of option, refused before anything is read."""

from datetime import date

import click


class DateType(click.ParamType):  # type: ignore[type-arg] # generic in newer versions of click only
    """A day or a moment, in UTC.

    Args:
        words: What may stand in its place, as it is, with what each means.
    """

    name = "date"

    def __init__(self, **words: str) -> None:
        self.words = words

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> str | date:
        """Read a day as a date and an hour as a moment; a word stays."""
        from pricing.moments import as_moment, is_day
        from traces.errors import UsageError

        if value in self.words:
            return value
        option = param.opts[0] if param else ctx.info_name if ctx else self.name
        try:
            moment = as_moment(str(option), value)
        except UsageError as error:
            others = "".join(f"; {word}: {meaning}" for word, meaning in self.words.items())
            raise UsageError(error.problem, f"{error.hint}{others}") from error
        return moment.date() if is_day(value) else moment


DATE = DateType()

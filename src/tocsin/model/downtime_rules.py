"""A website's downtime rule: how many failed checks make a downtime, how many good ones end it. And in words."""

from dataclasses import dataclass

LONGEST_WINDOW = 60
"""Checks that a rule may look back at."""


@dataclass(frozen=True, slots=True)
class DowntimeRule:
    """When a website counts as down, and when as back. By default at the first such check."""

    down_after: int = 1  # so many failed checks …
    down_window: int | None = None  # … of the last so many open a downtime; None: the same number, so in a row
    up_after: int = 1  # so many good checks in a row close it

    @property
    def window(self) -> int:
        """Return how many of the last checks are looked at; never fewer than must fail."""
        return max(self.down_after, self.down_window or 0)

    def __str__(self) -> str:
        """Return it in words; empty for the default."""
        if self.down_after == self.up_after == 1:
            return ""
        failed = f"after {self.down_after} failed checks in a row"
        if self.down_after == 1:
            failed = "at the first failed check"
        elif self.window > self.down_after:
            failed = f"after {self.down_after} failed of the last {self.window} checks"
        good = "at the first good one" if self.up_after == 1 else f"after {self.up_after} good ones in a row"
        return f"{failed}, up again {good}"

    def pending_text(self, failing_checks_count: int, recovering_checks_count: int) -> str:
        """Return what the rule waits for at present; empty where it waits for nothing."""
        if recovering_checks_count:
            return f"{recovering_checks_count} of {self.up_after} good checks in a row, until then still down"
        if not failing_checks_count:
            return ""
        where = "in a row" if self.window == self.down_after else f"within the last {self.window} checks"
        return f"{failing_checks_count} failed, down from {self.down_after} {where} on"


AT_ONCE = DowntimeRule()
"""The default: down at the first failed check, up at the first good one."""


def window_fault(down_after: int | None, down_window: int | None) -> str | None:
    """Return what is wrong with a window, or None; an argument that is None says nothing."""
    if down_after is None or down_window is None or down_window >= down_after:
        return None
    return f"{down_after} failed checks (down_after) cannot lie within the last {down_window}: make the window larger"

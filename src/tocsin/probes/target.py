"""What a probe is asked to look at."""

from dataclasses import dataclass

from tocsin.model.expectations import needs_body
from tocsin.model.options import CheckOptions
from tocsin.model.results import BODY_HEAD_BYTES, BODY_JUDGED_BYTES


@dataclass(frozen=True, slots=True)
class Target:
    """One URL and how to look at it, for one attempt."""

    url: str
    options: CheckOptions
    timeout_s: float  # for the whole attempt, names and redirects included
    read_certificate: bool = True  # False spares the cost; after a certificate fault the chain is read anyway

    @property
    def wants_body(self) -> bool:
        """Whether something is expected of what the peer says, so that it is worth waiting for."""
        return any(one.needs_body or one.on == "body_bytes" for one in self.options.expectations)

    @property
    def keep_bytes(self) -> int:
        """How much of a body is kept: more than its head only where an expectation is judged by it."""
        return BODY_JUDGED_BYTES if needs_body(self.options.expectations) else BODY_HEAD_BYTES

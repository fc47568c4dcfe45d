"""What a probe is asked to look at."""

from dataclasses import dataclass

from tocsin.model.options import CheckOptions

_NEEDS_NO_BODY = ("header", "certificate_days")


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
        return any(not (one.is_latency or one.on in _NEEDS_NO_BODY) for one in self.options.expectations)

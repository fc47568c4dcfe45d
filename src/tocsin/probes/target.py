"""What a probe is asked to look at."""

from dataclasses import dataclass

from tocsin.model.options import CheckOptions


@dataclass(frozen=True, slots=True)
class Target:
    """One URL and how to look at it, for one attempt."""

    url: str
    options: CheckOptions
    timeout_s: float  # for the whole attempt, names and redirects included
    read_certificate: bool = True  # False spares the cost; after a certificate fault the chain is read anyway

"""Saying a message somewhere: one module a kind of channel, and the table of them.

Whether, to whom and when is decided elsewhere, and so is what follows from a failure.
"""

from tocsin.channels.failures import outcome_of
from tocsin.channels.kind import ChannelConfig, ChannelKind, Defaults
from tocsin.channels.registry import CHANNELS, DEFAULTS, parse_config, plain
from tocsin.channels.tools import Limits, Tools, open_tools
from tocsin.channels.trial import test_send

__all__ = [
    "CHANNELS",
    "DEFAULTS",
    "ChannelConfig",
    "ChannelKind",
    "Defaults",
    "Limits",
    "Tools",
    "open_tools",
    "outcome_of",
    "parse_config",
    "plain",
    "test_send",
]

"""The picture of one check: verdict, phases on one time axis, and the facts. Pure: a result in, lines of text out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from tocsin.cli.output import bytes_text, counted, days_between, ms_text, status_text
from tocsin.model.enums import MonitorStatus, Phase
from tocsin.model.results import CheckResult, Hop, PeerCertificate, Phases

PHASES = ("dns", "connect", "tls", "ttfb", "transfer")
COLOUR_OF = {"dns": "#4db6ac", "connect": "#f2a54a", "tls": "#ba68c8", "ttfb": "#6fbf73", "transfer": "#5aa5ee"}
_ROW_OF = {
    Phase.DNS: "dns",
    Phase.CONNECT: "connect",
    Phase.TLS: "tls",
    Phase.REQUEST: "ttfb",
    Phase.RESPONSE: "ttfb",
    Phase.BODY: "transfer",
}
DIM = "bright_black"
INDENT = 2
LABEL = 13
NUMBER = 9
SHORT_LIST = 3
MANY_RECORDS = 20
EXPIRY_WARNING_DAYS = 14


@dataclass(frozen=True, slots=True)
class Bar:
    """One phase of one hop, in milliseconds since the check began."""

    phase: str
    start_ms: float
    length_ms: float
    is_fault: bool = False


@dataclass(frozen=True, slots=True)
class Leg:
    """One request and its answer: a redirect, or the last one."""

    title: str | None  # None where there is only one
    bars: tuple[Bar, ...]


def draw(result: CheckResult, width: int, now: datetime) -> list[Text]:
    """Return the picture of a settled result, at most `width` columns wide."""
    lines = [*_verdict(result, width), *_explanation(result, width)]
    bars = _waterfall(result, width)
    if bars:
        lines += [Text(), *bars]
    facts = list(_facts(result, now))
    if facts:
        lines.append(Text())
    for label, value in facts:
        lines += _fact(label, value, width)
    return lines


def _verdict(result: CheckResult, width: int) -> list[Text]:
    """The status, the URL and, flush right, code and time; a URL that is too long gets lines of its own."""
    status, url, summary = status_text(result.status), Text(result.url, style="bold"), _summary(result)
    room = width - sum(cell_len(part) for part in (status.plain, url.plain, summary)) - 2
    if room >= 2:
        return [_stripped(Text.assemble(status, "  ", url, (" " * room + summary, DIM)))]
    gap = " " * (width - cell_len(status.plain) - cell_len(summary))
    lines = [Text(" " * INDENT).append_text(part) for part in _wrap(url, width - INDENT)]
    return [_stripped(Text.assemble(status, gap, (summary, DIM))), *lines]


def _summary(result: CheckResult) -> str:
    parts = [f"HTTP {result.http_status_code}"] if result.http_status_code is not None else []
    if result.phases.total_ms is not None:
        parts.append(ms_text(result.phases.total_ms))
    return " · ".join(parts)


def _explanation(result: CheckResult, width: int) -> Iterator[Text]:
    if result.status is MonitorStatus.UP:
        return
    if result.message:
        for part in _wrap(Text(_with_capital(result.message)), width - INDENT):
            yield Text(" " * INDENT).append_text(part)
    if result.cause:
        where = f", phase {result.phase}" if result.phase else ""
        yield Text(" " * INDENT + f"cause {result.cause}{where}", style=DIM)


def _with_capital(message: str) -> str:
    """Return it with a capital letter; a host or a URL at its start stays as it is."""
    is_word = message.split(maxsplit=1)[0].isalpha()
    return message[0].upper() + message[1:] if is_word else message


# --- the time axis --------------------------------------------------------------------------------


def legs_of(result: CheckResult) -> list[Leg]:
    """Return the check as requests one after the other, with each phase's place on the common axis."""
    hops = result.redirects
    last = _without(result.phases, hops)
    at = 0.0
    legs = []
    for hop in hops:
        bars = tuple(_bars(hop.phases, at, None))
        at = bars[-1].start_ms + bars[-1].length_ms if bars else at
        legs.append(Leg(f"{hop.http_status_code} {hop.url}", bars))
    code = "" if result.http_status_code is None else f"{result.http_status_code} "
    url = result.final_url or (hops[-1].location if hops else result.url)
    bars = tuple(_bars(last, at, result))
    legs.append(Leg(f"{code}{url}" if hops else None, bars))
    return legs


def _without(phases: Phases, hops: tuple[Hop, ...]) -> Phases:
    """Return what the hops leave of the sums over all requests."""

    def rest(name: str) -> float | None:
        whole = getattr(phases, name)
        spent = sum(getattr(hop.phases, name) or 0.0 for hop in hops)
        return None if whole is None else max(0.0, whole - spent)

    return Phases(*(rest(f"{name}_ms") for name in (*PHASES, "total")))


def _bars(phases: Phases, at: float, result: CheckResult | None) -> Iterator[Bar]:
    """Yield the phases that were reached; of a failed check also the one that the fault lies in."""
    fault = _ROW_OF.get(result.phase) if result and result.phase and _is_cut_short(result) else None
    start = at
    for phase in PHASES:
        length = getattr(phases, f"{phase}_ms")
        if phase == fault:
            spent = (phases.total_ms or 0.0) - (start - at)
            yield Bar(phase, start, max(length or 0.0, spent, 0.0), is_fault=True)
            return
        if length is not None and (length or phase != "tls"):
            yield Bar(phase, start, length)
            start += length


def _is_cut_short(result: CheckResult) -> bool:
    """True where the exchange itself broke off; a wrong answer came whole."""
    return result.http_status_code is None or result.phase is Phase.BODY


def _waterfall(result: CheckResult, width: int) -> list[Text]:
    legs = legs_of(result)
    ends = [bar.start_ms + bar.length_ms for leg in legs for bar in leg.bars]
    if not ends:
        return []
    scale = max(*ends, result.phases.total_ms or 0.0, 0.001)
    room = width - INDENT - LABEL - NUMBER
    lines = []
    for leg in legs:
        if leg.title is not None:
            lines.append(_cut(Text(" " * INDENT + leg.title, style=DIM), width))
        lines += [_bar_line(bar, scale, room) for bar in leg.bars]
    total = Text(ms_text(result.phases.total_ms), style="bold")
    return [*lines, _row(Text("total"), Text("└" + "─" * (room - 2) + "┘", style=DIM), room, total)]


def _bar_line(bar: Bar, scale: float, room: int) -> Text:
    style = "red" if bar.is_fault else COLOUR_OF[bar.phase]
    drawing = bar_text(bar.start_ms, bar.length_ms, scale, room)
    if bar.is_fault:
        drawing = drawing[: room - 2].rstrip() + " ✖"
    label = Text(bar.phase, style="red" if bar.is_fault else "")
    number = Text(ms_text(bar.length_ms), style="red" if bar.is_fault else "")
    return _row(label, Text(drawing, style=style), room, number)


def _row(label: Text, drawing: Text, room: int, number: Text) -> Text:
    gap = " " * (LABEL - cell_len(label.plain))
    fill = " " * (room - cell_len(drawing.plain) + NUMBER - cell_len(number.plain))
    return Text.assemble(" " * INDENT, label, gap, drawing, fill, number)


def bar_text(start: float, length: float, scale: float, room: int) -> str:
    """Return a bar in `room` columns, drawn to half a column; never invisible."""
    halves = 2 * room
    first = min(int(start / scale * halves + 0.5), halves - 1)
    end = min(max(int((start + length) / scale * halves + 0.5), first + 1), halves)
    cells = []
    for column in range(room):
        left, right = first <= 2 * column < end, first <= 2 * column + 1 < end
        cells.append("━" if left and right else "╸" if left else "╺" if right else " ")
    return "".join(cells)


def _fact(label: str, value: Text, width: int) -> list[Text]:
    parts = _wrap(value, width - INDENT - LABEL)
    labels = [label, *("" for _ in parts[1:])]
    return [Text.assemble(" " * INDENT, (one.ljust(LABEL), DIM), part) for one, part in zip(labels, parts, strict=True)]


def _wrap(text: Text, width: int) -> list[Text]:
    """Return the text in lines of at most `width` columns; nothing is lost."""
    return [_stripped(line) for line in text.wrap(Console(width=width), width, overflow="fold")]


def _stripped(text: Text) -> Text:
    text.rstrip()
    return text


def _cut(text: Text, width: int) -> Text:
    text.truncate(width, overflow="ellipsis")
    return text


# --- the facts ------------------------------------------------------------------------------------


def _facts(result: CheckResult, now: datetime) -> Iterator[tuple[str, Text]]:
    if result.addresses or result.address:
        yield "address", _addresses(result)
    protocol = [f"HTTP/{result.http_version}"] if result.http_version else []
    protocol += [text for text in (result.tls_version, result.tls_cipher) if text]
    if protocol:
        yield "protocol", Text(" · ".join(protocol))
    if result.certificate:
        yield "certificate", _names(result.certificate)
        yield "", Text(f"issued by {common_name(result.certificate.leaf.issuer)}", style=DIM)
        yield "", _validity(result.certificate, now)
    if result.url.lower().startswith("dns:"):
        yield from _records(result.body_head.splitlines())
    elif result.body_bytes is not None:
        yield "body", Text(bytes_text(result.body_bytes))
    if result.status is MonitorStatus.UP and result.message:
        yield "note", Text(result.message)
    if result.attempts > 1:
        yield "attempts", Text(_attempts(result))


def _records(records: list[str]) -> Iterator[tuple[str, Text]]:
    for index, record in enumerate(records[:MANY_RECORDS]):
        yield "" if index else "records", Text(record)
    if len(records) > MANY_RECORDS:
        yield "", Text(f"and {len(records) - MANY_RECORDS} more", style=DIM)


def _addresses(result: CheckResult) -> Text:
    """List what the name resolved to, the address that was used first and marked."""
    used = result.address
    text = Text(f"{used} ", style="bold") if used else Text()
    others = [address for address in result.addresses if address != used]
    if used and others:
        text.append("(used)", style=DIM)
    if others:
        text.append(("  " if used else "") + shortened_list(others), style="" if not used else DIM)
    return _stripped(text)


def _names(certificate: PeerCertificate) -> Text:
    subject = common_name(certificate.leaf.subject)
    text = Text(subject or "(no subject)", style="bold")
    others = [name for name in certificate.leaf.sans if name != subject.split(" (")[0]]
    if others:
        text.append(f"  also for {shortened_list(others)}", style=DIM)
    return text


def _validity(certificate: PeerCertificate, now: datetime) -> Text:
    leaf = certificate.leaf
    days = days_between(now, leaf.not_after)
    if now < leaf.not_before:
        text = Text(f"valid from {leaf.not_before:%Y-%m-%d} on, not yet", style="red")
    elif now >= leaf.not_after:
        text = Text(f"expired on {leaf.not_after:%Y-%m-%d}, {_ago(-days)}", style="red")
    else:
        style = "yellow" if days < EXPIRY_WARNING_DAYS else ""
        text = Text(f"valid until {leaf.not_after:%Y-%m-%d}, {counted(days, 'day')} left", style=style)
    if certificate.verified:
        return text.append(" · ", style=DIM).append("verified", style="green")
    return text.append(" · ", style=DIM).append(f"not verified: {certificate.verify_error or 'unknown'}", style="red")


def _ago(days: int) -> str:
    return f"{counted(days, 'day')} ago" if days else "less than a day ago"


def _attempts(result: CheckResult) -> str:
    before = [str(one.cause or one.status or "failed") for one in result.earlier]
    return f"{result.attempts}" + (f", before: {', '.join(before)}" if before else "")


def shortened_list(items: list[str]) -> str:
    """Return the first few items and how many more there are."""
    more = len(items) - SHORT_LIST
    return ", ".join(items[:SHORT_LIST]) + (f" and {more} more" if more > 0 else "")


def common_name(name: str) -> str:
    """Return the CN of an RFC 4514 name with its organisation, or the whole name where it has none."""
    pairs = (part.partition("=") for part in re.split(r"(?<!\\),", name))
    parts = {key.upper(): re.sub(r"\\(.)", r"\1", value) for key, _, value in pairs}
    if "CN" not in parts:
        return name
    organisation = parts.get("O")
    return f"{parts['CN']} ({organisation})" if organisation else parts["CN"]

"""The answer as text: header lines into pairs, the first bytes of the body into characters. Pure."""

import codecs
import re

from tocsin.model.results import BODY_HEAD_BYTES

MAX_HEADERS = 100
MAX_HEADER_BYTES = 16 * 1024
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_META_CHARSET = re.compile(rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_META_WITHIN = 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_ANY_MARK = tuple(mark for mark, _ in _MARKS)
_BLANK = ("\r", "")

Headers = tuple[tuple[str, str], ...]


def parse_headers(lines: list[bytes]) -> tuple[str | None, int | None, Headers]:
    """Return HTTP version, status code and headers of the last answer in `lines`.

    At most 100 headers and 16 KiB are kept. Trailers of a chunked body are left out.
    """
    start = _last_status_line(lines)
    if start is None:
        return None, None, ()
    version, _, rest = lines[start].decode("latin-1")[5:].partition(" ")
    code = rest[:3]
    text = b"".join(lines[start + 1 : start + 1 + MAX_HEADERS])[:MAX_HEADER_BYTES].decode("latin-1")
    headers = []
    for line in text.split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers.append((name.rstrip(), value.strip()))
        elif line in _BLANK:
            break
    return version, int(code) if code.isdigit() else None, tuple(headers)


def _last_status_line(lines: list[bytes]) -> int | None:
    """Return the index of the final answer's status line; interim ones (1xx) come before it."""
    if lines and lines[0][:5] == b"HTTP/" and lines[0][9:10] != b"1":
        return 0
    return next((index for index in range(len(lines) - 1, -1, -1) if lines[index][:5] == b"HTTP/"), None)


def first_header(headers: Headers, name: str) -> str | None:
    """Return the first value of `name` (lower case), or None."""
    for key, value in headers:
        if key.lower() == name:
            return value
    return None


def decode_body(data: bytes, content_type: str | None, is_cut: bool) -> str:
    """Return `data` as text: by the byte order mark, else the charset of `content_type`, else what the
    page's own head says, else UTF-8. Bytes that don't decode become U+FFFD; a character cut off at the end is
    left out where `is_cut`.
    """
    if not data:
        return ""
    encoding = _encoding(data, content_type)
    if encoding == "utf-8" and not is_cut:
        return data.decode("utf-8", "replace")
    try:
        "a".encode(encoding)  # codecs of something else than text, such as hex, are a LookupError here
        return codecs.getincrementaldecoder(encoding)("replace").decode(data, final=not is_cut)
    except (LookupError, UnicodeError, ValueError):
        return data.decode("utf-8", "replace")


def _encoding(data: bytes, content_type: str | None) -> str:
    if data.startswith(_ANY_MARK):
        return next(encoding for mark, encoding in _MARKS if data.startswith(mark))
    match = _CHARSET.search(content_type) if content_type else None
    if match is not None:
        return match.group(1).lower()
    meta = _META_CHARSET.search(data, 0, _META_WITHIN)
    return meta.group(1).decode("ascii", "replace").lower() if meta is not None else "utf-8"


def is_cut(body_bytes: int) -> bool:
    """Tell whether a body of that size is longer than the head that is kept."""
    return body_bytes > BODY_HEAD_BYTES


def body_texts(data: bytes, content_type: str | None, body_bytes: int) -> tuple[str, str | None]:
    """Return the head of a body of so many bytes, and all that `data` has of it where that is more."""
    head = decode_body(data[:BODY_HEAD_BYTES], content_type, is_cut(body_bytes))
    if len(data) <= BODY_HEAD_BYTES:
        return head, None
    return head, decode_body(data, content_type, body_bytes > len(data))

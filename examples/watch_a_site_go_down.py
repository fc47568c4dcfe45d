"""Watch a site go down and come back, through a Tocsin that is running (`make run`).

    python examples/watch_a_site_go_down.py [http://127.0.0.1:8000]

A small site is served from here; it is added to Tocsin, breaks, is mended, and is removed again. Once Tocsin has
users, put a token of scope `write` into the environment variable API_TOKEN.
"""

import json
import os
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


class Site(BaseHTTPRequestHandler):
    """Answers with whatever code it is told to."""

    code = 200

    def do_GET(self) -> None:
        self.send_response(Site.code)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, template: str, *args: object) -> None:
        """Say nothing."""


def call(method: str, url: str, body: dict[str, Any] | None = None) -> Any:
    """Send a request to Tocsin and return the JSON of its answer."""
    headers = {"Content-Type": "application/json"}
    if token := os.environ.get("API_TOKEN"):
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def main() -> None:
    tocsin = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    server = HTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    website = call("POST", f"{tocsin}/api/websites", {"url": url, "name": "A small site", "max_retries": 1})
    place = f"{tocsin}/api/websites/{website['id']}"
    print(f"Tocsin watches {url} as website {website['id']}")
    try:
        for code in (200, 503, 503, 200):
            Site.code = code
            check = call("POST", f"{place}/check")
            message = check["error_message"] or ""
            print(f"  the site answers {code}: {check['status']:4} in {check['response_time_ms']:.1f} ms {message}")
            time.sleep(1)
        for downtime in call("GET", f"{place}/downtimes")["items"]:
            print(f"It was down from {downtime['started_at']} for {downtime['duration_seconds']:.1f} s:"
                  f" {downtime['root_cause']}")  # fmt: skip
        uptime = call("GET", f"{place}/uptime?hours=1")
        print(f"Uptime: {uptime['by_checks_percent']:.1f} % of checks, {uptime['by_time_percent']:.1f} % of time")
    finally:
        call("DELETE", place)
        server.shutdown()


if __name__ == "__main__":
    main()

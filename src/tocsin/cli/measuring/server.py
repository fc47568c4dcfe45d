"""The server that is measured: the whole application, as `tocsin serve` runs it, in a process of its own.

    python -m tocsin.cli.measuring.server SETTINGS

`SETTINGS` is JSON: environment variables by name; the process's own are not read. It prints its address once it is
ready; for each line on its standard input it prints a line of figures, and it ends when its standard input does.
"""

import json
import os
import signal
import sys
import threading
from dataclasses import asdict
from typing import Any

from tocsin.app import create_app
from tocsin.cli.serve import bind, run_app, url_of
from tocsin.settings import load_settings


def figures(app: Any) -> dict[str, Any]:
    """Return the watch in figures, and the name of each thread by its number."""
    names = {str(thread.native_id): thread.name for thread in threading.enumerate()}
    return {"watch": asdict(app.state.tocsin.watch.overview()), "threads": names}


def main() -> None:
    """Serve until standard input ends."""
    settings = load_settings(json.loads(sys.argv[1]))
    app = create_app(settings)
    listener = bind(settings.host, settings.port)

    def answer() -> None:
        print(json.dumps({"url": url_of(listener)}), flush=True)
        for _line in sys.stdin:
            print(json.dumps(figures(app)), flush=True)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=answer, name="asked", daemon=True)
    run_app(app, listener, thread.start)


if __name__ == "__main__":
    main()

"""Run a command and let Tocsin know how it went: a line for crontab. Needs the standard library alone.

    0 3 * * *  python heartbeat_from_cron.py http://127.0.0.1:8000/ping/KEY pg_dump --file=/backups/shop.sql shop

Make the heartbeat first: tocsin websites add heartbeat: --cron "0 3 * * *" --time-zone Europe/Berlin --grace 1h
It prints the address. The command's output and exit code are passed on, so that cron sees what it saw before.
"""

import subprocess
import sys
import time
import urllib.request
import uuid
from urllib.error import URLError


def ping(address: str, body: bytes = b"", tries: int = 5) -> None:
    """Call Tocsin; a network that is away for a moment must not make the job look missing."""
    for number in range(tries):
        try:
            with urllib.request.urlopen(urllib.request.Request(address, body, method="POST"), timeout=10):
                return
        except (URLError, OSError) as error:
            print(f"Tocsin did not take the ping: {error}", file=sys.stderr)
            time.sleep(number)


def main() -> int:
    address, *command = sys.argv[1:]
    run = uuid.uuid4()  # ties the end of this run to its start, though another one may overlap
    ping(f"{address}/start?rid={run}", tries=1)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    sys.stdout.buffer.write(done.stdout)
    ping(f"{address}/{done.returncode % 256}?rid={run}", done.stdout)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())

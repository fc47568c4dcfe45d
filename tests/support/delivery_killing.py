"""A delivery in a process of its own that is killed at a step, and what must be true of what arrived.

As a program it delivers until it is killed: `python -m tests.support.delivery_killing URL [STEP [NUMBER]]` ends itself
with SIGKILL when it comes to STEP for the NUMBERth time.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import update

from tests.support.delivering import change_alert, delivering, is_idle, open_alert
from tests.support.receivers import Receiver
from tocsin import Database
from tocsin.model.times import utcnow
from tocsin.storage.tables.deliveries import Channel, DeliveryRow

STEPS = (
    "plan:stored", "plan:committed", "claim:stored", "claim:committed", "send:begin", "send:answered",
    "record:stored", "record:committed",
)  # fmt: skip


def killer(step: str, number: int) -> Callable[[str], None]:
    """Return a hook that pulls the plug at the step's `number`th time."""
    seen: Counter[str] = Counter()

    def hook(at: str) -> None:
        seen[at] += 1
        if at == step and seen[at] == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return hook


def main(url: str, step: str = "", number: str = "1") -> None:
    database = Database(url, create=False)
    with delivering(database, hook=killer(step, int(number)), timeout_s=5):
        while True:
            time.sleep(1)


@dataclass
class Deliverer:
    """The process, started again after each kill."""

    url: str
    kills_count: int = 0
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    def start(self, *arguments: object) -> None:
        command = [sys.executable, "-m", "tests.support.delivery_killing", self.url, *map(str, arguments)]
        self.process = subprocess.Popen(command)

    def wait_for_its_end(self, timeout_s: float = 30) -> bool:
        """Return whether it pulled the plug itself."""
        assert self.process is not None
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        self.kills_count += 1
        return code == -signal.SIGKILL

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
            self.kills_count += 1

    def finish(self, database: Database, timeout_s: float = 60) -> bool:
        """Let it work until nothing waits, without waiting for pauses; return whether it came to that."""
        self.start()
        deadline = time.monotonic() + timeout_s
        try:
            while time.monotonic() < deadline:
                hurry(database)
                if is_idle(database):
                    return True
                time.sleep(0.1)
            return False
        finally:
            self.kill()


def hurry(database: Database) -> None:
    """Let time pass for what waits for another try."""
    with database.write_transaction() as connection:
        connection.execute(update(Channel).values(paused_until=None, updated_at=Channel.updated_at))
        waits = (DeliveryRow.status == "PENDING", DeliveryRow.attempts_count > 0)
        connection.execute(update(DeliveryRow).where(*waits).values(due_at=utcnow()))


def faults(receiver: Receiver, alert_ids: Sequence[int], *, resolved: Sequence[int] = ()) -> list[str]:
    """Return what is wrong with what arrived: lost, told twice without a mark, or an end before its beginning."""
    found = []
    for alert_id in alert_ids:
        told = [
            (alert["status"], one.body["possibly_repeated"])
            for one in receiver.taken()
            for alert in one.body["alerts"]
            if alert["id"] == alert_id
        ]
        plain = [status for status, is_repeat in told if not is_repeat]
        if not told:
            found.append(f"alert {alert_id} is lost")
        if max(Counter(plain).values(), default=0) > 1:
            found.append(f"alert {alert_id} was told twice: {told}")
        if alert_id in resolved and told and told[-1][0] != "RESOLVED":
            found.append(f"the end of alert {alert_id} is lost: {told}")
        if "RESOLVED" in plain and "ACTIVE" in plain[plain.index("RESOLVED") :]:
            found.append(f"alert {alert_id} ended before it began: {told}")
    return found


def kill_at(database: Database, receiver: Receiver, step: str, number: int = 1) -> list[str]:
    """Kill a delivery at one step between the change and its telling, finish with another; return the faults."""
    alerts = [open_alert(database, f"{step} {number} host{one}") for one in range(2)]
    deliverer = Deliverer(str(database.url.render_as_string(hide_password=False)))
    try:
        deliverer.start(step, number)
        if not deliverer.wait_for_its_end():
            return [f"{step}: it was never reached"]
        change_alert(database, alerts[0], "resolved")
        if not deliverer.finish(database):
            return [f"{step}: something waits for ever"]
    finally:
        deliverer.kill()
    return [f"{step}: {fault}" for fault in faults(receiver, alerts, resolved=alerts[:1])]


def kill_at_random(database: Database, receiver: Receiver, dice: random.Random, kills: int) -> list[str]:
    """Open and resolve alerts while the delivery is killed again and again; return the faults."""
    deliverer = Deliverer(str(database.url.render_as_string(hide_password=False)))
    alerts: list[int] = []
    resolved: list[int] = []
    try:
        for number in range(kills):
            deliverer.start()
            until = time.monotonic() + dice.uniform(0.6, 2.5)
            while time.monotonic() < until:
                alerts.append(open_alert(database, f"random {number} host{len(alerts)}"))
                still_open = [one for one in alerts if one not in resolved]
                if dice.random() < 0.5:
                    resolved.append(dice.choice(still_open))
                    change_alert(database, resolved[-1], "resolved")
                time.sleep(dice.uniform(0.01, 0.1))
            deliverer.kill()
        if not deliverer.finish(database, timeout_s=180):
            return ["something waits for ever"]
    finally:
        deliverer.kill()
    return faults(receiver, alerts, resolved=resolved)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The plug is pulled while sites go down and come back; every time the database holds a true story."""

import random
import time
from pathlib import Path

import pytest

from tests.support.killing import faults_in, flapping, seed_websites, server_in, totals
from tests.support.target import running_site


@pytest.mark.slow
def test_killed_at_any_moment_nothing_is_half_done(tmp_path: Path) -> None:
    dice = random.Random(11)
    with running_site() as site, server_in(tmp_path) as server:
        site.answer = flapping
        seed_websites(tmp_path, site, 40)
        for _ in range(5):
            server.start()
            time.sleep(dice.uniform(0.5, 2.5))
            server.kill()
            assert faults_in(tmp_path) == []
    assert totals(tmp_path)["outbox_events"] > 20
    assert totals(tmp_path)["alert_changes"] > 20

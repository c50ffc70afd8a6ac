"""What several processes have counted is added up, by real workers of gunicorn."""

import os
import re
import signal
import time
from pathlib import Path

from .servers import Live, serving


def counted(live: Live, sample: str) -> float:
    """Return a sample of `/metrics`."""
    reply = live.get("/metrics")
    assert reply.status == 200
    found = re.search(rf"^{re.escape(sample)} (\S+)$", reply.body.decode(), re.MULTILINE)
    return float(found[1]) if found else -1


def test_workers_add_up(tmp_path: Path) -> None:
    with serving("wsgi", WEB_CONCURRENCY="2", PROMETHEUS_MULTIPROC_DIR=str(tmp_path / "metrics")) as live:
        sample = 'bulwark_requests_total{method="GET",route="/api/notes",status="200"}'
        assert counted(live, sample) == 0, "known before the first"
        for _ in range(60):
            assert live.get("/api/notes").status == 200
        assert counted(live, sample) == 60
        files = {path.name for path in (tmp_path / "metrics").glob("counter_*.db")}
        assert len(files) > 1, "several workers have served"
        assert counted(live, 'bulwark_request_seconds_count{route="/api/notes"}') == 60
        for name, reason in (("outbound_refused", "address"), ("outbound_refused", "failed")):
            assert counted(live, f'bulwark_{name}_total{{reason="{reason}"}}') == 0
        assert counted(live, "bulwark_blocked_requests_total") == 0
        assert counted(live, 'bulwark_ratelimit_decisions_total{outcome="limited",store="redis"}') == 0

        os.kill(live.workers()[0], signal.SIGTERM)
        time.sleep(1)
        assert counted(live, sample) == 60, "what a worker has counted outlives it"

"""How gunicorn serves the application behind a proxy.

    gunicorn --config docker/gunicorn.conf.py config.wsgi:application

The environment says how much: WEB_CONCURRENCY processes (default: one a core), WEB_THREADS threads in each
(default: 4), and who may say that a request came over TLS: TRUSTED_PROXIES, addresses or networks with commas between.
"""

import os
from pathlib import Path
from typing import Any

bind = os.environ.get("BIND", "0.0.0.0:8000")  # in a container; only the proxy's network reaches it

worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY") or len(os.sched_getaffinity(0)))
threads = int(os.environ.get("WEB_THREADS", "4"))
# The heartbeat file belongs in memory: on a disk a busy one stalls the worker.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
# A leak is cut short; the jitter keeps the workers from starting anew together.
max_requests = 10_000
max_requests_jitter = 1_000

# A process without a sign of life for longer has hung; one slow request is none, for it has a thread of its own.
# Connections to the proxy are kept, so that it need not reconnect.
timeout = 30
graceful_timeout = 25
keepalive = 75

# Only the proxy is believed about the scheme, and nobody about where the application is mounted.
forwarded_allow_ips = os.environ.get("TRUSTED_PROXIES") or "127.0.0.1,::1"
secure_scheme_headers = {"X-FORWARDED-PROTO": "https"}
forwarder_headers = ""
# A header with an underscore could pass for another one (X_Forwarded_For): such a request is refused.
header_map = "refuse"
# Wider than the edge's own bounds, which answer with a problem.
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190

# No control socket: it would need a writable home, and a container is stopped by signal.
control_socket_disable = True

# The application logs each request as JSON; gunicorn says only what concerns itself.
accesslog = None
errorlog = "-"
loglevel = "warning"
proc_name = "bulwark"


#: Where the workers add up their metrics; empty: each worker answers for itself.
METRICS_DIR = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")


def on_starting(server: Any) -> None:  # noqa: ARG001
    """Empty the folder of the metrics: what an earlier run counted is not this one's."""
    if METRICS_DIR:
        folder = Path(METRICS_DIR)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in folder.glob("*.db"):
            file.unlink()


def child_exit(server: Any, worker: Any) -> None:  # noqa: ARG001
    """Drop the gauges of a worker that has ended."""
    if METRICS_DIR:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]

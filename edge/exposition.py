"""`/metrics`, for Prometheus."""

import logging
import os
from collections.abc import Iterator

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from .client_ip import client_ip, is_within, networks, parse_address
from .conf import conf
from .metrics import know_routes

logger = logging.getLogger(__name__)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer what was counted, over all processes where `PROMETHEUS_MULTIPROC_DIR` is set.

    :raises Http404: the caller is in none of `METRICS_NETWORKS`: to anybody else there is nothing here.
    """
    address = parse_address(client_ip(request))
    if address is None or not is_within(address, networks(tuple(conf.metrics_networks))):
        raise Http404
    know_routes()
    looked_up = CollectorRegistry()
    looked_up.register(_LookedUp())
    content = generate_latest(looked_up)  # first: a source may make labels known that are counted
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return HttpResponse(generate_latest(registry) + content, content_type=CONTENT_TYPE_LATEST)


class _LookedUp(Collector):
    """What other apps look up when they are asked: the same whichever process answers."""

    def describe(self) -> list[Metric]:
        """Return nothing: registering must not look anything up."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield what each source knows; one that fails is told of in `bulwark_metrics_source_up`."""
        up = GaugeMetricFamily(
            "bulwark_metrics_source_up", "Whether a source of metrics could be asked", labels=["source"]
        )
        for path in conf.metrics_sources:
            try:
                found = list(import_string(path)())
            except Exception:
                logger.exception("The source of metrics %s has failed.", path)
                up.add_metric([path], 0)
            else:
                up.add_metric([path], 1)
                yield from found
        yield up

"""`/metrics`, for Prometheus."""

import os

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from .client_ip import client_ip, is_within, networks, parse_address
from .conf import conf


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer what was counted, over all processes where `PROMETHEUS_MULTIPROC_DIR` is set.

    :raises Http404: the caller is in none of `METRICS_NETWORKS`: to anybody else there is nothing here.
    """
    address = parse_address(client_ip(request))
    if address is None or not is_within(address, networks(tuple(conf.metrics_networks))):
        raise Http404
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

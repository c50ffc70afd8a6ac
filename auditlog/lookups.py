"""Whether an event came from a network."""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, F, Func, Value
from django.db.models.sql.compiler import SQLCompiler

SQLITE_FUNCTION = "bulwark_auditlog_within"


class Within(Func):
    """True where `src_ip` belongs to ``network``: PostgreSQL's `<<=`, the function `within` on SQLite."""

    output_field = BooleanField()
    function = SQLITE_FUNCTION

    def __init__(self, network: IPv4Network | IPv6Network) -> None:
        super().__init__(F("src_ip"), Value(str(network)))

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, template="(%(expressions)s::inet)", arg_joiner=" <<= ", **context)


def within(address: str | None, network: str) -> bool:
    """Tell whether an address belongs to a network."""
    if address is None:
        return False
    found, whole = ip_address(address), ip_network(network)
    return found.version == whole.version and found in whole

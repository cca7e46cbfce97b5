"""Databases behind a line with faults: the proxy, or the cable to a site."""

from urllib.parse import urlencode

from network import PORT, Site
from sage import Cluster
from tcp_proxy import TcpProxy

PLAIN = {"sslmode": "disable"}


def proxy_to(cluster: Cluster) -> TcpProxy:
    return TcpProxy(f"{cluster.socket_directory}/.s.PGSQL.{PORT}")


def uri_of(line: TcpProxy | Site, **parameters) -> str:
    """By what a server reaches PostgreSQL over that line; the parameters are libpq's."""
    host, port = (line.address, PORT) if isinstance(line, Site) else (line.host, line.port)
    return f"postgresql://postgres@{host}:{port}/postgres?{urlencode(PLAIN | parameters)}"

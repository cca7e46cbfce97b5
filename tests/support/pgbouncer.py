"""A pgBouncer before a cluster, in transaction mode, as managed poolers have it."""

import os
import shutil
import subprocess
from pathlib import Path

from sage import wait_for

CONFIG = """
[databases]
* = host={cluster}/run port=5432 user=postgres {server}

[pgbouncer]
listen_addr =
listen_port = {port}
unix_socket_dir = {socket}
auth_type = any
admin_users = postgres
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 2000
log_connections = 0
log_disconnections = 0
logfile = {socket}/log
{settings}
"""


class Missing(Exception):
    """There is none; says why."""


class PgBouncer:
    """It lives in the directory of its cluster; settings are pgBouncer's own, server is said of the databases."""

    port = 6432

    def __init__(self, cluster: str, size: int, server: str = "", **settings):
        program = shutil.which("pgbouncer", path=os.environ["PATH"] + ":/usr/sbin")
        if program is None:
            raise Missing("pgbouncer is not installed (Debian's package is called so)")
        self.socket = f"{cluster}/pgbouncer"
        directory = Path(self.socket)
        directory.mkdir()
        lines = "\n".join(f"{name} = {value}" for name, value in settings.items())
        (directory / "ini").write_text(CONFIG.format(cluster=cluster, server=server, port=self.port,
            socket=self.socket, size=size, settings=lines))
        user = []
        if os.getuid() == 0:  # which it refuses to run as, and the cluster's socket is postgres' own
            subprocess.run(["chown", "-R", "postgres", directory], check=True)
            user = ["-u", "postgres"]
        self.process = subprocess.Popen([program, "-q", *user, directory / "ini"], stdin=subprocess.DEVNULL)
        try:
            wait_for("pgBouncer listens", self._listens)
        except AssertionError:
            self.stop()
            raise

    def _listens(self) -> bool:
        assert self.process.poll() is None, f"pgBouncer ended; {self.socket}/log says why"
        return Path(f"{self.socket}/.s.PGSQL.{self.port}").exists()

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.socket}&port={self.port}"

    def stop(self):
        self.process.terminate()
        self.process.wait()

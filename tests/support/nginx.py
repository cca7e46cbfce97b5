"""An nginx before a server, set up as an operator would do it."""

import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from sage import Connection, Server, wait_for

# Shorter than an operator's hour: a stream that lives longer is kept alive by the server.
READ_TIMEOUT_S = 20

CONFIG = """
daemon off;
master_process {master};
worker_processes 1;
worker_shutdown_timeout 20s;
pid nginx.pid;
{user}
error_log error.log info;
events {{ worker_connections 1024; }}
http {{
	access_log access.log;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	client_max_body_size 32m;
	keepalive_requests 100000;
	gzip off;
	upstream sage {{
		server {upstream};
		keepalive 8;
	}}
	server {{
		listen 127.0.0.1:{port};
		location / {{
			proxy_pass http://sage;
			proxy_http_version 1.1;
			proxy_set_header Connection '';
			proxy_set_header Host $host;
			proxy_buffering off;
			proxy_request_buffering on;
			proxy_read_timeout {read_timeout}s;
		}}
	}}
}}
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Proxied:
    """A server by the address of its nginx; all that is not about the address is the server's.

    master: it has a master process, which is what can be reloaded.
    """

    def __init__(self, server: Server, directory: Path, *, master: bool = False):
        self.program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        assert self.program, "nginx is not installed; deploy/setup.sh --for test does it"
        self.server = server
        self.directory = directory
        self.host, self.port = "127.0.0.1", free_port()
        self.address = f"{self.host}:{self.port}"
        self.url = f"http://{self.address}/mcp"
        # Its own directory is closed to the user that workers of a master would run as.
        user = "user root;" if master and os.geteuid() == 0 else ""
        (directory / "nginx.conf").write_text(CONFIG.format(upstream=server.address, port=self.port,
            read_timeout=READ_TIMEOUT_S, master="on" if master else "off", user=user))
        self._start()

    def _start(self):
        with (self.directory / "out").open("ab") as out:
            self.process_of_nginx = subprocess.Popen(
                [self.program, "-p", self.directory, "-e", "error.log", "-c", self.directory / "nginx.conf"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        try:
            wait_for("nginx listens", self._listens)
        except AssertionError:
            self.close()
            raise

    def __getattr__(self, name: str):
        return getattr(self.server, name)

    def _listens(self) -> bool:
        assert self.process_of_nginx.poll() is None, (self.directory / "out").read_text()
        try:
            socket.create_connection((self.host, self.port)).close()
        except OSError:
            return False
        return True

    def connect(self) -> Connection:
        return Connection(self.host, self.port)

    def reload(self):
        """New workers take over; the old ones finish what they have."""
        self.process_of_nginx.send_signal(signal.SIGHUP)

    def restart(self, how: int):
        """All its processes get the signal; then it is started again."""
        os.killpg(self.process_of_nginx.pid, how)
        self.process_of_nginx.wait(10)
        self._start()

    def close(self):
        """Ends nginx; the server stays."""
        self.process_of_nginx.send_signal(signal.SIGTERM)
        self.process_of_nginx.wait(10)

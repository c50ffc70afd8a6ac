import json
import os
import re
import subprocess

from tests.docker.programs import DOCKER, program

CADDYFILE = DOCKER / "Caddyfile"
ENV = {**os.environ, "SITE_ADDRESS": "api.example.com", "APP_ADDRESS": "app:8000"}
#: What it says of the site that refuses, or sends on, whoever comes by plain HTTP.
PLAIN = "server is listening only on the HTTP port, so no automatic HTTPS will be applied to this server"


def caddy(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [program("caddy"), *arguments, "--config", str(CADDYFILE), "--adapter", "caddyfile"]
    return subprocess.run(command, env=ENV, capture_output=True, text=True, check=False)


def test_caddy_accepts_it() -> None:
    done = caddy("validate")
    assert done.returncode == 0, done.stderr
    warnings = re.findall(r'"level":"warn",.*"msg":"([^"]+)"', done.stderr)
    assert warnings == [PLAIN]


def test_it_is_formatted() -> None:
    done = subprocess.run([program("caddy"), "fmt", str(CADDYFILE)], capture_output=True, text=True, check=False)
    assert done.stdout == CADDYFILE.read_text()


def test_nothing_reconfigures_it_while_it_runs() -> None:
    config = json.loads(caddy("adapt").stdout)
    assert config["admin"] == {"disabled": True}


def test_it_believes_no_forwarded_header() -> None:
    assert "trusted_proxies" not in caddy("adapt").stdout


def test_it_limits_bodies_headers_and_patience() -> None:
    config = json.loads(caddy("adapt").stdout)
    servers = config["apps"]["http"]["servers"].values()
    (server,) = [server for server in servers if ":443" in server["listen"]]
    assert server["read_header_timeout"] == 5_000_000_000
    assert server["max_header_bytes"] == 16_000
    assert '"max_size": 1000000' in json.dumps(server)

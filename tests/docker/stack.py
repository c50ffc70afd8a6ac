"""The parts of the stack without a container engine: the same files, the same environment, the same programs."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.docker.programs import (
    DOCKER,
    ROOT,
    Running,
    account,
    free_port,
    postgres_program,
    program,
    running,
    unprivileged,
)

COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
#: What docker/.env says.
SITE = {"SITE_HOST": "localhost", "EMAIL_HOST": "localhost", "DEFAULT_FROM_EMAIL": "no-reply@localhost"}


@dataclass(frozen=True)
class Stores:
    """PostgreSQL and Redis, set up by the files of docker/, and the secrets that open them."""

    secrets: Path
    postgres: int
    redis: int

    def secret(self, name: str) -> str:
        return (self.secrets / name).read_text().strip()


@dataclass(frozen=True)
class Proxy:
    """Caddy with our Caddyfile, on ports that are free here."""

    https: int
    http: int
    root_certificate: Path
    log: Path


def make_image(folder: Path) -> None:
    """Do what the Dockerfile's stage `code` does: take what .dockerignore lets in, and run the stage's command."""
    for rule in (ROOT / ".dockerignore").read_text().splitlines():
        if rule.startswith("!"):
            source, target = ROOT / rule.removeprefix("!"), folder / rule.removeprefix("!")
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
    stage = (DOCKER / "Dockerfile").read_text().partition(" AS code")[2].partition("\nFROM ")[0]
    command = stage.partition("\nRUN ")[2].partition("\n\n")[0].replace("/opt/venv/bin/python", sys.executable)
    run(["sh", "-c", command], cwd=folder, env={"PATH": PATH})


def run(command: list[Any], *, cwd: Path, env: Mapping[str, str], user: str | None = None) -> str:
    """Run a command to its end and return what it printed.

    :raises AssertionError: it exited with another code than 0.
    """
    done = subprocess.run(command, cwd=cwd, env=dict(env), capture_output=True, text=True, check=False, **account(user))
    assert done.returncode == 0, f"{command[0]}\n{done.stdout}\n{done.stderr}"
    return str(done.stdout)


def make_secrets(folder: Path) -> Stores:
    """Run make-secrets.sh and point its URLs at ports that are free here."""
    run(["sh", DOCKER / "make-secrets.sh", folder], cwd=DOCKER, env={"PATH": PATH})
    stores = Stores(folder, free_port(), free_port())
    for name in ("database_app_url", "database_owner_url", "redis_url"):
        url = stores.secret(name).replace("@postgres:5432", f"@127.0.0.1:{stores.postgres}")
        (folder / name).chmod(0o600)
        (folder / name).write_text(url.replace("@redis:6379", f"@127.0.0.1:{stores.redis}"))
    return stores


@contextmanager
def postgres(folder: Path, stores: Stores) -> Iterator[Running]:
    """Run PostgreSQL as its image does: a new cluster, then roles.sh.

    :param folder: where a user without rights can get to: PostgreSQL does not run as root.
    """
    user, home, env = unprivileged(), folder / "postgres", {"PATH": PATH, "LANG": "C.UTF-8"}
    home.mkdir()
    given = {"roles.sh": DOCKER / "postgres/roles.sh"}
    given |= {name: stores.secrets / name for name in ("database_owner_password", "database_app_password")}
    for name, source in given.items():
        shutil.copy(source, home / name)
    if user:
        shutil.chown(home, user)
    initdb = [postgres_program("initdb"), "--auth-local=trust", "--auth-host=scram-sha-256", "--username=postgres"]
    run([*initdb, home / "data"], cwd=home, env=env, user=user)
    command = [postgres_program("postgres"), "-D", str(home / "data"), "-p", str(stores.postgres), "-k", str(home)]
    command += ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", *COMPOSE["services"]["postgres"]["command"][1:]]
    with running(command, stores.postgres, folder / "postgres.log", env=env, cwd=home, user=user) as started:
        own = {
            "PGHOST": str(home),
            "PGPORT": str(stores.postgres),
            "OWNER_PASSWORD_FILE": str(home / "database_owner_password"),
            "APP_PASSWORD_FILE": str(home / "database_app_password"),
        }
        run(["sh", home / "roles.sh"], cwd=home, env={**env, **own}, user=user)
        yield started


@contextmanager
def redis(folder: Path, stores: Stores) -> Iterator[Running]:
    """Run Redis with its configuration file and its users."""
    command = [program("redis-server"), str(DOCKER / "redis/redis.conf"), "--port", str(stores.redis)]
    command += ["--bind", "127.0.0.1", "--dir", str(folder), "--aclfile", str(stores.secrets / "redis_acl")]
    with running(command, stores.redis, folder / "redis.log", env={"PATH": PATH}, cwd=folder) as started:
        yield started


@contextmanager
def gunicorn(image: Path, folder: Path, stores: Stores) -> Iterator[Running]:
    """Run the image's CMD."""
    port = free_port()
    name, *arguments = json.loads((DOCKER / "Dockerfile").read_text().rpartition("\nCMD ")[2])
    env = {**environment("app", stores), "BIND": f"127.0.0.1:{port}", "WEB_CONCURRENCY": "2"}
    with running([program(name), *arguments], port, folder / "gunicorn.log", env=env, cwd=image) as started:
        yield started


@contextmanager
def caddy(folder: Path, app_port: int) -> Iterator[Proxy]:
    """Run Caddy with our Caddyfile in front of the application at ``app_port``."""
    proxy = Proxy(free_port(), free_port(), folder / "caddy/pki/authorities/local/root.crt", folder / "caddy.log")
    env = {"PATH": PATH, "SITE_ADDRESS": "localhost", "APP_ADDRESS": f"127.0.0.1:{app_port}"}
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    config = folder / "caddy.json"
    config.write_text(json.dumps(adapted(proxy, env)))
    command = [program("caddy"), "run", "--config", str(config)]
    with running(command, proxy.https, proxy.log, env={**env, **home}, cwd=folder):
        yield proxy


def adapted(proxy: Proxy, env: Mapping[str, str]) -> dict[str, Any]:
    """Return our Caddyfile as JSON, with free ports, and without a change to the roots that this machine trusts."""
    command = [program("caddy"), "adapt", "--config", DOCKER / "Caddyfile", "--adapter", "caddyfile"]
    config: dict[str, Any] = json.loads(run(command, cwd=DOCKER, env=env))
    http = config["apps"]["http"]
    http["http_port"], http["https_port"] = proxy.http, proxy.https
    for server in http["servers"].values():
        port = {":443": proxy.https, ":80": proxy.http}.get(server["listen"][0]) or free_port()
        server["listen"] = [f"127.0.0.1:{port}"]
    config["apps"]["pki"] = {"certificate_authorities": {"local": {"install_trust": False}}}
    return config


def environment(service: str, stores: Stores) -> dict[str, str]:
    """Return what compose.yaml gives a service of ours, with its secrets where this machine has them."""
    described = COMPOSE["services"][service]
    sources = {
        (entry if isinstance(entry, str) else entry["target"]): (entry if isinstance(entry, str) else entry["source"])
        for entry in described["secrets"]
    }
    found = {"PATH": PATH}
    for name, value in described["environment"].items():
        if value.startswith("/run/secrets/"):
            found[name] = str(stores.secrets / sources[value.removeprefix("/run/secrets/")])
        elif value.startswith("${"):
            found[name] = SITE.get(value[2:].partition(":")[0], "")
        else:
            found[name] = value
    place = stores.secrets.parent
    if "PROMETHEUS_MULTIPROC_DIR" in found:
        folder = place / "metrics"
        folder.mkdir(exist_ok=True)  # what the service's tmpfs is
        found["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    return {**found, "TRUSTED_PROXIES": "127.0.0.1", "AUDIT_SPOOL": str(place / "spool")}

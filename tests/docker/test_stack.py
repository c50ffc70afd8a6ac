"""The stack of compose.yaml, run from its own files: what the parts do together."""

import contextlib
import json
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
import redis as redis_client
from standardwebhooks import Webhook

from config import env
from config.settings.security import BULWARK_EDGE
from edge.headers import API_HEADERS
from tests.auditlog.alerts_receiver import receiver
from tests.docker.mailbox import mailbox
from tests.docker.programs import DOCKER, Running, free_port
from tests.docker.stack import COMPOSE, Proxy, Stores, caddy, environment, run

BAD_LOGIN = {"email": "nobody@example.com", "password": "not the password"}  # pragma: allowlist secret


@pytest.fixture
def client(proxy: Proxy) -> Iterator[httpx.Client]:
    with open_client(proxy) as opened:
        yield opened


def open_client(proxy: Proxy) -> httpx.Client:
    deadline = time.monotonic() + 20
    while not proxy.root_certificate.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    context = ssl.create_default_context(cafile=str(proxy.root_certificate))
    while not shakes_hands(proxy, context) and time.monotonic() < deadline:
        time.sleep(0.1)
    return httpx.Client(base_url=f"https://localhost:{proxy.https}", verify=context, trust_env=False, timeout=30)


def shakes_hands(proxy: Proxy, context: ssl.SSLContext) -> bool:
    """Tell whether the proxy has its own certificate yet: it listens before."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", proxy.https), timeout=5) as plain:
        context.wrap_socket(plain, server_hostname="localhost").close()
        return True
    return False


def test_the_image_has_no_tests_and_its_static_files_have_fingerprints(image: Path) -> None:
    assert not (image / "tests").exists()
    assert list((image / "staticfiles/config").glob("site.*.css"))


def test_the_deployment_passes_djangos_checks(image: Path, migrated: Stores) -> None:
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING", "--database", "default"]
    run(command, cwd=image, env=environment("app", migrated))


def test_a_page_comes_over_tls_with_its_protections(client: httpx.Client) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"]
    assert "Server" not in answer.headers


def test_static_files_may_be_kept_for_ever(client: httpx.Client, image: Path) -> None:
    name = next((image / "staticfiles/config").glob("site.*.css")).name
    answer = client.get(f"/static/config/{name}")
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]


def test_people_on_plain_http_are_sent_to_tls(proxy: Proxy) -> None:
    answer = httpx.get(f"http://localhost:{proxy.http}/account/login?next=/", trust_env=False)
    assert (answer.status_code, answer.headers["Location"]) == (308, "https://localhost/account/login?next=/")


@pytest.mark.parametrize("prefix", BULWARK_EDGE["API_PREFIXES"])
def test_the_api_on_plain_http_is_refused_and_not_redirected(proxy: Proxy, prefix: str) -> None:
    """A redirect would let a client go on sending its token in the clear, and never know (ASVS 5.0, V4.1.2)."""
    path = f"{prefix}anything" if prefix.endswith("/") else prefix
    answer = httpx.post(f"http://localhost:{proxy.http}{path}", trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (403, "https_required")
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
def test_what_operators_read_is_not_public(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404
    assert client.get("/healthz").json() == {"status": "ok"}


def test_a_caller_cannot_name_another_address(client: httpx.Client, migrated: Stores) -> None:
    spoofed = {"X-Forwarded-For": "6.6.6.6", "Forwarded": "for=6.6.6.6", "X-Real-IP": "6.6.6.6"}
    answer = client.get("/api/v1/auth/me", headers={**spoofed, "Authorization": "Bearer forged"})
    assert answer.status_code == 401
    with psycopg.connect(migrated.secret("database_app_url")) as database:
        found = database.execute(
            "SELECT host(src_ip) FROM bulwark_auditlog_event WHERE request_id = %s", [answer.headers["X-Request-ID"]]
        ).fetchall()
    assert {row[0] for row in found} == {"127.0.0.1"}


def test_an_ambiguous_header_does_not_reach_the_application(server: Running) -> None:
    headers = {"Host": "localhost", "X_Forwarded_For": "6.6.6.6"}
    assert httpx.get(f"http://127.0.0.1:{server.port}/healthz", headers=headers, trust_env=False).status_code == 400


def ask(port: int, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(DOCKER / "healthcheck.py"), *arguments]
    own = {"BIND": f"127.0.0.1:{port}", "ALLOWED_HOSTS": "localhost"}
    return subprocess.run(command, env=own, capture_output=True, text=True, check=False)


def answer(port: int, *arguments: str) -> str:
    """Return what is answered in the end: a worker's first answer waits for its imports, on a busy machine for long."""
    for _ in range(10):
        done = ask(port, *arguments)
        if done.returncode == 0:
            return done.stdout
    pytest.fail(done.stderr)


def test_the_health_check_tells_life_from_death(server: Running) -> None:
    answer(server.port)
    assert ask(free_port()).returncode == 1
    assert ask(server.port, "/nowhere").returncode == 1


def test_the_stores_answer_the_application(server: Running) -> None:
    assert json.loads(answer(server.port, "/readyz"))["checks"] == {"database": "ok", "limiter": "ok"}


def test_the_workers_count_together(server: Running) -> None:
    def counted() -> float:
        lines = answer(server.port, "/metrics").splitlines()
        found = [line for line in lines if line.startswith("bulwark_requests_total") and 'route="/healthz"' in line]
        return sum(float(line.rpartition(" ")[2]) for line in found)

    for _ in range(6):
        answer(server.port)  # by now every worker has answered one
    before = counted()
    for _ in range(12):
        assert ask(server.port).returncode == 0
    assert {counted() for _ in range(6)} == {before + 12}


def test_a_dead_application_is_a_problem_with_the_same_protections(tmp_path: Path) -> None:
    with caddy(tmp_path, free_port()) as proxy, open_client(proxy) as client:
        answer = client.get("/api/v1/articles/")
    assert answer.status_code == 502
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "proxy_error"
    assert set(API_HEADERS) | {"Strict-Transport-Security"} <= {name.title() for name in answer.headers}


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/static/{style}"])
def test_nothing_is_framed_sniffed_or_embedded_elsewhere(client: httpx.Client, image: Path, path: str) -> None:
    """What is neither a page nor the API's: ASVS 5.0, V3.4.4, V3.4.6 and V3.5.8 ask it of every answer."""
    style = next((image / "staticfiles/config").glob("site.*.css")).name
    headers = client.get(path.format(style=f"config/{style}")).headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000; includeSubDomains")


def test_secrets_stay_out_of_the_proxys_log(client: httpx.Client, proxy: Proxy) -> None:
    secret = {"Authorization": "Bearer very-secret", "DPoP": "very-secret", "X-CSRF-Token": "very-secret"}
    client.get("/healthz?token=very-secret&page=2", headers=secret)
    moved = client.get("/api/v1/docs/?token=very-secret")  # back with the whole address, as an app's code would be
    assert "very-secret" in moved.headers["Location"]
    time.sleep(0.5)
    log = proxy.log.read_text()
    assert "page=2" in log
    assert "very-secret" not in log


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "DROP TABLE bulwark_auditlog_event",
        "UPDATE bulwark_auditlog_event SET type = 'nothing.happened'",
        "DELETE FROM bulwark_auditlog_event",
        "DELETE FROM bulwark_auditlog_event_default",
        "DELETE FROM bulwark_auditlog_tile",
        "UPDATE bulwark_auditlog_tree SET size = 0",
        "CREATE OR REPLACE FUNCTION bulwark_auditlog_epoch() RETURNS integer LANGUAGE sql AS 'SELECT 9'",
        "TRUNCATE bulwark_auditlog_event",
        "ALTER TABLE bulwark_auditlog_event DISABLE TRIGGER ALL",
        "DELETE FROM django_migrations",
        "SET ROLE bulwark_owner",
    ],
)
def test_whoever_takes_over_the_application_cannot(migrated: Stores, statement: str) -> None:
    with psycopg.connect(migrated.secret("database_app_url")) as database:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.execute(statement)
        database.rollback()
        # The connection is the application's: what it needs, it may.
        database.execute("SELECT count(*) FROM bulwark_auditlog_event")
        database.execute("DELETE FROM django_session")


def test_the_upkeep_does_its_jobs_and_says_so(image: Path, migrated: Stores, tmp_path: Path) -> None:
    done = tmp_path / "done"
    env = {**environment("upkeep", migrated), "UPKEEP_DONE": str(done)}
    assert env["AUDIT_KEEP"] == ""
    assert "month" not in run(["sh", "docker/upkeep.sh", "once"], cwd=image, env=env)
    assert done.exists()
    done.unlink()
    # The log is kept for ever, unless somebody says for how long.
    env["AUDIT_KEEP"] = "13m"
    assert "No month is old enough." in run(["sh", "docker/upkeep.sh", "once"], cwd=image, env=env)
    assert done.exists()
    done.unlink()
    # A round that failed is not called done: the container's health tells.
    (tmp_path / "url").write_text("nonsense://")
    env["DATABASE_URL_FILE"] = str(tmp_path / "url")
    failed = subprocess.run(["sh", "docker/upkeep.sh", "once"], cwd=image, env=env, capture_output=True, check=False)
    assert failed.returncode == 1
    assert not done.exists()


ASKED = {"email": "new@example.com", "password": "correct horse battery staple"}  # pragma: allowlist secret
JOBS = "django_tasks_database_dbtaskresult"


def test_mail_leaves_by_the_worker(client: httpx.Client, image: Path, migrated: Stores) -> None:
    """Asked for over TLS, kept in PostgreSQL, sent by SMTP: with the roles and the environment of the containers."""
    assert client.post("/api/v1/auth/register", json=ASKED).status_code == 202
    manage = [sys.executable, *COMPOSE["services"]["worker"]["command"][1:], "--batch", "--interval", "0"]
    with mailbox() as server:
        env = {**environment("worker", migrated), "EMAIL_PORT": str(server.port), "EMAIL_USE_TLS": "false"}
        run(manage, cwd=image, env=env)
    (message,) = server.messages
    assert "To: new@example.com" in message
    assert "https://localhost/account/verify#token" in message


def test_the_workers_health_is_whether_jobs_wait(client: httpx.Client, image: Path, migrated: Stores) -> None:
    assert client.post("/api/v1/auth/email/resend", json={"email": "x@example.com"}).status_code == 202
    env = environment("worker", migrated)
    asked = [sys.executable, *COMPOSE["services"]["worker"]["healthcheck"]["test"][2:]]
    run(asked, cwd=image, env=env)
    with psycopg.connect(migrated.secret("database_app_url"), autocommit=True) as database:
        database.execute(f"UPDATE {JOBS} SET status = 'RUNNING', started_at = now() - interval '2 hours'")
        assert subprocess.run(asked, cwd=image, env=env, capture_output=True, check=False).returncode == 1
        run([*asked, "--requeue"], cwd=image, env=env)
        assert database.execute(f"SELECT DISTINCT status FROM {JOBS}").fetchall() == [("READY",)]
        database.execute(f"DELETE FROM {JOBS}")
    run(asked, cwd=image, env=env)


def test_the_log_is_sealed_and_the_application_can_check_it(image: Path, migrated: Stores, tmp_path: Path) -> None:
    manage = [sys.executable, "manage.py"]
    own = {**environment("sealer", migrated), "AUDIT_CHECKPOINTS": str(tmp_path)}
    write = "import auditlog; auditlog.record('test.happened')"
    run([*manage, "shell", "-c", write], cwd=image, env=environment("app", migrated))
    run([*manage, "auditlog_seal"], cwd=image, env=own)
    assert (tmp_path / "1.checkpoint").read_text().startswith("localhost/audit/1\n")
    app = {**environment("app", migrated), "AUDIT_CHECKPOINTS": str(tmp_path)}
    assert "The log is what was signed." in run([*manage, "auditlog_verify"], cwd=image, env=app)
    sealed_by_the_app = subprocess.run([*manage, "auditlog_seal"], cwd=image, env=app, capture_output=True, check=False)
    assert b"no private key" in sealed_by_the_app.stderr


def test_the_log_is_shipped_to_a_siem(image: Path, migrated: Stores) -> None:
    manage = [sys.executable, *COMPOSE["services"]["shipper"]["command"][1:3]]
    write = "import auditlog; auditlog.record('test.happened')"
    run([sys.executable, "manage.py", "shell", "-c", write], cwd=image, env=environment("app", migrated))
    with receiver() as siem:
        run(manage, cwd=image, env={**environment("shipper", migrated), "SHIP_WEBHOOK_URL": f"{siem.url}/in"})
    path, headers, body = siem.posts[0]
    assert path == "/in"
    secret = (migrated.secrets / "webhook_secret").read_text().strip()
    Webhook(secret).verify(body, headers, json_parse=False)
    assert "test.happened" in body.decode()


def test_the_next_signing_keys_can_be_printed(image: Path, migrated: Stores) -> None:
    command = [sys.executable, "manage.py", "rotate_signing_key", "--print"]
    rotated = json.loads(run(command, cwd=image, env=environment("app", migrated)))
    before = json.loads(migrated.secret("signing_keys"))
    for purpose in ("access", "refresh"):
        kids = [key["kid"] for key in rotated[purpose]]
        assert kids[0] == before[purpose][0]["kid"]
        assert len(kids) == 2


def test_the_databases_log_tells_no_value(migrated: Stores, database_log: Path) -> None:
    """A failing statement is told without its text (ASVS 5.0, V16.2.5)."""
    with psycopg.connect(migrated.secret("database_owner_url"), autocommit=True) as database:
        database.execute("CREATE TABLE told (email text UNIQUE)")
        for _ in range(2):
            with contextlib.suppress(psycopg.errors.UniqueViolation):
                database.execute("INSERT INTO told VALUES ('alice@example.com')")
        database.execute("DROP TABLE told")
    log = database_log.read_text()
    assert "told_email_key" in log
    assert "alice@example.com" not in log


def test_the_owners_password_opens_the_tables_and_not_the_server(migrated: Stores) -> None:
    with psycopg.connect(migrated.secret("database_owner_url")) as database:
        (is_super, makes_roles) = database.execute(
            "SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ).fetchone() or (None, None)
        assert (is_super, makes_roles) == (False, False)


def test_redis_answers_its_users_alone(stores: Stores) -> None:
    stranger = redis_client.Redis(port=stores.redis)
    with pytest.raises(redis_client.AuthenticationError):
        stranger.get("key")
    health = redis_client.Redis(port=stores.redis, username="health", password="-")
    assert health.ping()
    with pytest.raises(redis_client.exceptions.NoPermissionError):
        health.get("key")


@pytest.mark.parametrize("command", ["CONFIG GET *", "KEYS *", "SHUTDOWN", "ACL LIST", "FLUSHALL"])
def test_the_application_cannot_run_redis(stores: Stores, command: str) -> None:
    ours = redis_client.Redis.from_url(stores.secret("redis_url"))
    with pytest.raises(redis_client.exceptions.NoPermissionError):
        ours.execute_command(*command.split())  # type: ignore[no-untyped-call]


def test_limits_are_counted_in_redis_for_all_processes(client: httpx.Client, stores: Stores) -> None:
    answers = [client.post("/api/v1/auth/login", json=BAD_LOGIN).status_code for _ in range(8)]
    assert answers[-1] == 429
    ours = redis_client.Redis.from_url(env.redis(stores.secret("redis_url"), 1))
    assert ours.dbsize() > 0

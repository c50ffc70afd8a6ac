import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker import stack
from tests.docker.programs import Running


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the image holds under /app."""
    folder = tmp_path_factory.mktemp("image")
    stack.make_image(folder)
    return folder


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """Where the stores keep what is theirs: outside pytest's folders, which open for their owner only."""
    with tempfile.TemporaryDirectory(prefix="bulwark-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture(scope="session")
def stores(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[stack.Stores]:
    """PostgreSQL and Redis, empty."""
    made = stack.make_secrets(tmp_path_factory.mktemp("stack") / "secrets")
    with stack.postgres(place, made), stack.redis(place, made):
        yield made


@pytest.fixture
def database_log(stores: stack.Stores, place: Path) -> Path:
    """What PostgreSQL has written."""
    return place / "postgres.log"


@pytest.fixture(scope="session")
def migrated(image: Path, stores: stack.Stores) -> stack.Stores:
    """The stores after the command of the one-shot container."""
    command = stack.COMPOSE["services"]["migrate"]["command"]
    stack.run(command, cwd=image, env=stack.environment("migrate", stores))
    return stores


@pytest.fixture(scope="session")
def server(image: Path, migrated: stack.Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with stack.gunicorn(image, tmp_path_factory.mktemp("gunicorn"), migrated) as started:
        yield started


@pytest.fixture(scope="session")
def proxy(server: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[stack.Proxy]:
    with stack.caddy(tmp_path_factory.mktemp("caddy"), server.port) as started:
        yield started

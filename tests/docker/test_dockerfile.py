import re
import subprocess

import pytest

from tests.docker.programs import DOCKER, ROOT, program

DOCKERFILE = (DOCKER / "Dockerfile").read_text()
#: The instructions, each on one line.
INSTRUCTIONS = [
    line.strip()
    for line in re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE)).splitlines()
    if line.strip()
]
LAST_STAGE = INSTRUCTIONS[max(n for n, line in enumerate(INSTRUCTIONS) if line.startswith("FROM ")) :]


def test_hadolint_has_nothing_to_say() -> None:
    done = subprocess.run(
        [program("hadolint"), "--failure-threshold", "style", str(DOCKER / "Dockerfile")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_the_process_has_a_fixed_number_and_no_name_in_the_host() -> None:
    assert [line for line in LAST_STAGE if line.startswith("USER")] == ["USER 10001:10001"]
    # Nothing that runs as root follows.
    after = LAST_STAGE[LAST_STAGE.index("USER 10001:10001") :]
    assert not [line for line in after if line.startswith(("RUN", "COPY", "ADD"))]


def test_packages_come_from_the_lock_file_by_hash() -> None:
    installs = [line for line in INSTRUCTIONS if "pip" in line and " install " in line]
    assert len(installs) == 1
    assert "--require-hashes" in installs[0]
    assert "--only-binary :all:" in installs[0]
    assert "-r /build/requirements.txt" in installs[0]


def test_no_secret_is_in_a_layer() -> None:
    lasting = [line for line in INSTRUCTIONS if line.startswith(("ENV", "ARG", "LABEL"))]
    assert not [line for line in lasting if re.search(r"SECRET|PASSWORD|TOKEN|KEY|_URL", line)]
    assert 'SECRET_KEY="$(random)"' in DOCKERFILE


def test_the_image_tells_its_health_and_starts_the_server() -> None:
    assert any(line.startswith("HEALTHCHECK") and "docker/healthcheck.py" in line for line in LAST_STAGE)
    command = 'CMD ["gunicorn", "--config", "docker/gunicorn.conf.py", "config.wsgi:application"]'
    assert LAST_STAGE[-1] == command


def test_no_digest_is_made_up() -> None:
    """A digest comes from a registry: docker/pin-images.sh asks one and keeps the answer in docker/.env."""
    for path in DOCKER.iterdir():
        if path.is_file() and path.name != ".env":
            assert not re.search(r"@sha256:[0-9a-f]{64}", path.read_text()), path


@pytest.mark.parametrize(
    "name", ["tests/conftest.py", ".git/HEAD", ".local/secret_key", ".env", "docker/secrets/secret_key"]
)
def test_the_image_is_made_of_what_is_named_and_nothing_else(name: str) -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*"
    kept = [rule.removeprefix("!") for rule in rules if rule.startswith("!")]
    assert not [rule for rule in kept if name == rule or (rule.endswith("/") and name.startswith(rule))]

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docker.programs import DOCKER, ROOT, program

COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ["app", "detector", "migrate", "sealer", "shipper", "upkeep", "worker"]
every_service = pytest.mark.parametrize("name", sorted(SERVICES))


def test_it_follows_the_schema() -> None:
    done = subprocess.run(
        [program("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(DOCKER / "compose.yaml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_parts_are_these() -> None:
    assert sorted(SERVICES) == [
        *("app", "caddy", "detector", "migrate", "postgres", "redis", "sealer", "shipper", "upkeep", "worker"),
    ]


@every_service
def test_a_container_cannot_be_written_to_and_gains_no_rights(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "caddy" else [])
    assert "privileged" not in service
    assert all("docker.sock" not in str(volume) for volume in service.get("volumes", []))


@every_service
def test_a_container_has_a_share_of_the_machine(name: str) -> None:
    assert {"mem_limit", "pids_limit", "logging"} <= SERVICES[name].keys()


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"caddy"}))
def test_only_caddy_runs_as_its_images_user(name: str) -> None:
    assert SERVICES[name]["user"] == ("10001:10001" if name in OURS else "999:999")


@every_service
def test_only_caddy_is_published(name: str) -> None:
    assert bool(SERVICES[name].get("ports")) == (name == "caddy")
    assert "network_mode" not in SERVICES[name]


def test_the_database_and_redis_reach_nothing_outside() -> None:
    internal = {name for name, network in COMPOSE["networks"].items() if network.get("internal")}
    assert internal == {"proxy", "data"}
    for name in ("postgres", "redis", "migrate", "sealer", "upkeep"):
        assert list(SERVICES[name]["networks"]) == ["data"]
    for name in ("detector", "shipper", "worker"):
        assert list(SERVICES[name]["networks"]) == ["data", "outbound"]
    assert not {"data", "outbound"} & set(SERVICES["caddy"]["networks"])


def test_caddy_alone_is_believed_about_the_caller() -> None:
    address = SERVICES["caddy"]["networks"]["proxy"]["ipv4_address"]
    assert SERVICES["app"]["environment"]["TRUSTED_PROXIES"] == address
    members = [name for name, service in SERVICES.items() if "proxy" in service["networks"]]
    assert sorted(members) == ["app", "caddy"]


@every_service
def test_every_secret_is_a_file(name: str) -> None:
    service = SERVICES[name]
    given = {
        (entry if isinstance(entry, str) else entry["target"]): (entry if isinstance(entry, str) else entry["source"])
        for entry in service.get("secrets", [])
    }
    assert set(given.values()) <= COMPOSE["secrets"].keys()
    for variable, value in service.get("environment", {}).items():
        if re.search(r"SECRET|PASSWORD|TOKEN|_KEY|DATABASE_URL|REDIS_URL", variable):
            assert variable.endswith("_FILE"), f"{variable} is a secret in the environment"
            assert value.removeprefix("/run/secrets/") in given


def test_every_secret_has_a_reader_and_a_maker(tmp_path: Path) -> None:
    read = {
        entry if isinstance(entry, str) else entry["source"]
        for service in SERVICES.values()
        for entry in service.get("secrets", [])
    }
    assert read == COMPOSE["secrets"].keys()
    subprocess.run(["sh", DOCKER / "make-secrets.sh", tmp_path], check=True, capture_output=True)
    made = {path.name for path in tmp_path.iterdir()}
    assert {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()} <= made


def test_the_applications_role_is_not_the_owner_of_the_tables() -> None:
    def url_of(name: str) -> str:
        entries = [entry for entry in SERVICES[name]["secrets"] if isinstance(entry, dict)]
        source: str = next(entry["source"] for entry in entries if entry["target"] == "database_url")
        return source

    assert url_of("migrate") == "database_owner_url"
    assert url_of("app") == url_of("worker") == "database_app_url"
    others = [name for name in SERVICES if "database_owner_url" in str(SERVICES[name].get("secrets"))]
    assert others == ["migrate", "upkeep", "sealer"]


def test_every_variable_is_one_that_the_application_reads() -> None:
    example = (ROOT / ".env.example").read_text()
    for variable in SERVICES["app"]["environment"]:
        assert f"{variable.removesuffix('_FILE')}=" in example, variable


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"app"}))
def test_health_is_asked_for(name: str) -> None:
    """The application's own question is in its image."""
    check = SERVICES[name]["healthcheck"]
    assert check == {"disable": True} if name == "migrate" else check["test"][0] == "CMD"


def test_the_application_waits_for_what_it_needs() -> None:
    assert SERVICES["app"]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert SERVICES["app"]["depends_on"]["redis"] == {"condition": "service_healthy"}
    assert SERVICES["migrate"]["depends_on"]["postgres"] == {"condition": "service_healthy"}
    assert SERVICES["caddy"]["depends_on"]["app"] == {"condition": "service_healthy"}


def test_every_file_it_mounts_is_there() -> None:
    for config in COMPOSE["configs"].values():
        assert (DOCKER / config["file"]).is_file()


def test_the_pins_are_of_the_images_that_are_used() -> None:
    used = dict(re.findall(r"\$\{([A-Z]+_IMAGE):-([^}]+)\}", (DOCKER / "compose.yaml").read_text()))
    pinned = dict(re.findall(r"([A-Z]+_IMAGE)=([^\s;]+)", (DOCKER / "pin-images.sh").read_text()))
    assert used == pinned
    assert f"ARG PYTHON_IMAGE={used['PYTHON_IMAGE']}" in (DOCKER / "Dockerfile").read_text()


def test_the_folder_of_the_metrics_is_in_memory_and_the_applications() -> None:
    folder = SERVICES["app"]["environment"]["PROMETHEUS_MULTIPROC_DIR"]
    (mount,) = [mount for mount in SERVICES["app"]["tmpfs"] if mount.startswith(f"{folder}:")]
    assert "uid=10001,gid=10001,mode=0700" in mount


def test_the_log_is_shipped_only_where_somebody_asks_for_it() -> None:
    assert {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service} == {
        "shipper": ["shipping"]
    }


def test_the_sealer_alone_has_the_key_that_seals() -> None:
    assert [name for name in SERVICES if "seal_keys" in SERVICES[name].get("secrets", [])] == ["sealer"]
    verifier = {"source": "seal_verifiers", "target": "seal_keys"}
    assert all(verifier in SERVICES[name]["secrets"] for name in OURS if name != "sealer")
    folder = SERVICES["sealer"]["environment"]["AUDIT_CHECKPOINTS"]
    assert [name for name in OURS if f"audit-checkpoints:{folder}" in SERVICES[name].get("volumes", [])] == ["sealer"]

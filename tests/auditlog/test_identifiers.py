import time

from auditlog.identifiers import uuid7


def test_it_is_a_uuid_of_version_7() -> None:
    made = uuid7()

    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert abs((made.int >> 80) - time.time() * 1000) < 1000


def test_it_grows_with_time_and_is_never_the_same() -> None:
    first = uuid7()
    time.sleep(0.002)
    made = {uuid7() for _ in range(1000)}

    assert len(made) == 1000
    assert first < min(made)

import pytest

from auditlog.sealing import notes

# The example of the specification's first implementation, golang.org/x/mod/sumdb/note.
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"  # pragma: allowlist secret
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
NOTE = f"{TEXT}\n— PeterNeumann {SIGNATURE}\n"


def test_a_note_of_another_implementation_is_read() -> None:
    assert notes.key_set(VKEY).opened(NOTE) == TEXT


def test_a_note_is_signed_as_by_another_implementation() -> None:
    keys = notes.key_set(SKEY)

    assert keys.signer is not None
    assert keys.signer.sign(TEXT) == NOTE
    assert str(keys.signer.key) == VKEY
    assert keys.signer.secret_line == SKEY


@pytest.mark.parametrize(
    "forged", [NOTE.replace("answer", "question"), NOTE.replace("Peter", "Paul"), NOTE[:-9] + "AAAAnAM=\n", TEXT, ""]
)
def test_a_forged_note_is_refused(forged: str) -> None:
    with pytest.raises(notes.SignatureRefused):
        notes.key_set(VKEY).opened(forged)


def test_the_first_private_key_signs_and_every_key_checks() -> None:
    new, old = notes.new_signer("new"), notes.new_signer("old")
    keys = notes.key_set(f"# rotated\n{new.secret_line}\n\n{old.key}\n")

    assert keys.signer is not None
    assert keys.signer.name == "new"
    assert keys.opened(old.sign("signed before\n")) == "signed before\n"
    assert keys.opened(new.sign("signed since\n")) == "signed since\n"


@pytest.mark.parametrize(
    "line",
    ["nonsense", SKEY[:-8], SKEY.replace("c74f20a3", "c74f20a4"), VKEY[:-4], VKEY.replace("+AR", "+AB"), "a b+c+d"],
)
def test_what_is_no_key_is_refused_and_not_repeated(line: str) -> None:
    with pytest.raises(notes.KeyRefused) as refused:
        notes.key_set(line)

    assert line[-12:] not in str(refused.value)


@pytest.mark.parametrize("name", ["", "two words", "a+b"])
def test_a_name_that_a_note_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(notes.KeyRefused):
        notes.new_signer(name)

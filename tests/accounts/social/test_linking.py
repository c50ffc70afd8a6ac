"""What meets a link on its way."""

from pathlib import Path

from tests.accounts.social.process import told_by


def test_a_link_counts_what_has_happened_meanwhile(tmp_path: Path) -> None:
    """A session that has ended, a password that was taken away, another first sign-in of the same person."""
    assert told_by("linking_at_once", tmp_path) == {
        "ended session": "login_not_recent, None",
        "last way in": False,
        "two before the look": "nora@example.org",
        "two before the writes": "nils@example.org",
    }

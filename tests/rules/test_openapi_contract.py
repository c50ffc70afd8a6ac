"""The API does what its document says: schemathesis, with all of its checks, against a live server.

`SCHEMATHESIS_EXAMPLES=200 pytest tests/rules/test_openapi_contract.py` tries more than the suite has time for, other
requests each time, and every edge of every schema besides. The suite tries the same few each time: whoever changes
something else is not told of a hole that was there before.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from articles.models import Article, Category
from authz.models import Tenant
from config.workspaces import open_workspace

pytestmark = pytest.mark.django_db(transaction=True)

HERE = Path(__file__).parent
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "")
#: What the suite has time for; with a number of examples everything is tried.
SMALL = ("--max-examples", "3", "--phases", "fuzzing,stateful", "--generation-deterministic")
AMOUNT = ("--max-examples", EXAMPLES, "--generation-database", "none") if EXAMPLES else SMALL
PASSWORD = "correct horse battery staple"  # pragma: allowlist secret


@pytest.fixture
def api(settings: Settings, live_server: LiveServer) -> dict[str, str]:
    """A server without limits of rate, and what schemathesis needs to know to use it."""
    settings.PAGES_OPEN = True
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMIT_ENABLED": False}
    user = User.objects.create_user("fuzzer@example.org", PASSWORD, email_verified_at=timezone.now())
    open_workspace(user=user, outcome="success")
    category = Category.objects.create(name="General", slug="general")
    return {
        "API_URL": live_server.url,
        "API_EMAIL": user.email,
        "API_PASSWORD": PASSWORD,
        "API_CATEGORY": str(category.pk),
        "API_ARTICLES": ",".join(str(article.pk) for article in drafts(user, category)),
    }


def drafts(author: User, category: Category) -> list[Article]:
    """Write as many drafts as the requests need that change, publish or delete one."""
    tenant = Tenant.objects.get()
    values = {"tenant": tenant, "author": author, "category": category, "body": "<p>A text to change.</p>" * 3}
    return Article.objects.bulk_create([Article(title=f"Draft {number}", **values) for number in range(500)])


def test_the_api_does_what_its_document_says(api: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"), "--no-color"),
            *("run", f"{api['API_URL']}/api/v1/schema/", "--checks", "all", "--workers", "1"),
            *(*AMOUNT, "--continue-on-failure"),
            *("--exclude-operation-id", "auth_me_delete"),  # it deletes the account that asks
        ],
        env={
            **os.environ,
            **api,
            "SCHEMATHESIS_HOOKS": f"{__package__}.schemathesis_hooks",
            "PYTHONPATH": str(HERE.parents[1]),
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr

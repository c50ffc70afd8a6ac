"""The attack: SQL that no policy saw, by the application's own role. PostgreSQL shows it one tenant, or nothing."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, ProgrammingError, connection, connections, transaction
from django.http import HttpRequest, JsonResponse, StreamingHttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path
from pytest_django import Settings

from articles.models import Category
from authz.drf import public
from authz.models import Tenant
from authz.principals import Principal
from authz.rls import statements
from authz.rls.borders import within
from authz.rls.checks import check_row_level_security
from authz.rls.operations import ProtectRows, UnprotectRows
from authz.rls.tables import tables
from authz.sudo import sudo
from tests.articles.api import ARTICLES, Caller
from tests.authz.conftest import Cast, Heard
from tests.authz.library.models import Book, Exhibition, Tag

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]

ROLE = "bulwark_test_rls"
MIDDLEWARE = "authz.middleware.AuthzMiddleware"


def titles(sql: str = "SELECT title FROM library_book ORDER BY title") -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [title for (title,) in cursor.fetchall()]


@public("a test")
def view(request: HttpRequest) -> JsonResponse:
    return JsonResponse(titles(), safe=False)


@public("a test")
def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(title for _ in range(2) for title in titles())


@public("a test")
async def aview(request: HttpRequest) -> JsonResponse:
    return JsonResponse(await sync_to_async(titles)(), safe=False)


urlpatterns = [path("view/", view), path("stream/", stream), path("aview/", aview)]


def run(*commands: str) -> None:
    with connection.cursor() as cursor:
        for command in commands:
            cursor.execute(command)


@pytest.fixture
def books(cast: Cast) -> Cast:
    for title, tenant in [("ours", cast.acme), ("theirs", cast.other), ("nobody's", None)]:
        book = Book.objects.create(title=title, tenant=tenant, status="published")
        book.tags.add(Tag.objects.create(name=title))
        Exhibition.objects.create().books.add(book)
    return cast


@pytest.fixture
def protected(books: Cast) -> Iterator[None]:
    """The tables of tenants as a generated migration leaves them."""
    wanted = tables()
    with connection.schema_editor() as editor:
        for table in wanted:
            ProtectRows(table.name, table.condition).database_forwards("library", editor, None, None)
    yield
    with connection.schema_editor() as editor:
        for table in wanted:
            UnprotectRows(table.name, table.condition).database_forwards("library", editor, None, None)


@pytest.fixture
def role(books: Cast) -> Iterator[dict[str, str]]:
    """The application's own role: it owns nothing, and is no superuser."""
    password = secrets.token_hex()
    run(
        f"CREATE ROLE {ROLE} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '{password}'",
        f"GRANT {ROLE} TO CURRENT_USER",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLE}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {ROLE}",
    )
    yield {"USER": ROLE, "PASSWORD": password}
    run(f"DROP OWNED BY {ROLE}", f"DROP ROLE {ROLE}")


@pytest.fixture
def switched_on(settings: Settings) -> Iterator[None]:
    settings.BULWARK_AUTHZ = {**settings.BULWARK_AUTHZ, "ROW_LEVEL_SECURITY": True}
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, MIDDLEWARE]
    statements.forget_roles()
    connection.close()
    yield
    settings.BULWARK_AUTHZ = {**settings.BULWARK_AUTHZ, "ROW_LEVEL_SECURITY": False}
    connection.execute_wrappers.clear()
    statements.forget_roles()


@pytest.fixture
def connected(
    protected: None, role: dict[str, str], switched_on: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Everything that follows is done by the application's role."""
    with monkeypatch.context() as patched:
        for key, value in role.items():
            patched.setitem(connection.settings_dict, key, value)
        connection.close()
        connection.ensure_connection()
        yield
        connection.close()


@pytest.fixture
def connected_by_pool(
    protected: None, role: dict[str, str], switched_on: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """The same, over a pool with one connection, which all requests share."""
    with monkeypatch.context() as patched:
        for key, value in role.items():
            patched.setitem(connection.settings_dict, key, value)
        patched.setitem(connection.settings_dict, "OPTIONS", {"pool": {"min_size": 1, "max_size": 1}})
        connection.close()
        yield
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]


def test_raw_sql_sees_nothing_outside_a_tenant(connected: None) -> None:
    assert titles() == titles("SELECT 'tag' FROM library_book_tags") == []


@pytest.mark.parametrize(("name", "seen"), [("alice", ["ours"]), ("charlie", ["theirs"]), ("nobody", [])])
def test_raw_sql_sees_the_tenant_that_code_states(connected: None, books: Cast, name: str, seen: list[str]) -> None:
    with within(books.principal(name)):
        assert titles() == seen
        for between in ("library_book_tags", "library_exhibition_books"):
            assert titles(f"SELECT 'one' FROM {between}") == ["one" for _ in seen]
        assert [book.title for book in Book.objects.all()] == seen
        assert [book.title for book in Book.objects.iterator(chunk_size=1)] == seen
        with transaction.atomic():
            assert titles() == [book.title for book in Book.objects.iterator(chunk_size=1)] == seen
    assert titles() == []


def test_without_the_policy_of_the_database_the_same_sql_sees_all(connected: None, books: Cast) -> None:
    """What hides the rows is row level security, and nothing else."""
    with sudo(books.principal("alice"), reason="a test"):
        assert titles() == ["nobody's", "ours", "theirs"]


def test_sudo_is_told_of_and_ends_with_its_block(connected: None, books: Cast, heard: Heard) -> None:
    alice = books.principal("alice")
    with within(alice), transaction.atomic():
        with sudo(alice, reason="a test") as crossing:
            assert crossing.crosses_tenants
            assert len(titles()) == 3
        assert titles() == ["ours"]
        # What Django's cursors do not see (COPY) goes on in the transaction, and in the border that holds now.
        with (
            connection.connection.cursor() as cursor,
            cursor.copy("COPY (SELECT title FROM library_book) TO STDOUT") as rows,
        ):
            assert [bytes(row) for row in rows] == [b"ours\n"]
    assert len(heard.named("sudo_used")) == 1


def test_another_tenants_rows_can_be_neither_made_nor_changed_nor_taken(connected: None, books: Cast) -> None:
    theirs, ours = books.other.pk, books.acme.pk
    with within(books.principal("alice")):
        with connection.cursor() as cursor:
            for sql in ("UPDATE library_book SET title = 'x' WHERE title = 'theirs'", "DELETE FROM library_book_tags"):
                cursor.execute(sql)
            assert cursor.rowcount == 1
        for move in (f"UPDATE library_book SET tenant_id = '{theirs}'", "UPDATE library_book SET tenant_id = NULL"):
            with pytest.raises(ProgrammingError, match="row-level security"):
                run(move)
        with pytest.raises(ProgrammingError, match="row-level security"):
            Book.objects.create(title="planted", tenant_id=theirs)
        Book.objects.bulk_create([Book(title="one", tenant_id=ours), Book(title="two", tenant_id=ours)])
        with connection.cursor() as cursor:
            cursor.executemany("UPDATE library_book SET note = %s WHERE title = %s", [("a", "one"), ("b", "theirs")])
            assert cursor.rowcount == 1
    with sudo(books.principal("alice"), reason="a test"):
        assert titles() == ["nobody's", "one", "ours", "theirs", "two"]


def test_a_statement_tells_what_it_did_and_not_what_was_told_before_it(connected: None, books: Cast) -> None:
    with within(books.principal("alice")), connection.cursor() as cursor:
        cursor.execute("SELECT title, 7 AS seven FROM library_book WHERE title LIKE %s", ["%ur%"])
        assert (cursor.rowcount, [column.name for column in cursor.description], cursor.fetchall()) == (
            1,
            ["title", "seven"],
            [("ours", 7)],
        )
        assert Book.objects.update(note="x") == 1


def see_and_fail() -> None:
    with transaction.atomic():
        assert titles() == ["theirs"]
        run("INSERT INTO library_book_tags (book_id, tag_id) SELECT book_id, tag_id FROM library_book_tags")


def test_a_rollback_to_a_savepoint_takes_no_tenant_along(connected: None, books: Cast) -> None:
    """`set_config` is undone with its savepoint: what was told before it must not count again."""
    with within(books.principal("alice")), transaction.atomic():
        assert titles() == ["ours"]
        with within(books.principal("charlie")):
            with pytest.raises(IntegrityError):
                see_and_fail()
            assert titles() == ["theirs"]
        assert titles() == ["ours"]


@pytest.mark.parametrize("atomic", [False, True], ids=["autocommit", "ATOMIC_REQUESTS"])
@pytest.mark.parametrize("url", ["/view/", "/stream/", "/aview/"])
def test_requests_in_turns_see_their_own_tenant_over_one_connection(
    connected_by_pool: None, books: Cast, monkeypatch: pytest.MonkeyPatch, atomic: bool, url: str
) -> None:
    if url != "/aview/":  # Django refuses async views under ATOMIC_REQUESTS
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic)
    clients: dict[str, Client] = {}
    for name in ("alice", "charlie"):
        clients[name] = Client()
        clients[name].force_login(getattr(books, name))
    said = []
    for name in ("alice", "charlie", "alice", ""):
        answer = (clients[name] if name else Client()).get(url)
        said.append(answer.getvalue().decode())
        connection.close()  # back to the pool, as at the end of a request
        assert titles() == []
        connection.close()
    ours, theirs, nothing = ("oursours", "theirstheirs", "") if url == "/stream/" else ('["ours"]', '["theirs"]', "[]")
    assert said == [ours, theirs, ours, nothing]


def test_an_asynchronous_server_tells_it_too(connected: None, books: Cast) -> None:
    client = AsyncClient()

    async def ask() -> Any:
        await client.aforce_login(books.alice)
        return (await client.get("/aview/")).json()

    assert async_to_sync(ask)() == ["ours"]


def test_a_request_costs_no_statement_more(connected: None, books: Cast, django_assert_num_queries: Any) -> None:
    with within(books.principal("alice")), django_assert_num_queries(1):
        titles()


@pytest.fixture
def above(protected: None, switched_on: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A role above row level security; one that cannot make itself a superuser only looks like it."""
    with connection.cursor() as cursor:
        cursor.execute(statements.BYPASSES)
        if not cursor.fetchone()[0]:
            monkeypatch.setattr(statements, "BYPASSES", "SELECT true")


def test_a_superuser_stops_the_start_and_every_statement(above: None, books: Cast) -> None:
    assert "bulwark_authz.E008" in {message.id for message in check_row_level_security()}
    with within(books.principal("alice")), pytest.raises(ImproperlyConfigured, match="superuser or has BYPASSRLS"):
        titles()


def test_a_role_of_its_own_passes_the_check(connected: None) -> None:
    assert check_row_level_security() == []


def test_a_table_that_is_not_protected_is_told(role: dict[str, str], switched_on: None) -> None:
    assert {message.id for message in check_row_level_security()} >= {"bulwark_authz.W003"}


def test_the_api_works_inside_of_it(connected: None, books: Cast) -> None:
    """Made, listed, changed, exported and streamed by the application's role; nothing of it is there for others."""
    category = Category.objects.create(name="General", slug="general")
    alice, charlie = Caller(books.alice), Caller(books.charlie)
    with override_settings(ROOT_URLCONF="config.urls"):
        made = alice.post(ARTICLES, {"title": "A title", "body": "x" * 60, "category": str(category.pk)})
        assert made.status_code == 201, made.content
        url = f"{ARTICLES}{made.json()['id']}/"
        assert [who.get(url).status_code for who in (alice, charlie)] == [200, 404]
        assert [len(who.get(ARTICLES).json()["results"]) for who in (alice, charlie)] == [1, 0]
        assert alice.patch(url, {"title": "Another"}, match="*").status_code == 200
        exported = [who.get(f"{ARTICLES}export").getvalue() for who in (alice, charlie)]
        assert ["Another" in file.decode() for file in exported] == [True, False]
    assert titles("SELECT title FROM bulwark_articles_article") == []
    with within(books.principal("alice")):
        assert titles("SELECT title FROM bulwark_articles_article") == ["Another"]


def test_switched_off_nothing_is_told(protected: None) -> None:
    assert connection.execute_wrappers == []
    assert check_row_level_security() == []


def test_other_cursors_are_told_as_well(connected: None, books: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cursor with server-side binding takes one statement only."""
    with monkeypatch.context() as patched:
        patched.setitem(connection.settings_dict, "OPTIONS", {"server_side_binding": True})
        connection.close()
        with within(books.principal("alice")):
            assert titles() == [book.title for book in Book.objects.filter(status="published")] == ["ours"]
        assert titles() == []
        connection.close()


def test_a_tenant_is_an_id_or_nothing(connected: None, books: Cast) -> None:
    with within(Principal(books.alice)):
        assert titles() == []


def make_principal(tenant: Tenant) -> Principal:
    return Principal(None, tenant_id=tenant.pk)


def test_two_threads_do_not_meet(connected: None, books: Cast) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def seen(tenant: Tenant) -> list[str]:
        try:
            with within(make_principal(tenant)):
                return [title for _ in range(20) for title in titles()]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        ours, theirs = pool.map(seen, (books.acme, books.other))
    assert (set(ours), set(theirs)) == ({"ours"}, {"theirs"})

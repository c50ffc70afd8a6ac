"""The OpenAPI document knows the routes of OAuth, and where a proof of a key goes."""

from typing import Any

import jsonschema
import pytest
from drf_spectacular.generators import SchemaGenerator

from accounts.oauth.schema import add_oauth_routes
from tests.accounts.browser import read
from tests.accounts.oauth.app import TOKEN, App
from tests.accounts.proving import ClientKey

AUTH = "/api/v1/auth/"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]  # untyped
    return found


def check(document: dict[str, Any], name: str, body: Any) -> None:
    """Hold an answer against a schema that allows nothing besides."""
    schema = document["components"]["schemas"][name]
    jsonschema.validate(body, {**schema, "additionalProperties": False})


def test_tokens_and_errors_are_as_documented(document: dict[str, Any], app: App) -> None:
    first = app.exchange(app.code(nonce="n"))
    again = app.refresh(read(first)["refresh_token"])
    assert [first.status_code, again.status_code] == [200, 200]
    for response in (first, again):
        check(document, "OAuthTokens", read(response))
    for refused in (app.exchange("x"), app.refresh("x"), app.refresh("x", client_id="y"), app.post(TOKEN)):
        assert str(refused.status_code) in document["paths"][TOKEN]["post"]["responses"]
        check(document, "OAuthError", read(refused))


def test_a_bound_session_is_as_documented(document: dict[str, Any], app: App) -> None:
    key = ClientKey()
    response = app.exchange(app.code(), {"DPoP": key.proof("POST", f"https://testserver{TOKEN}")})
    assert read(response)["token_type"] == "DPoP"
    check(document, "OAuthTokens", read(response))


def test_a_proof_is_documented_where_one_is_taken(document: dict[str, Any]) -> None:
    taking = {
        path
        for path, item in document["paths"].items()
        for operation in item.values()
        if any(each["name"] == "DPoP" and each["in"] == "header" for each in operation.get("parameters", ()))
    }
    assert taking == {f"{AUTH}{name}" for name in ("login", "login/mfa", "login/passkey", "refresh")} | {TOKEN}
    assert document["paths"][f"{AUTH}me"]["get"]["security"] == [{"accessToken": []}, {"boundToken": [], "proof": []}]
    schemes = document["components"]["securitySchemes"]
    assert (schemes["boundToken"]["scheme"], schemes["proof"]["name"]) == ("DPoP", "DPoP")


@pytest.mark.urls("accounts.urls")
def test_a_project_without_the_routes_has_none_in_its_document() -> None:
    assert add_oauth_routes({"paths": {}}, None, None, public=True) == {"paths": {}}

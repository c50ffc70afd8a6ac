"""The routes in the OpenAPI document, which nothing else describes: they are no views of REST framework.

SPECTACULAR_SETTINGS = {"POSTPROCESSING_HOOKS": [..., "accounts.oauth.schema.add_oauth_routes"]}
"""

from typing import Any

from django.urls import NoReverseMatch, reverse

from edge.problems.responses import CONTENT_TYPE
from edge.schema import ALWAYS

from ..schema import NONCE_HEADER, PROOF
from .authorization import MAX_NONCE, PROMPTS
from .errors import ErrorCode
from .pkce import METHOD
from .views import FORM

_TEXT: dict[str, Any] = {"type": "string"}
_B64 = "^[A-Za-z0-9_-]{43}$"
_CLIENT = {**_TEXT, "description": "The id that the app is registered with"}
#: Of a request for a code, with what each is.
_ASKED: dict[str, tuple[dict[str, Any], str]] = {
    "response_type": ({**_TEXT, "enum": ["code"]}, ""),
    "client_id": (_TEXT, "The id that the app is registered with"),
    "redirect_uri": ({**_TEXT, "format": "uri"}, "Exactly as registered"),
    "code_challenge": ({**_TEXT, "pattern": _B64}, "SHA-256 of the verifier (RFC 7636)"),
    "code_challenge_method": ({**_TEXT, "enum": [METHOD]}, ""),
    "state": (_TEXT, "Comes back as it was sent"),
    "nonce": ({**_TEXT, "maxLength": MAX_NONCE}, "Comes back with the tokens"),
    "prompt": ({**_TEXT, "enum": sorted(PROMPTS)}, ""),
    "max_age": ({"type": "integer", "minimum": 0}, "Seconds that the login may lie back"),
    "dpop_jkt": ({**_TEXT, "pattern": _B64}, "Thumbprint of the key that the code is bound to (RFC 9449)"),
}
_NEEDED = tuple(_ASKED)[:5]


def add_oauth_routes(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:  # noqa: ARG001 - its signature
    """Add authorize, token and revoke to the document, where they are served.

    It is a hook of drf-spectacular's `POSTPROCESSING_HOOKS`.

    :return: the document.
    """
    try:
        paths = {name: reverse(f"bulwark_accounts_site:oauth-{name}") for name in ("authorize", "token", "revoke")}
    except NoReverseMatch:
        return result
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas |= {"OAuthError": _error(), "OAuthTokens": _tokens()}
    problem = _ref("Problem") if "Problem" in schemas else {"type": "object"}
    result["paths"] |= {
        paths["authorize"]: {"get": {**_authorize(), "responses": {**_problems(problem), **_sent_on()}}},
        paths["token"]: {"post": {**_token(), "responses": {**_problems(problem), **_answers(problem, _granted())}}},
        paths["revoke"]: {"post": {**_revoke(), "responses": {**_problems(problem), **_answers(problem, _revoked())}}},
    }
    return result


def _operation(name: str, summary: str, description: str) -> dict[str, Any]:
    return {
        "operationId": f"oauth_{name}",
        "tags": ["oauth"],
        "summary": summary,
        "description": description,
        "security": [{}],
    }


def _authorize() -> dict[str, Any]:
    parameters = [
        {"in": "query", "name": name, "required": name in _NEEDED, "schema": schema, "description": text}
        for name, (schema, text) in _ASKED.items()
    ]
    text = "A page of the browser, not a call: the user logs in first where that is needed (RFC 6749, section 4.1)."
    return {**_operation("authorize", "Ask for a code", text), "parameters": parameters}


def _token() -> dict[str, Any]:
    by_code = {"code": _TEXT, "redirect_uri": {**_TEXT, "format": "uri"}, "code_verifier": _TEXT}
    kinds = {"authorization_code": by_code, "refresh_token": {"refresh_token": _TEXT}}
    form = {"oneOf": [_form(grant_type={**_TEXT, "enum": [kind]}, **fields) for kind, fields in kinds.items()]}
    proof = {"in": "header", "name": PROOF.name, "schema": _TEXT, "description": PROOF.description}
    text = "A code or a refresh token in, tokens out (RFC 6749, section 5; RFC 7636; RFC 9449)."
    return {**_operation("token", "Exchange a code", text), "parameters": [proof], **_body(form)}


def _revoke() -> dict[str, Any]:
    text = "End the session of a token; one that is none needs no ending (RFC 7009)."
    return {**_operation("revoke", "Revoke a token", text), **_body(_form(token=_TEXT))}


def _form(**fields: dict[str, Any]) -> dict[str, Any]:
    properties = {"client_id": _CLIENT, **fields}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _body(form: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {FORM: {"schema": form}}}}


def _sent_on() -> dict[str, Any]:
    location = {"Location": {"schema": {**_TEXT, "format": "uri"}}}
    return {
        "200": {
            "description": "A page that leads to the app, after a login; or that asks for consent.",
            "content": {"text/html": {}},
        },
        "302": {
            "description": "To the app, with `code` or `error`; or to log in.",
            "headers": location,
        },
    }


def _granted() -> dict[str, Any]:
    return {"description": "The tokens.", "content": {"application/json": {"schema": _ref("OAuthTokens")}}}


def _revoked() -> dict[str, Any]:
    return {"description": "The session has ended, or there was none."}


def _answers(problem: dict[str, Any], success: dict[str, Any]) -> dict[str, Any]:
    refused = {"application/json": {"schema": _ref("OAuthError")}, CONTENT_TYPE: {"schema": problem}}
    return {
        "200": success,
        "400": {"description": "", "content": refused, "headers": NONCE_HEADER},
        "401": {"description": "No active client has this id, or it sent a secret.", "content": refused},
        "503": {"description": "", "content": refused},
    }


def _problems(problem: dict[str, Any]) -> dict[str, Any]:
    content = {CONTENT_TYPE: {"schema": problem}}
    return {str(status): {"description": "", "content": content} for status in (*ALWAYS, 411, 413)}


def _error() -> dict[str, Any]:
    error = {**_TEXT, "enum": sorted(ErrorCode)}
    properties = {"error": error, "error_description": _TEXT}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _tokens() -> dict[str, Any]:
    properties = {
        "access_token": _TEXT,
        "token_type": {**_TEXT, "enum": ["Bearer", "DPoP"]},
        "expires_in": {"type": "integer", "description": "Seconds"},
        "refresh_token": _TEXT,
    }
    nonce = {"nonce": {**_TEXT, "description": "That of the request for the code"}}
    return {"type": "object", "properties": {**properties, **nonce}, "required": list(properties)}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}

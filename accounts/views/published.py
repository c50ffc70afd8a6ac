"""What anybody may read: the public keys."""

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from .. import jose, keys
from ..conf import conf


@require_safe
def jwks(_request: HttpRequest) -> JsonResponse:
    """Return the keys that verify access tokens (RFC 7517), those that do not sign yet included."""
    published = keys.keyring().access.published(timezone.now())
    body = {"keys": [jose.public_jwk(dated.key) for dated in published if not dated.key.is_symmetric]}
    response = JsonResponse(body, content_type="application/jwk-set+json")
    response["Cache-Control"] = f"public, max-age={conf.jwks_max_age}"
    response["Access-Control-Allow-Origin"] = "*"  # public by nature
    return response

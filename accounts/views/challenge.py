"""Something to solve before the next guess."""

from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from edge.ratelimit import ratelimit
from edge.schema import problems

from ..guessing import challenge
from ..serializers import IssuedChallengeSerializer
from .base import AuthView


@method_decorator(never_cache, name="dispatch")
class ChallengeView(AuthView):
    """Hands out challenges."""

    @extend_schema(
        operation_id="auth_challenge",
        tags=["auth"],
        summary="Get a challenge to solve",
        responses={200: IssuedChallengeSerializer, **problems(404)},
    )
    @ratelimit("account")
    def get(self, _request: Request) -> Response:
        """Return a challenge of Altcha, after an answer `challenge_required`. Its solution works once, as `challenge`.

        Find the number, from 0 on, whose key begins with `keyPrefix`: PBKDF2 of the `nonce` and the number (four
        bytes), with `salt`, for `cost` rounds. The solution is the Base64 of the JSON `{"challenge": what you got,
        "solution": {"counter": the number, "derivedKey": the key in hexadecimal digits}}`; Altcha's libraries make it.
        """
        chosen = challenge()
        if not chosen.is_asked:
            raise NotFound
        return Response(chosen.issue())

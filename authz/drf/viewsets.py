"""A model view set that shows and changes what the policy allows."""

from rest_framework.viewsets import ModelViewSet

from .deciding import PolicyMixin
from .permissions import PolicyPermission


class PolicyViewSet(PolicyMixin, ModelViewSet):  # type: ignore[type-arg]  # a host names the model by its queryset
    """Scopes every queryset, decides about every object, limits every field.

    What cannot be read is 404; what can, but not so used, is 403. A change runs in a transaction, with the row locked,
    and is decided before and after. The hooks `perform_create`, `perform_update` and `perform_destroy` are the host's.
    """

    permission_classes = (PolicyPermission,)

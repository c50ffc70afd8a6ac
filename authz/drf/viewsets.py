"""A model view set that shows and changes what the policy allows."""

from rest_framework.viewsets import ModelViewSet

from .permissions import PolicyPermission


class PolicyViewSet(ModelViewSet):  # type: ignore[type-arg]  # a host names the model by its queryset
    """Scopes every queryset, decides every object, limits every field."""

    permission_classes = (PolicyPermission,)

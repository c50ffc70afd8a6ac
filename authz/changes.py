"""What follows when memberships and grants change: new authorization versions, and signals."""

# ruff: noqa: SLF001  (`_meta`, `_base_manager` and `_state` are Django's documented faces of a model)

from collections.abc import Collection
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, UUIDField
from django.db.models.signals import post_delete, post_save, pre_save

from . import registry
from .models import AuthorizationVersion, Grant, Membership
from .models.grant import object_key
from .signals import grant_created, grant_revoked, role_changed, role_granted, role_revoked
from .watching import row_saved

_BEFORE = "_bulwark_before"


def connect() -> None:
    """Connect the receivers; each once."""
    pre_save.connect(_remember, sender=Membership, dispatch_uid="bulwark_authz.membership_before")
    post_save.connect(_membership_saved, sender=Membership, dispatch_uid="bulwark_authz.membership_saved")
    post_delete.connect(_membership_deleted, sender=Membership, dispatch_uid="bulwark_authz.membership_deleted")
    pre_save.connect(_remember, sender=Grant, dispatch_uid="bulwark_authz.grant_before")
    post_save.connect(_grant_saved, sender=Grant, dispatch_uid="bulwark_authz.grant_saved")
    post_delete.connect(_grant_deleted, sender=Grant, dispatch_uid="bulwark_authz.grant_deleted")
    registry.follow(_watch_rows)


def _watch_rows(model: type[Model]) -> None:
    """Watch the rows of a model with a policy, whichever proxy they go by.

    A receiver of every model's deletions would have Django fetch, row by row, what one DELETE can take.
    """
    concrete = model._meta.concrete_model
    for kind in (kind for kind in apps.get_models() if kind._meta.concrete_model is concrete):
        post_delete.connect(_row_deleted, sender=kind, dispatch_uid="bulwark_authz.row_deleted")
        post_save.connect(_row_made, sender=kind, dispatch_uid="bulwark_authz.row_made")
        post_save.connect(row_saved, sender=kind, dispatch_uid="bulwark_authz.row_saved")


def tell_made(row: Any, *, using: str) -> None:
    """Tell of a membership or a grant that was made."""
    if isinstance(row, Membership):
        membership_made(row, using=using)
    else:
        grant_made(row)


def tell_changed(before: Any, row: Any, *, using: str) -> None:
    """Tell of a membership or a grant that was another before."""
    if isinstance(row, Membership):
        membership_changed(before, row, using=using)
    else:
        grant_changed(before, row)


def membership_made(row: Membership, *, using: str) -> None:
    """Renew the user's version and send `role_granted`."""
    AuthorizationVersion.renew(row.user_id, using=using)
    _send(role_granted, row, _described(row) | {"self_granted": _self_granted(row)})


def membership_changed(before: Membership, row: Membership, *, using: str) -> None:
    """Renew the versions of both users and send `role_changed`, if the user, the tenant or the role did change."""
    if _described(before) == _described(row):
        return
    for user in {before.user_id, row.user_id}:
        AuthorizationVersion.renew(user, using=using)
    data = _described(row) | {"before": _described(before), "self_granted": _self_granted(row)}
    _send(role_changed, row, data)


def _described(row: Membership) -> dict[str, Any]:
    return {"user": str(row.user_id), "tenant": str(row.tenant_id or ""), "role": row.role}


def _self_granted(row: Membership | Grant) -> bool:
    return row.user_id is not None and row.granted_by_id == row.user_id


def _send(signal: Any, row: Membership | Grant, data: dict[str, Any]) -> None:
    # The one who granted may be gone; the key is then NULL.
    signal.send(sender=type(row), request=None, user=row.granted_by, target=row, outcome="success", data=data)


def _remember(instance: Membership | Grant, using: str, **_: Any) -> None:
    # Held until the save has ended: of two changes at once the later one sees what the earlier one made.
    rows = type(instance)._base_manager.using(using).select_for_update()
    before = None if instance._state.adding else rows.filter(pk=instance.pk).first()
    setattr(instance, _BEFORE, before)


def _membership_saved(instance: Membership, created: bool, using: str, **_: Any) -> None:
    before: Membership | None = vars(instance).pop(_BEFORE, None)
    if created or before is None:
        membership_made(instance, using=using)
    else:
        membership_changed(before, instance, using=using)


def _membership_deleted(instance: Membership, using: str, **_: Any) -> None:
    # The user may be about to go too: a version that is made now would refer to nobody.
    AuthorizationVersion.renew_existing(instance.user_id, using=using)
    data = _described(instance)
    role_revoked.send(sender=Membership, request=None, user=None, target=instance, outcome="success", data=data)


def _grant_described(row: Grant) -> dict[str, Any]:
    kind = ContentType.objects.get_for_id(row.content_type_id)
    return {
        "user": str(row.user_id or ""),
        "role": row.role,
        "action": row.action,
        "model": f"{kind.app_label}.{kind.model}",
        "object": row.object_id,
        "expires_at": row.expires_at.isoformat() if row.expires_at else "",
    }


def grant_made(row: Grant) -> None:
    """Send `grant_created`."""
    _send(grant_created, row, _grant_described(row) | {"self_granted": _self_granted(row)})


def grant_changed(before: Grant, row: Grant) -> None:
    """Tell of a grant that has become another one as of one that ended and one that was made."""
    if _grant_described(before) != _grant_described(row):
        _grant_deleted(before)
        grant_made(row)


def _grant_saved(instance: Grant, created: bool, **_: Any) -> None:
    before: Grant | None = vars(instance).pop(_BEFORE, None)
    if created or before is None:
        grant_made(instance)
    else:
        grant_changed(before, instance)


def _grant_deleted(instance: Grant, **_: Any) -> None:
    data = _grant_described(instance)
    grant_revoked.send(sender=Grant, request=None, user=None, target=instance, outcome="success", data=data)


def may_reattach(model: type[Model]) -> bool:
    """Tell whether a new row can get the key of an old one, so that grants on that would count for it.

    A key that is random comes to no second row, and where no rule asks for grants none count.
    """
    policy = registry.policy_of(model)
    return policy is not None and not isinstance(model._meta.pk, UUIDField) and policy.asks_grants()


def forget_grants(model: type[Model], keys: Collection[Any], *, using: str) -> None:
    """Delete the grants on rows with these keys: another row may get, or has got, one of them."""
    kind, texts = ContentType.objects.db_manager(using).get_for_model(model), sorted(map(object_key, keys))
    grants = Grant._base_manager.using(using).filter(content_type=kind)
    for start in range(0, len(texts), 500):  # a statement of SQLite holds so many values
        grants.filter(object_id__in=texts[start : start + 500]).delete()


def _row_made(sender: type[Model], instance: Model, created: bool, using: str, raw: bool = False, **_: Any) -> None:
    # The last owner of the key may have been deleted past Django, by SQL or a trigger.
    if created and not raw and may_reattach(sender):
        forget_grants(sender, [instance.pk], using=using)


def _row_deleted(sender: type[Model], instance: Model, using: str, **_: Any) -> None:
    if instance.pk is not None:
        forget_grants(sender, [instance.pk], using=using)

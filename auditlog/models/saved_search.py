"""Questions that an auditor asks again."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SavedSearch(models.Model):
    """A question under a name of its owner's choice. The owner is known by id, as everywhere in the log."""

    owner = models.CharField(_("owner"), max_length=64)
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(_("question"), max_length=2000, help_text=_("The query string of the list of events."))
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("saved search")
        verbose_name_plural = _("saved searches")
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="bulwark_saved_search_name")]

    def __str__(self) -> str:
        return self.name

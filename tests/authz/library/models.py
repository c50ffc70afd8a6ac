"""A library: shelves of tenants, books with and without owners, tags, loans."""

# ruff: noqa: DJ008  (nobody reads these rows)

import uuid

from django.conf import settings
from django.db import models

from authz.models import Tenant


class Shelf(models.Model):
    name = models.CharField(max_length=50)
    floor = models.IntegerField(null=True)
    keeper = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    within = models.ForeignKey("self", models.SET_NULL, null=True, related_name="parts")


class OldShelf(Shelf):
    class Meta:
        proxy = True


class Tag(models.Model):
    name = models.CharField(max_length=50)
    secret = models.BooleanField(null=True)
    curator = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")


class Book(models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft"
        PUBLISHED = "published"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    tenant = models.ForeignKey(Tenant, models.CASCADE, null=True, related_name="+")
    title = models.CharField(max_length=50)
    note = models.CharField(max_length=50, null=True)  # noqa: DJ001  (NULL texts are what is tested)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.DRAFT)
    pages = models.IntegerField(null=True)
    limit = models.IntegerField(default=0)
    price = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    on_hold = models.BooleanField(default=False)
    words = models.JSONField(null=True)
    due_at = models.DateTimeField(null=True)
    weight = models.FloatField(null=True)
    bought_on = models.DateField(null=True)
    opens = models.TimeField(null=True)
    lasts = models.DurationField(null=True)
    mark = models.UUIDField(null=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="books")
    shelf = models.ForeignKey(Shelf, models.SET_NULL, null=True, related_name="books")
    tags = models.ManyToManyField(Tag, related_name="books")


class Exhibition(models.Model):
    """Of no tenant, and refers to rows that are of one."""

    books = models.ManyToManyField(Book, related_name="+")


class Loan(models.Model):
    book = models.ForeignKey(Book, models.CASCADE, related_name="loans")
    borrower = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    days = models.IntegerField(null=True)
    open = models.BooleanField(default=True)
    state = models.CharField(max_length=20, db_default="new")


class Cover(models.Model):
    book = models.OneToOneField(Book, models.CASCADE, related_name="cover")
    colour = models.CharField(max_length=20, null=True)  # noqa: DJ001

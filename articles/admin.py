"""Staff keep categories and put articles on legal hold here; a change is told like one over the API."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from . import writing
from .models import Article, Category
from .sanitising import clean_html

if TYPE_CHECKING:  # Django's own classes take no parameters when they run
    CategoryModelAdmin = admin.ModelAdmin[Category]
    ArticleModelAdmin = admin.ModelAdmin[Article]
    ArticleModelForm = ModelForm[Article]
else:
    CategoryModelAdmin = ArticleModelAdmin = admin.ModelAdmin
    ArticleModelForm = ModelForm


@admin.register(Category)
class CategoryAdmin(CategoryModelAdmin):
    list_display = ("name", "slug")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    ordering = ("name",)


class ArticleForm(ArticleModelForm):
    """Keeps the rules of the API: staff's HTML is sanitised too, and a held article can only be released."""

    class Meta:
        model = Article
        fields = ("tenant", "author", "category", "title", "body", "tags", "legal_hold")

    def clean_body(self) -> str:
        return clean_html(self.cleaned_data["body"])

    def clean_tags(self) -> Any:
        """Django's validators leave out what is empty, and `{}` and `null` are empty too."""
        return self.cleaned_data["tags"] or []


@admin.register(Article)
class ArticleAdmin(ArticleModelAdmin):
    form = ArticleForm
    list_display = ("title", "tenant", "author", "status", "legal_hold", "created_at")
    list_filter = ("status", "legal_hold", "tenant")
    list_select_related = ("tenant", "author")
    search_fields = ("title", "author__email")
    date_hierarchy = "created_at"
    ordering = ("-created_at", "pk")
    raw_id_fields = ("author",)

    def get_readonly_fields(
        self,
        request: HttpRequest,  # noqa: ARG002
        obj: Article | None = None,
    ) -> tuple[str, ...]:
        """Freeze an article on legal hold, but for the hold; tenant and author are for good."""
        fixed = ("status", "version", "created_at", "updated_at", "published_at")
        if obj is None:
            return fixed
        held = ("category", "title", "body", "tags") if obj.legal_hold else ()
        return (*fixed, "tenant", "author", *held)

    def has_delete_permission(self, request: HttpRequest, obj: Article | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and obj.legal_hold)

    def save_model(self, request: HttpRequest, obj: Article, form: Any, change: bool) -> None:  # noqa: ARG002
        """Save with the signal that an API call sends."""
        if not change:
            writing.create(obj, request=request, user=request.user)
            return
        before = writing.snapshot(Article.objects.get(pk=obj.pk))
        writing.update(obj, before, request=request, user=request.user)

    def delete_model(self, request: HttpRequest, obj: Article) -> None:
        writing.delete(obj, request=request, user=request.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        """Delete one by one, each with its signal."""
        for article in queryset:
            writing.delete(article, request=request, user=request.user)

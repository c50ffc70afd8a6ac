"""The routes of this app: `path("api/v1/", include("articles.urls"))`."""

from django.urls import path

from .views import ArticleViewSet, CategoryList, ExportNegotiation, LinkPreview

app_name = "bulwark_articles"

urlpatterns = [
    path("articles/", ArticleViewSet.as_view({"get": "list", "post": "create"}), name="articles"),
    path(
        "articles/export",
        ArticleViewSet.as_view({"get": "export"}, content_negotiation_class=ExportNegotiation),
        name="export",
    ),
    path(
        "articles/<uuid:pk>/",
        ArticleViewSet.as_view({"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}),
        name="article",
    ),
    path("articles/<uuid:pk>/publish", ArticleViewSet.as_view({"post": "publish"}), name="publish"),
    path("categories/", CategoryList.as_view(), name="categories"),
    path("link-preview/", LinkPreview.as_view(), name="link-preview"),
]

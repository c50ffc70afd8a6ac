from .articles import ArticleViewSet
from .categories import CategoryList
from .previews import LinkPreview

__all__ = ["ArticleViewSet", "CategoryList", "LinkPreview"]

from .articles import ArticleViewSet, ExportNegotiation
from .categories import CategoryList
from .previews import LinkPreview

__all__ = ["ArticleViewSet", "CategoryList", "ExportNegotiation", "LinkPreview"]

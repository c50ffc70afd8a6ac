from .article import Article, Status
from .category import Category

__all__ = ["Article", "Category", "Status"]

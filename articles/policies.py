"""Who may do what with an article: the whole of it stands here."""

from authz.policies import Fields, Policy, allow, forbid, me, this

from .models import Article, Status

_PUBLIC = "id title body category tags status author created_at updated_at published_at"
_WRITABLE = "title body category tags"


class ArticlePolicy(Policy, model=Article, tenant="tenant"):
    """Authors work on their own drafts, editors on everything of the tenant; a legal hold stops both."""

    mine = this.author == me
    draft = this.status == Status.DRAFT

    read = allow("viewer", this.status == Status.PUBLISHED) | allow("author", mine) | allow("editor")
    create = allow("author", mine & draft)
    update = allow("author", mine & draft) | allow("editor")
    publish = allow("author", mine & draft) | allow("editor", draft)
    delete = allow("author", mine & draft) | allow("editor")
    export = allow("author", mine) | allow("editor")
    preview = allow("author")

    hold = forbid("update", "publish", "delete", when=this.legal_hold, why="The article is on legal hold.")

    fields = {
        "viewer": Fields(read=_PUBLIC),
        "author": Fields(read=f"{_PUBLIC} version", write=_WRITABLE, preset={"author": me}),
        "editor": Fields(read=f"{_PUBLIC} version legal_hold", write=_WRITABLE),
        "admin": Fields(read=f"{_PUBLIC} version legal_hold tenant", write=_WRITABLE),
    }

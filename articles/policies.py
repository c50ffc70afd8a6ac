"""Who may do what with an article: the whole of it stands here."""

from authz.policies import Fields, Policy, allow, forbid, me, this

from .models import Article, Status


class ArticlePolicy(Policy, model=Article, tenant="tenant"):
    """Authors work on their own drafts, editors on everything of the tenant; a legal hold stops both."""

    mine = this.author == me
    draft = this.status == Status.DRAFT

    read = allow("viewer", this.status == Status.PUBLISHED) | allow("author", mine) | allow("editor")
    create = allow("author", mine & draft)
    update = allow("author", mine & draft) | allow("editor")
    publish = allow("author", mine) | allow("editor")
    delete = allow("author", mine & draft) | allow("editor")
    export = allow("author", mine) | allow("editor")
    preview = allow("author")

    hold = forbid("update", "publish", "delete", when=this.legal_hold, why="The article is on legal hold.")

    # A role has what the roles that it includes have, too.
    fields = {
        "viewer": Fields(read="id title body category tags status author created_at updated_at published_at"),
        "author": Fields(read="version", write="title body category tags", preset={"author": me}),
        "editor": Fields(read="legal_hold"),
        "admin": Fields(read="tenant"),
    }

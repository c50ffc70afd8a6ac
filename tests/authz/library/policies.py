"""Who may do what with a book: authors with their own drafts, editors with all but what is on hold."""

from authz.policies import Fields, Policy, allow, env, forbid, granted, me, this

from .models import Book, Shelf


class BookPolicy(Policy, model=Book, tenant="tenant"):
    mine = this.owner == me

    read = (
        allow("viewer", this.status == "published") | allow("author", mine) | allow("editor") | allow("viewer", granted)
    )
    create = allow("author", mine)
    update = allow("editor") | allow("author", mine & (this.status == "draft"))
    delete = allow("editor") | allow("author", mine & (this.status == "draft"))
    publish = allow("editor", env.ip.within("127.0.0.0/8"))
    export = allow("editor", this.pages > 1)
    hold = forbid("update", "delete", when=this.on_hold, why="on hold")

    groups = {"listed": "id title"}
    fields = {
        "viewer": Fields(read="*listed status"),
        "author": Fields(read="*listed status note", write="title status", preset={"owner": me}),
        "editor": Fields(
            read="*listed status note pages on_hold tenant", write="title note", create="title note pages"
        ),
    }


class ShelfPolicy(Policy, model=Shelf):
    read = allow("authenticated")
    update = allow("viewer", this.keeper == me)
    create = allow("viewer", this.keeper == me)

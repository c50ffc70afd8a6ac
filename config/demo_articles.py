"""What there is to read in the demo."""

from typing import TypedDict

CATEGORIES = {"engineering": "Engineering", "people": "People", "security": "Security"}


class DemoArticle(TypedDict):
    author: str
    category: str
    title: str
    body: str
    tags: list[str]
    status: str
    legal_hold: bool


def _article(
    author: str, category: str, title: str, *paragraphs: str, tags: str = "", published: bool = True, held: bool = False
) -> DemoArticle:
    return {
        "author": author,
        "category": category,
        "title": title,
        "body": "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs),
        "tags": tags.split(),
        "status": "published" if published else "draft",
        "legal_hold": held,
    }


#: By a name that stays, since the articles' keys are made of it.
ARTICLES = {
    "alice-draft": _article(
        "alice",
        "people",
        "Where we want to be next spring",
        "A draft: only its author and the editors of Acme can read it. Everybody else is told that it does not exist.",
        "Sixteen people, two offices, and <strong>one</strong> on-call rota that lets everybody sleep.",
        tags="plans",
        published=False,
    ),
    "incident-review": _article(
        "alice",
        "security",
        "What the March incident taught us",
        "A laptop was stolen on a train, with a browser that was signed in. The session was ended in four minutes.",
        "<em>What went well:</em> ending a session counts on the very next request. "
        "<em>What did not:</em> it took three of the four minutes to find the button.",
        tags="incident sessions",
    ),
    "held": _article(
        "alice",
        "security",
        "Retention of customer mail, 2024 and 2025",
        "This article is on legal hold: nobody can change or delete it, not its author and not the administrator.",
        "Mail of the two years is kept until the case is closed; the list of mailboxes is with the legal team.",
        tags="legal retention",
        held=True,
    ),
    "cursor-pages": _article(
        "bob",
        "engineering",
        "Why our lists have no page numbers",
        "Page 400 of a list costs four hundred pages. A cursor names the last row that was seen, and costs one.",
        "It also stays right while rows come and go: nothing is shown twice, and nothing is skipped.",
        tags="databases api",
    ),
    "bob-draft": _article(
        "bob",
        "engineering",
        "Notes on moving the queue",
        "A draft of bob's. Alice shares his tenant and still cannot see it; edith, the editor, can.",
        tags="queue",
        published=False,
    ),
    "globex-welcome": _article(
        "charlie",
        "people",
        "Welcome to Globex",
        "Another tenant's article. For everybody at Acme it does not exist, whatever its status and whoever asks.",
        tags="welcome",
    ),
}

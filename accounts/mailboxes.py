"""How many mails strangers can have sent to one mailbox, whichever routes they ask and wherever they ask from.

Note [mailboxes]. Mails that anybody can ask for (registering, another link, another address, a new password) are
counted together for each mailbox, what follows a `+` in its name left out. Over `MAILS_PER_HOUR` or `MAILS_PER_DAY` no
mail is sent. Whoever asked learns nothing of it: the count is made by the background job, so the answer and its time
are what they always are, and `mail_withheld` is sent.

Such a count could be used up to keep an owner out, so one mail is never withheld for long: the link to a new password
of an account whose address is verified. Whatever was asked for before, one goes out in each `RESET_TIMEOUT`. So an
owner always has a link in the mailbox that works still, or gets one by asking. Notices of what has happened to an
account, and mails that staff send, are not counted: nobody else can ask for them.
"""

from datetime import timedelta

from edge.conf import conf as edge_conf
from edge.ratelimit import Limit, limiter

from . import people
from .conf import conf
from .guessing.counts import account_tag, count_of


def has_room(to: str, *, is_way_back: bool = False) -> bool:
    """Count a mail that anybody can ask for, and say whether its mailbox has room for it.

    While the shared store is lost each process counts for itself: a mail too many does less harm than none at all.

    :param to: the address.
    :param is_way_back: it is its owner's way back into an account (Note [mailboxes]).
    """
    if not edge_conf.ratelimit_enabled:
        return True
    name, _, domain = people.normalized(to).rpartition("@")
    tag = account_tag(f"{name.partition('+')[0]}@{domain}")
    sizes = {timedelta(hours=1): conf.mails_per_hour, timedelta(days=1): conf.mails_per_day}
    if _spent(*(_limit(tag, "asked", size, window) for window, size in sizes.items())):
        return True
    return is_way_back and _spent(_limit(account_tag(people.normalized(to)), "way-back", 1, conf.reset_timeout))


def _spent(*limits: Limit) -> bool:
    return limiter().spend(limits).allowed


def _limit(tag: str, scope: str, size: int, window: timedelta) -> Limit:
    return count_of(tag, f"mail-{scope}", size, window)

"""Why staff, a command or a response does something to an account, in words that will be read in the log."""

#: Characters of a reason.
MAX_REASON = 200


def checked_reason(reason: str) -> str:
    """Return a reason without the spaces around it.

    :raises ValueError: it is empty or too long.
    """
    reason = reason.strip()
    if not 0 < len(reason) <= MAX_REASON:
        msg = f"Give a reason of at most {MAX_REASON} characters."
        raise ValueError(msg)
    return reason

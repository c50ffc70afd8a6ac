"""Finds attacks in the log, off the request path.

Note [windows]. The log itself is the state: what happened within a window is read from it by an index, so a detector
that was away, or is run twice, finds the same. A batch of new events costs each rule that it concerns one query for
the batch and one for the window, however many sources there are; windows slide with every event.
"""

"""A proof that is not accepted, as a problem."""

from edge.problems import Problem

from .errors import MESSAGES, ProofRefused


class DPoPProblem(Problem):
    """The answer of a route of the API to a proof that it refuses.

    It is not in the package's face: authentication imports that, and REST framework imports authentication before
    problems can be made.
    """

    status_code = 401

    def __init__(self, refused: ProofRefused) -> None:
        super().__init__(MESSAGES[refused.refusal], refused.refusal, headers=refused.headers)

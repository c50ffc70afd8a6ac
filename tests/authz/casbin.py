"""Reads models and policies of Casbin, as far as they are equality, roles, domains, denials and networks."""

from dataclasses import dataclass
from typing import Any

from authz.engine import Action
from authz.environment import FixedEnvironment
from authz.language.terms import Condition, env, this
from authz.policies import Allow, Forbid, allow, forbid
from authz.principals import Principal
from authz.testing import action_with
from tests.authz.library.models import Book

ALLOW, DENIES_WIN, ALL_BUT_DENIED = (
    "some(where (p_eft == allow))",
    "some(where (p_eft == allow)) && !some(where (p_eft == deny))",
    "!some(where (p_eft == deny))",
)
# What is left out, by a word in the model, and why.
LEFT_OUT = {
    "riority(p_eft)": "rules that count by their order: here a forbid wins, wherever it stands",
    "Match": "patterns of paths and names: columns are compared",
    "eval(": "rules that are evaluated as code",
    "(_, _)": "roles under conditions that are functions of the test",
}


def left_out(vector: dict[str, Any]) -> str:
    """Return why a case is not translated, or ""."""
    text = str(vector["model"]).replace("ipMatch", "")
    if any("*" in line for line in vector["policy"].get("g", [])):
        return LEFT_OUT["Match"]
    return next((reason for word, reason in LEFT_OUT.items() if word in text), "")


@dataclass
class Case:
    """One case: a subject is a role, an object a title, a domain a note, an action an action."""

    model: dict[str, Any]
    policy: dict[str, list[list[str]]]
    request: list[str]

    @property
    def asked(self) -> dict[str, str]:
        return dict(zip(self._names("r"), self.request, strict=True))

    @property
    def row(self) -> Book:
        return Book(title=self.asked.get("obj", ""), note=self.asked.get("dom"))

    def action(self) -> Action:
        allows, forbids = Allow(()), list[Forbid]()
        for line in self.policy.get("p", []):
            rule = dict(zip(self._names("p"), line, strict=False))
            if rule.get("act") != self.asked["act"]:
                continue
            if rule.get("eft") == "deny":
                forbids.append(forbid("read", role=self._role(rule), when=self._when(rule)))
            else:
                allows |= allow(self._role(rule), self._when(rule))
        if self.model["e"]["e"] == ALL_BUT_DENIED:
            allows |= allow("anyone")
        return action_with(Book, allows | self._outside(), *forbids)

    def principal(self) -> Principal:
        subject = self.asked.get("sub", "")
        network = "ipMatch" in self.model["m"]["m"]
        roles = {subject, "anyone"} | self._closure("g", subject)
        return Principal(None, roles=frozenset(roles), env=FixedEnvironment(ip=subject if network else ""))

    def _names(self, part: str) -> list[str]:
        return [name.strip() for name in self.model[part][part].split(",")]

    def _outside(self) -> Allow:
        """Translate what two matchers add to their rules."""
        matcher = self.model["m"]["m"]
        if 'r_sub == "root"' in matcher:
            return allow("root")
        if "r_obj in" in matcher:
            return allow("anyone", this.title.in_(["data2", "data3"]))
        return Allow(())

    def _role(self, rule: dict[str, str]) -> str:
        return "anyone" if "sub" not in rule or "ipMatch" in self.model["m"]["m"] else rule["sub"]

    def _when(self, rule: dict[str, str]) -> Condition | bool:
        when: Condition | bool = True
        if "obj" in rule:
            members = {line[0] for line in self.policy.get("g2", []) if rule["obj"] in self._closure("g2", line[0])}
            when = this.title.in_(sorted(members | {rule["obj"]}))
        if "dom" in rule:
            when = (this.note == rule["dom"]) & when if isinstance(when, Condition) else this.note == rule["dom"]
        if "ipMatch" in self.model["m"]["m"] and isinstance(when, Condition):
            when &= env.ip.within(rule["sub"])
        return when

    def _closure(self, graph: str, start: str) -> set[str]:
        edges = [line for line in self.policy.get(graph, []) if len(line) == 2 or line[2] == self.asked.get("dom")]
        found = {start}
        while more := {line[1] for line in edges if line[0] in found} - found:
            found |= more
        return found - {start}

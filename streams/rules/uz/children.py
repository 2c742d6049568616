"""What children are due: child benefit, infant care, and a guardian. Pure.

PF-6277 (2021) and PF-258 (26 Dec 2025): child benefit; PF-258: infant care. Family Code, Law on
Guardianship and Trusteeship: a minor without parents needs a guardian.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from streams.rules.calendar import birthday
from streams.rules.pack import Case, Judgement, Member
from streams.rules.reason import MET, MISSED, Condition, both, either, test
from streams.rules.uz.common import deaths, grown_up, living, minor, not_in_institution
from streams.rules.uz.family import means
from streams.stated import is_in_force


def child_benefit(case: Case) -> Iterator[Judgement]:
    """Judge each child of a poor family, or of one at risk; the oldest is the first."""
    children = sorted((one for one in case.members if one.is_minor), key=_seniority)
    for member in case.members:
        yield from grown_up(case, member, "child_benefit")
    if not children:
        return
    amounts = case.parameter("child_benefit")
    months = case.value("review_months")["child_benefit"]
    entitled, percent = _entitled(case)
    share = (test("share_of_amount", holds=True, value=percent, unit="percent"),)
    for order, child in enumerate(children, start=1):
        reason = both(
            "child_benefit",
            entitled,
            minor(case, child),
            test("order_of_child", holds=True, value=order),
            test("amount_in_force", holds=True if amounts else None),
            *(share if percent is not None else ()),
        )
        amount = None
        if amounts and reason.result == MET:
            amount = child_amount(amounts.values, order, _is_young(case, child))
            amount = amount * (100 if percent is None else percent) // 100
        yield Judgement(
            "child_benefit",
            child.person.id,
            reason,
            amounts.valid_from.isoformat() if amounts else "",
            amount,
            review_months=months,
        )


def child_amount(amounts: Mapping[str, int], order: int, is_young: bool) -> int:
    """Return a month's amount; only the first child has one by age (PF-6277)."""
    if order == 1:
        return amounts["first_young" if is_young else "first"]
    return amounts["second" if order == 2 else "further"]


def infant_care(case: Case) -> Iterator[Judgement]:
    """Judge each child; only infants are due it."""
    children = [member for member in case.members if member.is_minor]
    if not children:
        return
    amount = case.parameter("infant_care")
    limit: int = case.value("infant_age")
    for child in children:
        birth = child.person.birth
        assert birth is not None
        assert child.age is not None
        infant = test(
            "infant",
            holds=child.age < limit,
            value=child.age,
            threshold=limit,
            unit="years",
            events=(birth.event,),
            volatile=True,
        )
        if infant.result != MET:
            yield Judgement("infant_care", child.person.id, both("infant_care", infant))
            continue
        known = test("amount_in_force", holds=True if amount else None)
        reason = both("infant_care", infant, not_in_institution(case), known)
        yield Judgement(
            "infant_care",
            child.person.id,
            reason,
            amount.valid_from.isoformat() if amount else "",
            amount.values if amount and reason.result == MET else None,
            since=birth.on,
        )


def guardianship_check(case: Case) -> Iterator[Judgement]:
    """Judge each minor: is there nobody who cares by law?"""
    for member in case.members:
        if not member.is_minor:
            yield from grown_up(case, member, "guardianship_check")
            continue
        parts = [_no_parent(case, member)]
        if parts[0].result != MISSED:  # else there is a parent, and no more to ask
            parts += minor(case, member), not_in_institution(case), _no_guardian(case, member)
        yield Judgement("guardianship_check", member.person.id, both("guardianship_check", *parts))


def children_days(case: Case) -> Iterator[date]:
    """Return the days on which an age of a child changes an answer."""
    for member in case.members:
        birth = member.person.birth
        if birth is None:
            continue
        for name in ("child_benefit_young_age", "infant_age", "age_of_majority"):
            for dated in case.parameters[name]:
                if member.age is not None and member.age < dated.values:
                    yield birthday(birth.on, dated.values)


def _entitled(case: Case) -> tuple[Condition, int | None]:
    """Return whether the family is, and the share if it is only at risk."""
    poor, at_risk, income, minimum, _ = means(case)
    shares = case.parameter("child_benefit_at_risk")
    if shares is None or minimum is None:
        return poor, None
    percent = None
    if at_risk.result == MET:
        is_near = income.is_below(minimum, shares.values["near_below"])
        percent = shares.values["share_near" if is_near else "share_beyond"]
    return either("family_entitled", poor, at_risk), percent


def _no_guardian(case: Case, member: Member) -> Condition:
    ties = [tie for tie in member.person.guardians if is_in_force(tie, case.on)]
    left = [tie for tie in ties if living(case, tie.other)]
    return test(
        "no_living_guardian",
        holds=not left,
        value=len(left),
        events=(
            *(tie.event for tie in ties),
            *deaths(case, [tie.other for tie in ties if tie not in left]),
        ),
    )


def _no_parent(case: Case, member: Member) -> Condition:
    birth = member.person.birth
    if birth is None or not birth.is_record:
        return test("no_living_parent", holds=None)
    parents = [parent for parent in (birth.mother, birth.father) if parent is not None]
    left = [parent for parent in parents if living(case, parent)]
    return test(
        "no_living_parent",
        holds=not left,
        value=len(left),
        events=(birth.event, *deaths(case, parents)),
    )


def _is_young(case: Case, child: Member) -> bool:
    limit: int = case.value("child_benefit_young_age")
    return child.age is not None and child.age < limit


def _seniority(child: Member) -> tuple[date, bytes]:
    assert child.person.birth is not None
    return child.person.birth.on, child.person.id  # twins by id, so that the order is one

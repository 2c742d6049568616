"""The health authority's book: versions of FHIR resources, with planned trouble. Pure."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from ops.simulator.chance import Chance
from ops.simulator.faults import HEALTH_FAULTS, Fault
from ops.simulator.names import resembling
from ops.simulator.people import Person
from ops.simulator.rates import TROUBLE

PINFL_SYSTEM = "https://dhp.uz/fhir/core/sid/pid/uz/ni"
UNTIL = "https://hub.example/until"
DUE = "https://hub.example/due"
FOLLOW_UP = "https://hub.example/follow-up"

Resource = dict[str, Any]


@dataclass(slots=True)
class Version:
    """One version of a resource; ``body`` is None when this version is its deletion."""

    on: date
    type: str
    id: str
    number: int
    body: Resource | None
    fault: Fault | None = None
    updated_at: str = ""  # an instant, given when all versions are in order

    @property
    def key(self) -> str:
        return f"{self.type}/{self.id}/{self.number}"


@dataclass(slots=True)
class HealthBook:
    """Collects versions. The versions of one resource are in order of their day."""

    seed: int | str
    start: date  # end of the backlog
    until: date
    _count: int = 0  # of resources; their ids follow from it
    versions: list[Version] = field(default_factory=list)
    patients: dict[Person, str] = field(default_factory=dict)
    chance: Chance = field(init=False)
    _latest: dict[str, Version] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = Chance(self.seed, "health")

    def patient(self, person: Person, on: date) -> None:
        """Open a file for ``person``, perhaps with trouble."""
        chance = self.chance
        known = patient_resource(person)
        unknown = {key: value for key, value in known.items() if key != "identifier"}
        if chance.happens(TROUBLE["health_without_pinfl"]):
            record = self.create(on, self._misspelt(unknown))
        elif chance.happens(TROUBLE["health_pinfl_learned_later"]):
            record = self.create(on, unknown)
            self.revise(record, self._later(on), known)
        else:
            record = self.create(on, known)
        self.patients[person] = record
        if chance.happens(TROUBLE["health_merged"]):
            old = self.create(on, unknown)
            self.merge(old, record, self._later(on))
            self.patients[person] = chance.pick((old, record))  # doctors go on using either
        self._spoil_some(on, known)
        if chance.happens(TROUBLE["health_not_ours"]):
            body = {"resourceType": "Immunization", "patient": {"reference": record}}
            self.create(on, body | {"status": "completed"})

    def record(self, person: Person, on: date, body: Resource) -> None:
        """State something about a patient, perhaps with trouble."""
        chance = self.chance
        subject = self.subject(person, chance.happens(TROUBLE["health_subject_with_identifier"]))
        body = body | {"subject": subject}
        if chance.happens(TROUBLE["health_entered_in_error"]):
            self.void(self.create(on, body), self._later(on))
        if chance.happens(TROUBLE["health_deleted"]):
            self.delete(self.create(on, body), self._later(on))
        record = self.create(on, body)
        if chance.happens(TROUBLE["health_corrected"]):
            self.revise(record, self._later(on), body)
        self._spoil_some(on, body)

    def subject(self, person: Person, with_identifier: bool) -> Resource:
        """Return a reference to the person's file, with or without the national number."""
        subject: Resource = {"reference": self.patients[person]}
        if with_identifier and person.has_pinfl:
            subject["identifier"] = {"system": PINFL_SYSTEM, "value": person.pinfl}
        return subject

    def create(
        self, on: date, body: Resource, fault: Fault | None = None, id_: str | None = None
    ) -> str:
        """Write version 1 of a new resource and return ``Type/id``."""
        self._count += 1
        id_ = id_ or f"{self._count * 2654435761 % 2**32:08x}"  # scattered, never twice
        return self._write(Version(on, body["resourceType"], id_, 1, body, fault))

    def revise(self, record: str, on: date, body: Resource) -> None:
        before = self._latest[record]
        on = max(on, before.on)
        self._write(Version(on, before.type, before.id, before.number + 1, body))

    def delete(self, record: str, on: date) -> None:
        before = self._latest[record]
        on = max(on, before.on)
        self._write(Version(on, before.type, before.id, before.number + 1, None))

    def void(self, record: str, on: date) -> None:
        """Mark the resource as entered in error."""
        body = self._latest[record].body
        assert body is not None
        wrong: Resource = {"status": "entered-in-error"}
        if body["resourceType"] == "Condition":
            wrong = {"verificationStatus": {"coding": [{"code": "entered-in-error"}]}}
        self.revise(record, on, body | wrong)

    def merge(self, patient: str, into: str, on: date) -> None:
        """Mark ``patient`` as replaced by ``into``."""
        body = self._latest[patient].body
        assert body is not None
        link = [{"type": "replaced-by", "other": {"reference": into}}]
        self.revise(patient, on, body | {"link": link})

    def ordered(self) -> list[Version]:
        """Return all versions in order of writing; several share one instant."""
        return list(timed(sorted(self.versions, key=lambda v: v.on), self.chance))

    def _write(self, version: Version) -> str:
        record = f"{version.type}/{version.id}"
        self.versions.append(version)
        self._latest[record] = version
        return record

    def _spoil_some(self, on: date, body: Resource) -> None:
        """Create a broken sibling of ``body`` now and then."""
        if not self.chance.happens(TROUBLE["health_broken_extra"]):
            return
        faults = [f for f in HEALTH_FAULTS[body["resourceType"]] if applies(f, body)]
        fault = self.chance.pick(faults)
        broken = copy.deepcopy(body)
        put(broken, fault)
        self.create(on, broken, fault)

    def _misspelt(self, patient: Resource) -> Resource:
        """Return a patient whose name another doctor wrote by ear, or the same."""
        if not self.chance.happens(TROUBLE["health_name_resembles"]):
            return patient
        name = patient["name"][0]
        given = name["given"][:1] if self.chance.happens(0.4) else name["given"]
        family = resembling(name["family"], self.chance.whole(0, 2))
        return patient | {"name": [{"family": family, "given": given}]}

    def _later(self, on: date) -> date:
        return min(on + timedelta(days=self.chance.whole(1, 60)), self.until)


def timed(versions: Iterable[Version], chance: Chance) -> Iterator[Version]:
    """Give each version, in order of its day, the instant of writing."""
    day, place, left = date.min, 0, 0
    for version in versions:
        if version.on != day:
            day, place, left = version.on, 0, 0
        if left == 0:
            place, left = place + 1, chance.pick((1, 1, 2, 3, 5, 8))
        left -= 1
        millisecond = place * 137 % 1000
        second = 6 * 3600 + place
        clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        version.updated_at = f"{day}T{clock}.{millisecond:03d}Z"
        yield version


def applies(fault: Fault, body: Resource) -> bool:
    """Return whether ``body`` has what ``fault`` spoils."""
    place, _ = _place(body, fault.field)
    if place is None:
        return False
    return not fault.field.startswith("extension") or body["extension"][0]["url"] == UNTIL


def put(body: Resource, fault: Fault) -> None:
    """Spoil ``body`` in place; a value of None takes the element away."""
    place, key = _place(body, fault.field)
    spoiled = fault.spoil(str(place[key]))
    if spoiled is None:
        del place[key]
    else:
        place[key] = spoiled


def _place(body: Resource, path: str) -> tuple[Any, Any]:
    """Return the container and key at the end of ``path``; the container is None if absent."""
    place: Any = body
    *steps, last = (int(step) if step.isdigit() else step for step in path.split("."))
    try:
        for step in steps:
            place = place[step]
        place[last]
    except (KeyError, IndexError):
        return None, None
    return place, last


def patient_resource(person: Person) -> Resource:
    """Return the Patient of ``person``, with the national number."""
    given = [person.given_name, person.patronymic] if person.patronymic else [person.given_name]
    resource: Resource = {
        "resourceType": "Patient",
        "name": [{"family": person.surname, "given": given}],
        "birthDate": person.born_on.isoformat(),
    }
    if person.has_pinfl:
        resource["identifier"] = [{"system": PINFL_SYSTEM, "value": person.pinfl}]
    return resource


def observation(code: str, on: date, **elements: Any) -> Resource:
    """Return an Observation without its subject; extensions that are absent are left out."""
    extension = [e for e in elements.pop("extension", []) if e is not None]
    resource: Resource = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"code": code}]},
        "effectiveDateTime": on.isoformat(),
        **elements,
    }
    return resource | ({"extension": extension} if extension else {})


def assessment(code: str, on: date, value: int, until: date | None) -> Resource:
    """Return a disability group or a level of care dependency."""
    end = {"url": UNTIL, "valueDate": until.isoformat()} if until else None
    return observation(code, on, valueInteger=value, extension=[end])


def pregnancy(on: date, due_on: date | None, follow_up: bool) -> Resource:
    """Return a registered pregnancy, without its subject."""
    due = {"url": DUE, "valueDate": due_on.isoformat()} if due_on else None
    return observation(
        "pregnancy", on, extension=[due, {"url": FOLLOW_UP, "valueBoolean": follow_up}]
    )


def condition(on: date, code: str) -> Resource:
    """Return a diagnosis, without its subject."""
    return {
        "resourceType": "Condition",
        "code": {"coding": [{"code": code}]},
        "recordedDate": on.isoformat(),
    }


def referral(on: date, reason: str) -> Resource:
    """Return a referral to psychological support, without its subject."""
    return {
        "resourceType": "ServiceRequest",
        "status": "active",
        "code": {"concept": {"coding": [{"code": "psychological-support"}]}},
        "authoredOn": on.isoformat(),
        "reason": [{"concept": {"text": reason}}],
    }

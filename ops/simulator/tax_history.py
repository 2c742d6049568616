"""What people earn, own and receive, as the tax office learns it. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from ops.simulator.people import ADULT, PENSION_AGE, Job, Person, Population
from ops.simulator.rates import BACKLOG, TROUBLE
from ops.simulator.tax_rows import TaxBook

ACTIVITIES = ("trade", "tailoring", "transport", "repair", "catering")
BENEFITS = ("pension", "child", "disability", "material")
KINDS = ("dwelling", "dwelling", "land", "commercial")
# Soum a month: weight, least, most. Families of all three kinds come out of it.
GROSS = {
    "low": (0.25, 600_000, 1_500_000),
    "middle": (0.40, 1_500_000, 3_500_000),
    "good": (0.27, 3_500_000, 7_000_000),
    "high": (0.08, 7_000_000, 20_000_000),
}
REPORTED_MONTHS = 4
REPORT_DAY = 10  # income of a month arrives by this day of the next


def months_before(until: date, count: int) -> list[date]:
    """Return the first days of the last ``count`` full months before ``until``, oldest first."""
    months: list[date] = []
    month = until.replace(day=1)
    for _ in range(count):
        month = (month - timedelta(days=1)).replace(day=1)
        months.insert(0, month)
    return months


def next_month(month: date) -> date:
    """Return the first day of the month after."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def report_on(month: date, until: date) -> date:
    """Return the day on which the month's income arrives; never after ``until``."""
    return next_month(month).replace(day=min(REPORT_DAY, until.day))


class TaxHistory:
    """States everyone's jobs, property and benefits as of the end of the backlog."""

    def __init__(self, book: TaxBook, population: Population) -> None:
        self.book = book
        self.population = population
        self.now = population.now
        self.chance = book.chance

    def enter(self) -> None:
        """State the past of the whole population, all but the monthly incomes."""
        for person in self.population.people:
            if person.died_on is not None:
                self._work_before_death(person, person.died_on)
                continue
            if person.age(self.now) < ADULT:
                continue
            if person.working(self.now):
                self._work(person)
            if self.chance.happens(BACKLOG["property"]):
                self.property(person, self._recent(3000))
            if self.chance.happens(BACKLOG["benefit"]):
                self.benefit(person, self._recent(120))

    def hire(self, person: Person, started_on: date, on: date) -> None:
        """State a new job; ``on`` is the day of delivery."""
        employers = max(len(self.population.people) // 30, 3)
        band = self.chance.weighted({name: weight for name, (weight, _, _) in GROSS.items()})
        _, least, most = GROSS[band]
        gross = self.chance.whole(least // 1000, most // 1000) * 1000
        job = Job(self.book.employer(self.chance.whole(1, employers)), started_on, gross)
        if any(other.employer == job.employer for other in person.jobs):
            return
        person.jobs.append(job)
        started = started_on.isoformat()
        self.book.state("employment", on, person, employer_stir=job.employer, started_on=started)

    def dismiss(self, person: Person, job: Job, on: date) -> None:
        job.ended_on = on
        ended = on.isoformat()
        self.book.state("employment_end", on, person, employer_stir=job.employer, ended_on=ended)

    def report(self, month: date, on: date) -> None:
        """State every job's income of ``month`` and close the month."""
        self.book.closing[on] = f"{month:%Y-%m}"
        last = next_month(month) - timedelta(days=1)
        for person in self.population.people:
            if person.died_on is not None and person.died_on < month:
                continue
            for job in person.jobs:
                if job.started_on > last or (job.ended_on and job.ended_on < month):
                    continue
                if self.chance.happens(TROUBLE["tax_month_unreported"]):
                    continue
                gross = job.gross * self.chance.whole(95, 105)  # tiyin: a hundredth of a soum
                self.book.state(
                    "income",
                    on,
                    person,
                    employer_stir=job.employer,
                    month=f"{month:%Y-%m}",
                    gross=str(gross),
                )

    def self_employment(self, person: Person, on: date) -> None:
        ended = self.chance.happens(0.1)
        self.book.state(
            "self_employment",
            on,
            person,
            activity=self.chance.pick(ACTIVITIES),
            registered_on=(on - timedelta(days=90)).isoformat(),
            ended_on=on.isoformat() if ended else "",
        )

    def property(self, person: Person, on: date) -> None:
        number = self.chance.whole(1, 9_999_999)
        self.book.state(
            "property",
            on,
            person,
            cadastre=f"{person.district[:4]}:{number:07d}",
            kind=self.chance.pick(KINDS),
            share_percent=self.chance.pick(("100", "100", "50", "25")),
            registered_on=on.isoformat(),
        )

    def benefit(self, person: Person, on: date) -> None:
        self.book.state(
            "benefit",
            on,
            person,
            benefit=self.chance.pick(BENEFITS),
            month=f"{on:%Y-%m}",
            amount=str(self.chance.whole(200, 1200) * 100_000),
        )

    def _work(self, person: Person) -> None:
        if self.chance.happens(BACKLOG["employed"]):
            started_on = self._recent(2500)
            self.hire(person, started_on, started_on)
            if self.chance.happens(BACKLOG["employment_ended"]):
                self.dismiss(person, person.jobs[-1], self.chance.between(started_on, self.now))
        elif self.chance.happens(BACKLOG["self_employed"]):
            self.self_employment(person, self._recent(1500))

    def _work_before_death(self, person: Person, died_on: date) -> None:
        """State the job of somebody who died; some employers never say that it ended."""
        of_age = ADULT <= person.age(died_on) < PENSION_AGE[person.sex]
        if not of_age or not self.chance.happens(BACKLOG["worked_until_death"]):
            return
        started_on = died_on - timedelta(days=self.chance.whole(30, 2500))
        self.hire(person, started_on, started_on)
        if person.jobs and self.chance.happens(0.5):
            self.dismiss(person, person.jobs[-1], died_on)

    def _recent(self, days: int) -> date:
        return self.now - timedelta(days=self.chance.whole(0, days))

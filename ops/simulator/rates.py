"""How often things happen and go wrong: every rate of the simulator, in one table each.

A share is of the records named in the comment. docs/simulator.md shows the same tables;
a test compares them.
"""

from __future__ import annotations

# Trouble: share of records, unless the comment says otherwise.
TROUBLE: dict[str, float] = {
    "civil_corrected_in_place": 0.010,  # stated wrong first, then revision 2
    "civil_replaced": 0.004,  # stated wrong, annulled, stated anew by another record
    "civil_replaced_later": 0.002,  # the same, but the other record comes days after
    "civil_annulled_and_anew": 0.002,  # the same, but nothing says that it replaces
    "civil_registered_twice_one_annulled": 0.003,  # a second record of the act, then void
    "civil_registered_twice": 0.002,  # a second record of the act that stays
    "civil_broken_then_mended": 0.002,  # revision 1 is quarantined, revision 2 is good
    "civil_broken_extra": 0.001,  # a broken record that nobody mends
    "civil_deleted": 0.0005,  # an extra record, deleted while the hub listens
    "civil_number_into_birth": 0.3,  # of numbers given later: the birth record is corrected too
    "tax_corrected": 0.010,  # a later row with change C
    "tax_annulled": 0.004,  # an extra row, taken back by a later row with change A
    "tax_broken_extra": 0.002,  # a row that cannot be read
    "tax_without_pinfl": 0.006,  # self-employed and owners known by STIR only
    "tax_month_unreported": 0.010,  # of months of a job: the employer never reports
    "tax_file_twice": 0.05,  # of files: delivered again under another name
    "health_broken_extra": 0.002,  # a resource that cannot be read
    "health_entered_in_error": 0.004,
    "health_deleted": 0.003,
    "health_corrected": 0.006,
    "health_without_pinfl": 0.05,  # of patients: nobody knows who they are
    "health_name_resembles": 0.6,  # of those: the name is written otherwise than elsewhere
    "health_pinfl_learned_later": 0.01,  # of patients: version 2 has the number
    "health_merged": 0.01,  # of patients: a second file, later replaced by the first
    "health_subject_with_identifier": 0.4,  # of records: they also name the PINFL
    "health_not_ours": 0.01,  # resource types that the hub does not read
    "pinfl_with_spaces": 0.005,  # of PINFLs as written in a source
    "apostrophes_mixed": 1.0,  # of apostrophes: any of the five
    "fhir_too_many_requests": 0.02,  # of requests: 429
    "fhir_unavailable": 0.01,  # of requests: 503
}

# What the live days bring, per thousand people and day. Far more than in real life,
# so that a short run has something of everything.
LIVE_PER_THOUSAND: dict[str, float] = {
    "birth": 0.50,
    "number_given": 0.10,
    "death": 0.20,
    "move": 0.50,
    "marriage": 0.20,
    "divorce": 0.08,
    "name_change": 0.08,
    "guardianship": 0.03,
    "employment": 0.45,
    "employment_end": 0.35,
    "self_employment": 0.08,
    "property": 0.15,
    "benefit": 0.30,
    "disability": 0.25,
    "condition": 0.50,
    "pregnancy": 0.15,
    "care": 0.08,
    "psychology": 0.08,
}

# Families in the population, by weight.
FAMILIES: dict[str, float] = {
    "couple": 0.46,
    "mother_alone": 0.08,
    "young_adult": 0.22,
    "old_couple": 0.10,
    "alone_and_old": 0.07,
    "grandmother_too": 0.05,
    "institution": 0.02,
    "near_pension": 0.02,
}

# Share of people (or of those it can happen to) with a fact in the backlog.
BACKLOG: dict[str, float] = {
    "employed": 0.52,  # of adults of working age
    "self_employed": 0.08,  # of adults of working age
    "property": 0.14,  # of adults
    "benefit": 0.08,  # of adults
    "employment_ended": 0.05,  # of the employed
    "moved": 0.04,  # of people: an earlier, ended residence
    "divorced": 0.05,  # of couples
    "widowed": 0.04,  # of couples
    "worked_until_death": 0.7,  # of those who died of working age
    "orphaned": 0.08,  # of mothers alone: they died
    "orphan_has_guardian": 0.6,  # of their children
    "name_changed": 0.015,  # of adults
    "guardian": 0.02,  # of mothers alone: a child with another guardian
    "married_children_known": 0.6,  # of old people: an adult child with a birth record
    "child_without_pinfl": 0.02,  # of children
    "number_given": 0.4,  # of children without a number: they have got one since
    "patient": 0.85,  # of people
    "disability": 0.035,  # of patients
    "condition": 0.14,  # of patients
    "pregnancy": 0.03,  # of women of 18 to 45
    "care": 0.06,  # of the old
    "psychology": 0.008,  # of patients
}

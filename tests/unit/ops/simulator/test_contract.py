"""Ids and digests against vectors made here from docs/contract.md, with the standard library."""

import hashlib
import hmac
import json

from ops.simulator.contract import (
    Keys,
    Pseudonyms,
    clean_name,
    derived_id,
    digest,
    event_id,
    quarantine_id,
)

KEYS = Keys(person=bytes(range(32)), event=b"\x07" * 32, digest=b"\xff" * 32)


def test_a_person_id_is_the_keyed_hash_of_scheme_and_number() -> None:
    message = b"uz.pinfl\x0030211975910033"
    raw = hmac.new(KEYS.person, message, hashlib.sha256).hexdigest()
    by_hand = f"{raw[:8]}-{raw[8:12]}-8{raw[13:16]}-{'89ab'[int(raw[16], 16) % 4]}{raw[17:20]}-"

    person = Pseudonyms(KEYS).person("3 021197 5910033")

    assert person == by_hand + raw[20:32]


def test_an_event_id_is_the_keyed_hash_of_registry_and_source_key() -> None:
    assert event_id(KEYS, "civil", "birth/bi00000007/2") == derived_id(
        b"\x07" * 32, "civil", "birth/bi00000007/2"
    )
    assert event_id(KEYS, "civil", "birth/bi00000007/2") == "88b4f598-8527-87af-9c21-da568dc58c73"


def test_a_quarantine_id_says_that_it_is_one() -> None:
    whole = b"quarantine\0tax\0income/17/3"
    raw = bytearray(hmac.new(KEYS.event, whole, hashlib.sha256).digest()[:16])
    raw[6], raw[8] = 0x80 | raw[6] & 0x0F, 0x80 | raw[8] & 0x3F

    assert quarantine_id(KEYS, "tax", "income/17/3").replace("-", "") == raw.hex()


def test_the_digest_is_over_canonical_json_without_ascii_escapes() -> None:
    content: dict[str, object] = {
        "district": "1703202",
        "identity": {"surname": "Йўлдошев", "pinfl": "30211975910033", "patronymic": None},
        "born_on": "1997-11-02",
    }
    whole = {"type": "t", "subject": "s", "change": "CREATED", "content": content}
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    by_hand = hmac.new(KEYS.digest, text.encode(), hashlib.sha256).digest()[:16].hex()

    assert digest(KEYS, "t", "s", "CREATED", content) == by_hand


def test_all_five_apostrophes_and_loose_spaces_become_one_name() -> None:
    written = ["Yo'ldosheva", "Yo`ldosheva", "Yo\u2018ldosheva", "Yo\u2019ldosheva"]
    written += ["Yo\u02bcldosheva", " Yo\u02bbldosheva\t"]

    assert {clean_name(name) for name in written} == {"Yo\u02bbldosheva"}
    assert clean_name("Abdulla   qizi") == "Abdulla qizi"

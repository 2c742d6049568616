"""The page of events: one HTML file that needs nothing from outside, and no network. Pure.

Its own style and script are named by hash in a content security policy that allows nothing else.
Without a script everything is there; the script only searches.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, Final

from ops.asyncapi import feeds
from ops.asyncapi.entries import Entry, Field, entries, words
from ops.asyncapi.feeds import FeedMessage
from ops.asyncapi.shapes import shape
from ops.asyncapi.topic_words import HEADERS, TOPIC_WORDS, kept, key_words
from schemas.topics import TOPICS
from streams.feeds.cutting import ENDED_TYPE, WITHHELD_TYPE
from streams.feeds.names import feed_topic, resend_topic

_PARTS: Final = {
    "civil": "The civil registry states",
    "tax": "The tax authority states",
    "health": "The health registry states",
    "hub": "The hub states",
}
_FIELD_HEADS: Final = (
    '<thead><tr><th scope="col">field</th><th scope="col">type</th>'
    '<th scope="col">means</th></tr></thead>'
)
_NARROW: Final = 2  # columns that a phone shows side by side
_CHIPS: Final = ("all", *_PARTS, "sealed", "feed")


def page(version: str) -> str:
    """Return the whole page."""
    style, script = _file("page.css"), _file("page.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    sent = {message.name: message for message in feeds.feed_messages()}
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Events of the registry hub</title>
<style>{style}</style>
</head>
<body>
<div class="bar">
<h1>Events of the registry hub</h1> <span class="version">{escape(version)}</span>
<div class="find" role="search">
<input id="find" type="search" placeholder="Find an event, a field, a word   /"
 aria-label="Find an event, a field, a word">
{_chips()}
<span class="count" id="count" role="status"></span>
</div>
</div>
<div class="frame">
<nav aria-label="Events">{_navigation(sent)}</nav>
<main>
{_reading()}
{_about_feeds(sent)}
{"".join(_part(registry, title, sent) for registry, title in _PARTS.items())}
<p class="none" id="none">Nothing here says that.</p>
</main>
</div>
<script>{script}</script>
</body>
</html>
"""


@cache
def _file(name: str) -> str:
    return (files("ops") / "asyncapi" / name).read_text("utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _chips() -> str:
    return "".join(
        f'<button type="button" data-show="{name}" aria-pressed="{str(name == "all").lower()}">'
        f"{'in feeds' if name == 'feed' else name}</button>"
        for name in _CHIPS
    )


def _navigation(sent: Mapping[str, FeedMessage]) -> str:
    parts = ['<a href="#reading">How to read</a><a href="#topics">Topics</a>']
    parts.append('<a href="#meta">What every event begins with</a><b>A feed says of itself</b>')
    parts += [_link(name) for name in (ENDED_TYPE, WITHHELD_TYPE)]
    for registry in _PARTS:
        parts.append(f"<b>{registry}</b>")
        parts += [_link(each.name) for each in entries() if each.registry == registry]
    return "".join(parts)


def _link(name: str) -> str:
    return f'<a href="#{name}" data-of="{name}">{escape(name.partition(".")[2])}</a>'


def _reading() -> str:
    topics = [
        (feed_topic("<agency>"), feeds.TITLES["feed"], feeds.KEY, "7 days"),
        (resend_topic("<agency>"), feeds.TITLES["feed.resend"], feeds.KEY, "7 days"),
        *((t.name, TOPIC_WORDS[t.name], key_words(t.name), kept(t.config)) for t in TOPICS),
    ]
    said = words()
    return f"""<section data-reading>
<h2 id="reading">How to read</h2>
<p>A record's value is in Confluent wire format: a zero byte, the schema id (4 bytes, big endian),
then Avro. Everything is written in transactions: read with
<code>isolation.level=read_committed</code>. People are pseudonyms; no national number is ever in a
key or a header.</p>
<p>An agency reads its own feed, <code>{escape(feed_topic("<agency>"))}</code>, and nothing else.
There every id is the agency's own, what was sealed is open, fields that its legal basis does not
cover are not there, and records are numbered without a gap. The other topics are for the hub and
for those who check it.</p>
<h2>How an event relates to its record</h2>
{_table(("change", "means"), said["changes"].items())}
<h2>What is sealed</h2>
<p>A sealed block is encrypted under a key of one person and one class. An erased key leaves a mark
that something was there, and nothing more.</p>
{_table(("class", "holds"), said["classes"].items())}
<h2 id="topics">Topics</h2>
{_table(("topic", "holds", "key", "kept"), topics)}
<h2>Headers</h2>
{_table(("header", "of events"), HEADERS.items())}
{_table(("header", "in feeds"), feeds.HEADERS.items())}
<h2 id="meta">What every event begins with</h2>
<p>In the hub's topics: the record <code>meta</code>.</p>
{_table(("field", "means"), said["meta"].items())}
<p>In a feed: the record <code>feed</code>, then the rest.</p>
{_table(("field", "means"), said["feed"].items())}
</section>"""


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    body = "".join(
        f'<tr><th scope="row"><code>{escape(first)}</code></th>'
        + "".join(
            f'<td data-head="{name}">{escape(each)}</td>'
            for name, each in zip(heads[1:], rest, strict=True)
        )
        + "</tr>"
        for first, *rest in rows
    )
    kind = ' class="many"' if len(heads) > _NARROW else ""
    return f"<table{kind}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _about_feeds(sent: Mapping[str, FeedMessage]) -> str:
    return (
        '<section data-part><h2 id="feeds">A feed says of itself</h2>'
        + "".join(_feed_card(sent[name]) for name in (ENDED_TYPE, WITHHELD_TYPE))
        + "</section>"
    )


def _feed_card(message: FeedMessage) -> str:
    said = words()["feed"]
    rows = "".join(
        _row(Field(field["name"], shape(field["type"]).word, False, said[field["name"]]))
        for field in message.schema["fields"]
    )
    return f"""<article id="{message.name}" data-kinds="feed">
<header><h3 class="name"><a href="#{message.name}">{message.name}</a></h3>
<span class="tag">feed</span></header>
<p>{escape(message.about)}</p>
<table class="stack">{_FIELD_HEADS}<tbody>{rows}</tbody></table>
{_example("Example", message.example)}
</article>"""


def _part(registry: str, title: str, sent: Mapping[str, FeedMessage]) -> str:
    cards = [_card(each, sent.get(each.name)) for each in entries() if each.registry == registry]
    return f'<section data-part><h2 id="{registry}">{title}</h2>{"".join(cards)}</section>'


def _card(entry: Entry, message: FeedMessage | None) -> str:
    classes = [field.sealed_class for field in entry.fields if field.sealed_class]
    kinds = [entry.registry, *(["sealed"] if classes else []), *(["feed"] if message else [])]
    tags = f'<span class="tag {entry.registry}">{entry.registry}</span>'
    tags += "".join(f'<span class="tag sealed">sealed: {each}</span>' for each in classes)
    topics = ", ".join(f"<code>{topic}</code>" for topic in entry.topics)
    versions = ", ".join(map(str, entry.versions))
    changes = f"<dt>change</dt><dd>{', '.join(words()['changes'])}</dd>" if entry.has_meta else ""
    rows = "".join(map(_row, entry.fields))
    examples = _example("Example in the topic", entry.example)
    if message is not None:
        examples = _example("Example in a feed", message.example) + examples
    return f"""<article id="{entry.name}" data-kinds="{" ".join(kinds)}">
<header><h3 class="name"><a href="#{entry.name}">{entry.name}</a></h3>{tags}</header>
<p>{escape(entry.about)}</p>
<dl><dt>topic</dt><dd>{topics}</dd>
<dt>key</dt><dd>{escape(key_words(entry.topics[0]))}</dd>
<dt>in feeds</dt><dd>{"yes, where the legal basis covers it" if message else "no"}</dd>
{changes}
<dt>Avro</dt><dd><code>{entry.full_name}</code>, version {versions}</dd></dl>
<table class="stack">{_FIELD_HEADS}<tbody>{rows}</tbody></table>
{examples}
</article>
"""


def _row(field: Field) -> str:
    may = ", may be null" if field.is_optional else ""
    kind = f'<span class="sealed">{field.kind}</span>' if field.sealed_class else field.kind
    holds = "".join(
        f"<li><code>{escape(name)}</code> {escape(said)}</li>" for name, said in field.holds
    )
    holds = f'<ul class="holds">{holds}</ul>' if holds else ""
    return (
        f'<tr><th scope="row"><code>{field.name}</code></th><td class="kind">{kind}{may}</td>'
        f"<td>{escape(field.meaning)}{holds}</td></tr>"
    )


def _example(title: str, value: Mapping[str, Any]) -> str:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return f"<details><summary>{title}</summary><pre>{escape(text, quote=False)}</pre></details>"

"""The catalogues have every message, and the rules of docs/translate.md are kept."""

from __future__ import annotations

import ast

import pytest
from babel.messages.catalog import Catalog

import checks
from local import messages, proof
from local.azurite import ROOT
from local.messages import LANGUAGES
from shared.text import QUANTITIES, SPANS, Lang
from shared.text.sentences import CHECKS, OVERALL, UNREADABLE


@pytest.fixture(scope="module", params=LANGUAGES)
def lang(request: pytest.FixtureRequest) -> Lang:
    return Lang(request.param)


def test_the_catalogue_has_the_messages_of_the_code_and_no_other(lang: Lang) -> None:
    assert not messages.is_old(lang), "run python3 dev.py text"


def test_nothing_is_untranslated_or_fuzzy(lang: Lang) -> None:
    assert proof.untranslated(messages.catalogue(lang)) == []


@pytest.mark.parametrize("rule", proof.RULES, ids=lambda rule: rule.__name__)
def test_every_translation_keeps_the_rule(rule: proof.Rule, lang: Lang) -> None:
    assert list(rule(messages.catalogue(lang))) == []


@pytest.mark.parametrize(
    ("rule", "language", "english", "wrong"),
    [
        (proof.placeholders, "de", "{users} users.", "Benutzer."),
        (proof.placeholders, "de", "{users} users.", "{user} Benutzer."),
        (proof.placeholders, "de", "{users} users.", "{users:dative} Benutzern."),
        (proof.placeholders, "de", "{age_seconds} ago.", "vor {age_seconds:genitive}."),
        (proof.placeholders, "de", "{users} users.", "{users Benutzer."),
        (proof.names, "de", "Microsoft Entra Connect stopped.", "Microsoft Entra Verbinden hielt."),
        (proof.names, "de", "Set allowedToUseSSPR.", "Setzen Sie erlaubtZuNutzenSSPR."),
        (proof.names, "de", "Open TCP 443.", "Öffnen Sie TCP 80."),
        (proof.names, "nb", "The directory.", "Azure AD-katalogen."),
        (proof.terms, "de", "The audit log tells.", "Das Auditprotokoll sagt es."),
        (proof.terms, "zh-Hant", "the on-premises directory.", "本地目錄。"),
        (proof.mistakes, "de", "Choose a password.", "Wählen Sie ein Passwort."),
        (proof.mistakes, "id", "in the cloud.", "di awan."),
        (proof.script, "zh-Hant", "Password.", "密码。"),
        (proof.script, "nb", "Password.", "密碼."),
        (proof.widths, "de", "Rules.", "kennwort" * 6 + "."),
        (proof.endings, "de", "It is so.", "So ist es"),
        (proof.endings, "de", "Label", "Aufschrift "),
        (proof.endings, "de", "{x_ratio}.", "{x_ratio} %."),
    ],
)
def test_the_rule_finds_what_is_wrong(
    rule: proof.Rule, language: str, english: str, wrong: str
) -> None:
    found = Catalog(locale=language.replace("-", "_"))
    found.add(english, wrong)
    assert len(list(rule(found))) == 1


@pytest.mark.parametrize(
    ("rule", "language", "english", "right"),
    [
        (proof.placeholders, "de", "{age_seconds} ago.", "vor {age_seconds:dative}."),
        (proof.names, "de", "Azure AD Sync runs.", "Azure AD Sync läuft."),
        (proof.terms, "de", "On-premises integration", "Lokale Integration"),
        (proof.mistakes, "id", "members.", "karyawan."),
        (proof.widths, "de", "See https://learn.microsoft.com/x.", f"https://{'x' * 50}.example."),
        (proof.endings, "zh-Hant", "It is so.", "如此。"),
    ],
)
def test_the_rule_passes_what_is_right(
    rule: proof.Rule, language: str, english: str, right: str
) -> None:
    found = Catalog(locale=language.replace("-", "_"))
    found.add(english, right)
    assert list(rule(found)) == []


def test_a_message_that_is_only_half_translated_is_found() -> None:
    found = Catalog(locale="de")
    found.add(("{n} user", "{n} users"), ("{n} Benutzer", ""))
    found.add("fuzzy", "unscharf", flags=["fuzzy"])
    found.add("done", "fertig")
    assert proof.untranslated(found) == ["{n} users", "fuzzy"]


def test_every_sentence_of_every_check_is_taken_out_of_the_code() -> None:
    known = {
        text
        for message in messages.template(Lang.DE)
        for text in ([message.id] if isinstance(message.id, str) else message.id)
    }
    outcomes = [o for check in CHECKS.values() for o in check.outcomes.values()]
    for outcome in (*outcomes, *UNREADABLE.values()):
        assert {outcome.sentence, outcome.fix, outcome.one} - {None} <= known
    assert {check.title for check in CHECKS.values()} <= known
    assert set(OVERALL.values()) <= known


def test_translators_are_told_what_every_placeholder_stands_for() -> None:
    for message in messages.template(Lang.DE):
        whole = message.id if isinstance(message.id, str) else message.id[-1]
        if message.id and message.context is None:
            told = " ".join(message.auto_comments)
            assert [n for n in messages.placeholders(whole) if f"{{{n}}}" not in told] == []


def test_every_unit_has_words() -> None:
    measured = {
        node.args[1].value
        for file in ROOT.glob("checks/*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "Metric"
        if isinstance(node.args[1], ast.Constant)
    }
    assert "users" in measured
    units = {threshold.unit for threshold in checks.THRESHOLDS}
    assert measured | units <= {*QUANTITIES, *SPANS, "percent", "ratio", "seconds"}


def _calls(tree: ast.AST) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (getattr(node.func, "attr", None) or getattr(node.func, "id", None))
        in messages.KEYWORDS
    ]


def _put_together(source: str) -> list[int]:
    """Lines where a message is made from pieces, or a piece of something larger."""
    tree = ast.parse(source)
    pieces = (ast.JoinedStr, ast.BinOp, ast.Call, ast.IfExp)
    made = [c for c in _calls(tree) for arg in c.args[:2] if isinstance(arg, pieces)]
    larger = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod))
        if _calls(node)
    ]
    joined = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", None) == "join"
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Constant)
        and any(_calls(arg) or _of_words(arg) for arg in node.args)
    ]
    filled = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        and any(isinstance(part, ast.Constant) and str(part.value).strip() for part in node.values)
        and _of_words(node)
    ]
    return [node.lineno for node in (*made, *larger, *joined, *filled)]


def _of_words(tree: ast.AST) -> bool:
    """Whether something is told, by a method of `words`, in the middle of this."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and getattr(node.func.value, "attr", getattr(node.func.value, "id", None))
        in ("words", "_words")
        for node in ast.walk(tree)
    )


@pytest.mark.parametrize(
    "source",
    [
        'say(f"There are {n} users.")',
        'say("There are " + number)',
        'say("There are %s users." % n)',
        'say("There are {}".format(n))',
        'say("One" if n == 1 else "Many")',
        'f"{say(a)}: {b}"',
        'say("A sentence.") + " " + say("Another.")',
        '" ".join(say(sentence) for sentence in told)',
        '", ".join(words.state(state) for state in State)',
        'f"{what}: {words.duration(seconds)}"',
    ],
)
def test_a_message_made_from_pieces_is_found(source: str) -> None:
    assert _put_together(source)


@pytest.mark.parametrize("pattern", messages.SOURCES)
def test_no_message_is_made_from_pieces(pattern: str) -> None:
    files = list(ROOT.glob(pattern))
    assert files
    for file in files:
        assert _put_together(file.read_text("utf-8")) == [], file.name

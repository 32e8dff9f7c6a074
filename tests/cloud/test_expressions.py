"""The grammar and the evaluation of expressions, against Python's own evaluation of the same expressions."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cloud.embedded import ruby
from harness.cloud.embedded.expressions import ParseFailure, parse

# `A` to `D` are had by VMs, `NONE` by none.
MEANS = {"A": 0.0, "B": 1.0, "C": -2.5, "D_1": 70.0}
NAMES = [*MEANS, "NONE"]
COMPARE = {"==": "==", "=": "==", "!=": "!=", "<>": "!=", ">=": ">=", ">": ">", "<=": "<=", "<": "<"}
JOIN = {"&&": "and", "&": "and", "||": "or", "|": "or"}

blanks = st.sampled_from(["", " ", "  "])
names = st.sampled_from(NAMES).flatmap(lambda name: st.sampled_from([name, name.lower()]))
numbers = st.one_of(st.integers(-99, 99).map(str), st.sampled_from(["1.0", "-2.5", "70.00", "0.01"]))


@st.composite
def comparisons(draw):
    """Text, and the same in Python's words."""
    sides = [draw(st.one_of(names, numbers)) for _ in range(2)]
    operator = draw(st.sampled_from(sorted(COMPARE)))
    gaps = draw(blanks), draw(blanks)
    text = f"{sides[0]}{gaps[0]}{operator}{gaps[1]}{sides[1]}"
    values = [side if re.match(r"-?\d", side) else repr(MEANS.get(side.upper())) for side in sides]
    python = "False" if "None" in values else f"({values[0]} {COMPARE[operator]} {values[1]})"
    return text, python


def _extended(inner):
    group = st.tuples(inner, blanks).map(lambda it: (f"({it[1]}{it[0][0]}{it[1]})", f"({it[0][1]})"))
    negation = st.tuples(inner, blanks).map(lambda it: (f"!{it[1]}{it[0][0]}", f"(not ({it[0][1]}))"))
    left = st.one_of(comparisons(), group)
    # The right side takes all the rest: there is no precedence.
    junction = st.tuples(left, st.sampled_from(sorted(JOIN)), inner, blanks).map(
        lambda it: (f"{it[0][0]}{it[3]}{it[1]}{it[3]}{it[2][0]}", f"({it[0][1]} {JOIN[it[1]]} ({it[2][1]}))")
    )
    return st.one_of(group, negation, junction)


expressions = st.recursive(comparisons(), _extended, max_leaves=8)


@given(expressions)
def test_the_value_is_pythons(both):
    text, python = both
    assert parse(text).evaluate(MEANS.get).value is bool(eval(python, {"__builtins__": {}}))


@given(expressions)
def test_the_text_shows_every_mean_and_is_the_same_expression_again(both):
    text, _ = both
    shown = parse(text).evaluate(MEANS.get).text
    read = re.findall(r"([A-Z]\w*)\[([^]]*)\]", shown)
    assert [name for name, _ in read] == [name.upper() for name in re.findall(r"[A-Za-z]\w*", text)]
    assert all(value == ("--" if MEANS.get(name) is None else ruby.float_text(MEANS[name])) for name, value in read)
    again = parse(re.sub(r"\[[^]]*\]", "", shown)).evaluate(MEANS.get)
    assert again == parse(text).evaluate(MEANS.get)


TOKENS = ["A", "b", "7", "-1.5", "==", "!=", "<", ">=", "&&", "&", "|", "||", "!", "(", ")", "AND", "+"]


def _reduces(tokens):
    """Whether the tokens are an expression: what can be put together is, until one is left or nothing can be."""
    kinds = {"A": "v", "b": "v", "7": "v", "-1.5": "v", "AND": "v", "!": "!", "(": "(", ")": ")", "+": "+"}
    kinds |= dict.fromkeys(COMPARE, "o") | dict.fromkeys(JOIN, "j")
    word = re.sub("vov", "c", "".join(kinds[token] for token in tokens))
    before = None
    while before != word:
        before, word = word, re.sub(r"\(c\)|!c|cjc", "c", word)
    return word == "c"


@given(st.one_of(st.lists(st.sampled_from(TOKENS), max_size=9), expressions.map(lambda both: both[0].split(" "))))
def test_what_parses_is_what_can_be_put_together(tokens):
    if not set(tokens) <= set(TOKENS):
        tokens = ["A", "<", "7"]
    assert _parses(" ".join(tokens)) is _reduces(tokens)


def _parses(text):
    try:
        parse(text)
    except ParseFailure:
        return False
    return True


@given(st.text(alphabet=st.sampled_from("Aa_1.-=!<>&|() \t\n'\"é"), max_size=12))
def test_any_text_parses_or_is_refused_with_a_place(text):
    if not _parses(text):
        with pytest.raises(ParseFailure, match=r"(?s)^Expected .* at line \d+, column \d+ \(byte \d+\)"):
            parse(text)

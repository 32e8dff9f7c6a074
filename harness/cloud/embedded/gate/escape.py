r"""What OneGate does to the body of a PUT before it is a template: it quotes values that have no quotes.

Character by character, as `escape_attr` of the release; what comes of the odd cases is measured in
`onegate-body-forms.json`: `A = IDLE` becomes `A =" IDLE"`, with the blank inside, and `A = "IDLE"` becomes
`A =" "IDLE""`, which is no template.
"""

from __future__ import annotations

_ENDS = frozenset(",\\\n")
_BRACKETS = frozenset("[]")
_CLOSING = frozenset("]\\\n")


def escape(text: str) -> str:
    """The body with quotes around values."""
    written: list[str] = []
    inside = False
    for at, character in enumerate(text):
        before, after = text[at - 1], text[at + 1 : at + 2]
        if character == "=" and not inside and after not in {"[", '"'}:
            written.append('="')
            inside = True
        elif (character in _ENDS and before != '"') or (character in _BRACKETS and before not in {"=", '"'}):
            written.append(f'"{character}')
            inside = inside and character not in _CLOSING
        else:
            written.append(character)
    escaped = "".join(written).replace("\\n", "\n")
    return f'{escaped}"' if inside and escaped[-1] not in {"]", '"'} else escaped

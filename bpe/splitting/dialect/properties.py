r"""Which set does `\p{...}` name? The names that mean the same to tiktoken and to `regex`."""

from contextlib import suppress
from functools import cache

import regex
from bpelab.bpe.splitting.dialect.charsets import EVERYTHING, Chars, CharSet, Not, Property, negate

_CATEGORIES = (
    "C=Other Cc=Control=cntrl Cf=Format Cn=Unassigned Co=Private_Use L=Letter LC=Cased_Letter"
    " Ll=Lowercase_Letter Lm=Modifier_Letter Lo=Other_Letter Lt=Titlecase_Letter Lu=Uppercase_Letter"
    " M=Mark=Combining_Mark Mc=Spacing_Mark Me=Enclosing_Mark Mn=Nonspacing_Mark N=Number"
    " Nd=Decimal_Number=digit Nl=Letter_Number No=Other_Number P=Punctuation=punct"
    " Pc=Connector_Punctuation Pd=Dash_Punctuation Pe=Close_Punctuation Pf=Final_Punctuation"
    " Pi=Initial_Punctuation Po=Other_Punctuation Ps=Open_Punctuation S=Symbol Sc=Currency_Symbol"
    " Sk=Modifier_Symbol Sm=Math_Symbol So=Other_Symbol Z=Separator Zl=Line_Separator"
    " Zp=Paragraph_Separator Zs=Space_Separator"
)
# Properties that have not changed since Unicode 16, except for characters added.
_BINARY = (
    "ASCII_Hex_Digit=ahex Alphabetic=alpha Bidi_Control=bidic Bidi_Mirrored=bidim Case_Ignorable=ci"
    " Cased Changes_When_Casefolded=cwcf Changes_When_Lowercased=cwl Dash"
    " Default_Ignorable_Code_Point=di Deprecated=dep Emoji Emoji_Component=ecomp Emoji_Modifier=emod"
    " Emoji_Modifier_Base=ebase Emoji_Presentation=epres Extender=ext Grapheme_Base=grbase"
    " Grapheme_Extend=grext Grapheme_Link=grlink Hex_Digit=hex Hyphen ID_Continue=idc ID_Start=ids"
    " Ideographic=ideo Join_Control=joinc Logical_Order_Exception=loe Lowercase=lower Math"
    " Noncharacter_Code_Point=nchar Pattern_White_Space=patws Prepended_Concatenation_Mark=pcm"
    " Quotation_Mark=qmark Radical Regional_Indicator=ri Sentence_Terminal=sterm Soft_Dotted=sd"
    " Terminal_Punctuation=term Unified_Ideograph=uideo Uppercase=upper Variation_Selector=vs"
    " White_Space=wspace=space XID_Continue=xidc XID_Start=xids"
)
# tiktoken knows these names, and they match nothing.
_NO_SCRIPTS = ("zzzz", "unknown", "hrkt", "katakanaorhiragana")


def _names(listed: str) -> dict[str, str]:
    return {_plain(name): names.split("=")[0] for names in listed.split() for name in names.split("=")}


def _plain(name: str) -> str:
    """Return a name as it is compared: ASCII letters and digits, without case and a leading "is"."""
    plain = name[2:] if name[:2].lower() == "is" else name
    return "".join(char for char in plain.lower() if char.isascii() and char not in " _-")


_CATEGORY_OF = _names(_CATEGORIES)
_BINARY_OF = _names(_BINARY)


@cache
def property_set(name: str) -> CharSet:
    r"""Return the set that `\p{...}` names; `ValueError` for a name that is unknown here or to tiktoken.

    >>> property_set("Lu"), property_set("script=greek")
    (Property(name='gc=Lu'), Property(name='Script=greek'))
    """
    for sign in ("!=", ":", "="):
        if sign in name:
            kind, value = map(_plain, name.split(sign, 1))
            found = _by_value(kind, value)
            return negate(found) if sign == "!=" else found
    plain = _plain(name)
    if plain in _BINARY_OF and plain not in ("cf", "lc", "sc"):  # which are categories
        return Property(f"{_BINARY_OF[plain]}=Yes")
    return _by_value("gc" if plain in _CATEGORY_OF or plain in _SPECIAL else "sc", plain)


_SPECIAL: dict[str, CharSet] = {
    "any": EVERYTHING,
    "ascii": Chars(((0, 0x7F),)),
    "assigned": Not(Property("gc=Cn")),
}


def _by_value(kind: str, value: str) -> CharSet:
    if kind in ("gc", "generalcategory"):
        if value in _SPECIAL:
            return _SPECIAL[value]
        if value in _CATEGORY_OF:
            return Property(f"gc={_CATEGORY_OF[value]}")
    elif kind in ("sc", "script") and value.isalnum() and value not in _NO_SCRIPTS:
        with suppress(regex.error):
            regex.compile(rf"\p{{Script={value}}}")
            return Property(f"Script={value}")
    raise ValueError(
        "it is not a category, script or yes-or-no property that means the same here and in tiktoken"
    )

"""The look of a Word file: its named styles, which staff go on editing with.

What Word knows by itself keeps the name that Word knows (Title, Heading 1 …), so that
it shows in the reader's own language; the others are ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement

# On every computer with an office program, and with Arabic and Hebrew letters of its own.
FONT = "Arial"
# The languages of the site as Word writes them; a spelling checker needs a country.
LOCALES = {"ar": "ar-SA", "en": "en-GB", "es": "es-ES", "fr": "fr-FR"}

INK, QUIET_INK, LINE, RULE = "16232E", "51606D", "C3CED6", "16232E"
ACCENT, ACCENT_DARK, BLUE, TINT = "0B5C94", "083F66", "009EDB", "EEF3F7"
BAND_SHADE = TINT
# What a cell is shaded with, and its key in the legend; dark text stays readable on each.
SHADES = {"prioritized": "DCEBF8", "deprioritized": "F6E8CF", "completed": "DDEFE3"}

PARAGRAPH, CHARACTER = "paragraph", "character"

# The sheet, A4 lying, and the width between its margins, in points.
WIDTH, HEIGHT, MARGIN, FOOT = 841.9, 595.3, 42.5, 48.0
TEXT_WIDTH = WIDTH - 2 * MARGIN


@dataclass(frozen=True, slots=True)
class Style:
    """A named style. Sizes, distances and indents are points, `line` is in lines.

    None is what the style has from `based_on`. `own` says that Word does not know it.
    `level` is that of a heading in the outline, from 0. `tabs` are where words after a tab
    begin, `end_tab` is where they end.
    """

    name: str
    kind: str = PARAGRAPH
    based_on: str = "Normal"
    follows: str = ""
    own: bool = True
    size: float | None = None
    bold: bool | None = None
    italic: bool | None = None
    underline: bool = False
    colour: str = ""
    shade: str = ""
    before: float | None = None
    after: float | None = None
    line: float | None = None
    indent: float | None = None
    hanging: float = 0
    tabs: tuple[float, ...] = ()
    end_tab: float = 0
    rule_above: str = ""
    keep_next: bool = False
    level: int | None = None

    @property
    def id(self) -> str:
        """The style as paragraphs and runs name it."""
        return style_id(self.name)


def style_id(name: str) -> str:
    """Return the name of a style as the file's own parts refer to it."""
    return name.replace(" ", "")


SHEET: tuple[Style, ...] = (
    Style("Normal", based_on="", own=False, size=9.5, colour=INK, before=3, after=6, line=1.15),
    Style(
        "Title",
        follows="Subtitle",
        own=False,
        size=20,
        bold=True,
        before=0,
        after=3,
        line=1,
        rule_above=BLUE,
    ),
    Style(
        "Subtitle",
        follows="Normal",
        own=False,
        size=11.5,
        colour=QUIET_INK,
        before=0,
        after=6,
        line=1.05,
    ),
    Style(
        "Heading 1",
        follows="Normal",
        own=False,
        size=13,
        bold=True,
        colour=ACCENT_DARK,
        before=16,
        after=4,
        line=1.05,
        keep_next=True,
        level=0,
    ),
    Style(
        "Heading 2",
        follows="Normal",
        own=False,
        size=10.5,
        bold=True,
        colour=ACCENT_DARK,
        before=10,
        after=3,
        keep_next=True,
        level=1,
    ),
    Style(
        "Footer",
        own=False,
        size=7.5,
        colour=QUIET_INK,
        before=0,
        after=0,
        line=1,
        rule_above=LINE,
        end_tab=TEXT_WIDTH,
    ),
    Style("Mark", size=9.5, bold=True, colour="6B4A00", before=0, after=6),
    Style("Fact", before=0, after=1.5, indent=85, hanging=85, tabs=(85,)),
    Style("Legend Title", size=8.5, bold=True, before=8, after=2, keep_next=True),
    Style(
        "Legend", size=8.5, colour=QUIET_INK, before=0, after=3, tabs=(110, 220, 330, 440, 550, 660)
    ),
    Style("Table Text", size=8, before=0, after=2.5, line=1.1),
    Style("Table Heading", based_on="Table Text", bold=True, after=2, line=1.05, keep_next=True),
    Style("Band", based_on="Table Text", size=9, bold=True, colour=ACCENT_DARK, keep_next=True),
    Style("Item Heading", based_on="Table Text", follows="Item Name", keep_next=True),
    Style("Item Name", based_on="Table Text", follows="Table Text"),
    Style("Part", based_on="Table Text", indent=11),
    Style("Told", based_on="Table Text"),
    Style("After Table", size=4, before=0, after=0, line=1),
    Style("Strong", CHARACTER, based_on="", own=False, bold=True),
    Style("Hyperlink", CHARACTER, based_on="", own=False, colour=ACCENT, underline=True),
    Style("Strong Hyperlink", CHARACTER, based_on="Hyperlink", bold=True),
    Style("Status Tag", CHARACTER, based_on="", bold=True),
    Style("Quiet", CHARACTER, based_on="", colour=QUIET_INK),
    Style("Removed", CHARACTER, based_on="", colour=QUIET_INK, italic=True),
    *(
        Style(f"Shade {shade}".title(), CHARACTER, based_on="", shade=colour)
        for shade, colour in SHADES.items()
    ),
)


def make(tag: str, **attributes: Any) -> BaseOxmlElement:
    """Return an element of WordprocessingML with its attributes."""
    element = OxmlElement(f"w:{tag}")
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), str(value))
    return element


def add(parent: BaseOxmlElement, tag: str, **attributes: Any) -> BaseOxmlElement:
    """Add an element of WordprocessingML to another, and return it."""
    child = make(tag, **attributes)
    parent.append(child)
    return child


def write_styles(styles: BaseOxmlElement, language: str, is_rtl: bool) -> None:
    """Put our styles in the place of those of the empty document that python-docx brings.

    What Word knows of styles that are not in use stays, so that they can be chosen.
    """
    for child in list(styles):
        if child.tag != qn("w:latentStyles"):
            styles.remove(child)
    styles.insert(0, _defaults(language, is_rtl))
    for style in SHEET:
        _add_style(styles, style)
    _add_table_styles(styles)


def _defaults(language: str, is_rtl: bool) -> BaseOxmlElement:
    """Return what holds where no style says otherwise: the font and the language."""
    defaults = make("docDefaults")
    words = add(add(defaults, "rPrDefault"), "rPr")
    add(words, "rFonts", ascii=FONT, hAnsi=FONT, eastAsia=FONT, cs=FONT)
    locale = LOCALES.get(language, language)
    # Of a text that runs from right to left the other language is that of the Latin words in it.
    add(
        words,
        "lang",
        val=LOCALES["en"] if is_rtl else locale,
        eastAsia=LOCALES["en"],
        bidi=locale if is_rtl else LOCALES["ar"],
    )
    # No line of a paragraph stands alone on a sheet.
    add(add(add(defaults, "pPrDefault"), "pPr"), "widowControl")
    return defaults


def _add_style(styles: BaseOxmlElement, style: Style) -> None:
    element = add(styles, "style", type=style.kind)
    if style.own:
        element.set(qn("w:customStyle"), "1")
    if style.name == "Normal":
        element.set(qn("w:default"), "1")
    element.set(qn("w:styleId"), style.id)
    # Word writes the names that it knows so in every file, and translates them itself.
    lower = style.name.split()[0] in ("Heading", "Footer") and not style.own
    add(element, "name", val=style.name.lower() if lower else style.name)
    if style.based_on:
        add(element, "basedOn", val=style_id(style.based_on))
    if style.follows:
        add(element, "next", val=style_id(style.follows))
    add(element, "qFormat")
    if style.kind == PARAGRAPH:
        _append_if_any(element, "pPr", _paragraph_properties(style))
    _append_if_any(element, "rPr", _word_properties(style))


def _append_if_any(
    parent: BaseOxmlElement, tag: str, properties: Iterator[BaseOxmlElement]
) -> None:
    found = list(properties)
    if found:
        add(parent, tag).extend(found)


def _paragraph_properties(style: Style) -> Iterator[BaseOxmlElement]:
    """Yield what a style says of paragraphs, in the order that the format asks for."""
    if style.keep_next:
        yield make("keepNext")
    if style.rule_above:
        borders = make("pBdr")
        thick = style.rule_above == BLUE
        add(
            borders,
            "top",
            val="single",
            sz=24 if thick else 4,
            space=9 if thick else 5,
            color=style.rule_above,
        )
        yield borders
    if style.tabs or style.end_tab:
        stops = make("tabs")
        for place in style.tabs:
            add(stops, "tab", val="left", pos=_twips(place))
        if style.end_tab:
            add(stops, "tab", val="right", pos=_twips(style.end_tab))
        yield stops
    spacing: dict[str, Any] = {
        name: _twips(value)
        for name, value in (("before", style.before), ("after", style.after))
        if value is not None
    }
    if style.line is not None:
        spacing |= {"line": round(240 * style.line), "lineRule": "auto"}
    if spacing:
        yield make("spacing", **spacing)
    if style.indent is not None:
        yield make("ind", left=_twips(style.indent), hanging=_twips(style.hanging))
    if style.level is not None:
        yield make("outlineLvl", val=style.level)


def _word_properties(style: Style) -> Iterator[BaseOxmlElement]:
    """Yield what a style says of words; those of right-to-left scripts are told apart."""
    for tag, value in (("b", style.bold), ("i", style.italic)):
        if value is not None:
            for one in (tag, f"{tag}Cs"):
                yield make(one) if value else make(one, val=0)
    if style.colour:
        yield make("color", val=style.colour)
    if style.size is not None:
        for one in ("sz", "szCs"):
            yield make(one, val=round(2 * style.size))
    if style.underline:
        yield make("u", val="single")
    if style.shade:
        yield make("shd", val="clear", color="auto", fill=style.shade)


def _add_table_styles(styles: BaseOxmlElement) -> None:
    """Add Word's own plain table, and ours, with hairlines between rows and a tinted head."""
    words = add(styles, "style", type=CHARACTER, default=1, styleId="DefaultParagraphFont")
    add(words, "name", val="Default Paragraph Font")
    plain = add(styles, "style", type="table", default=1, styleId="TableNormal")
    add(plain, "name", val="Normal Table")
    table = add(plain, "tblPr")
    add(table, "tblInd", w=0, type="dxa")
    ours = add(styles, "style", type="table", customStyle=1, styleId="PaperTable")
    add(ours, "name", val="Paper Table")
    add(ours, "basedOn", val="TableNormal")
    add(ours, "qFormat")
    table = add(ours, "tblPr")
    borders = add(table, "tblBorders")
    for side, width, colour in (
        ("top", 8, RULE),
        ("bottom", 8, RULE),
        ("insideH", 4, LINE),
    ):
        add(borders, side, val="single", sz=width, space=0, color=colour)
    margins = add(table, "tblCellMar")
    for side, points in (("top", 3.5), ("left", 4.5), ("bottom", 1.5), ("right", 4.5)):
        add(margins, side, w=_twips(points), type="dxa")
    head = add(ours, "tblStylePr", type="firstRow")
    cells = add(head, "tcPr")
    add(add(cells, "tcBorders"), "bottom", val="single", sz=8, space=0, color=RULE)
    add(cells, "shd", val="clear", color="auto", fill=TINT)


def _twips(points: float) -> int:
    """Return a distance in twentieths of a point, as the format counts."""
    return round(20 * points)

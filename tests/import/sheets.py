"""The sheets of the folder sheets/: what stands in them, how LibreOffice wrote them, and what an import has to make of them.

    python3 sheets.py

writes them anew with LibreOffice Calc (Debian's libreoffice-calc; made with 7.4.7). The test reads the files that are committed.
"""
import dataclasses
import pathlib
import subprocess
import sys
import tempfile
from xml.sax.saxutils import escape

FOLDER = pathlib.Path(__file__).resolve().parent / "sheets"
ACCOUNT = "6925ebd4-125d-4338-a736-99f4b5bcb3d7"
CONTACT = "3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0"
HEADER = ["Interaction Identity", "Interaction Name", "Account ID", "Contact ID"]
HEADER_LINE = ",".join(HEADER) + "\n"
COMMA, SEMICOLON, TAB = 44, 59, 9
UTF8, WINDOWS_1252, UTF16 = 76, 1, 65535  # LibreOffice's numbers


@dataclasses.dataclass
class Sheet:
    name: str
    rows: list  # of lists of cells; a number is a number cell, text is a text cell
    separator: int = COMMA
    encoding: int = UTF8
    quote_all: bool = False
    flags: tuple = ()      # of the import
    imported: tuple = ()   # (identity, name) of each request that is to be made
    refused: tuple = ()    # what the import has to say instead: parts of its messages


def row(identity, name, account=ACCOUNT, contact=CONTACT):
    return [identity, name, account, contact]


PEOPLE = (("+573001234567", "Claim 1138"), ("+34600111222", "José Ñandú"), ("+4915112345678", "日本 🎈"))
ROWS = [HEADER, *[row(*person) for person in PEOPLE]]

SHEETS = (
    Sheet("comma", ROWS, imported=PEOPLE),
    Sheet("semicolon", ROWS, separator=SEMICOLON, imported=PEOPLE),
    Sheet("tab", ROWS, separator=TAB, imported=PEOPLE),
    Sheet("all-quoted", ROWS, quote_all=True, imported=PEOPLE),
    Sheet("utf-16", ROWS, separator=TAB, encoding=UTF16, imported=PEOPLE),
    Sheet("windows-1252", ROWS[:3], encoding=WINDOWS_1252,
          refused=("row 3: column B 'Interaction Name' is not UTF-8", "--encoding windows-1252")),
    Sheet("windows-1252-named", ROWS[:3], encoding=WINDOWS_1252, flags=("--encoding", "windows-1252"), imported=PEOPLE[:2]),
    Sheet("line-ends", [HEADER, row("+1", "first line\nsecond line"), row("+2", "after it")],
          imported=(("+1", "first line\nsecond line"), ("+2", "after it"))),
    Sheet("quotes", [HEADER, row("+1", 'the "big" one, with a comma'), row("+2", '"'), row("+3", ";,")],
          imported=(("+1", 'the "big" one, with a comma'), ("+2", '"'), ("+3", ";,"))),
    Sheet("blanks", [HEADER, row(" +1 ", "  two before, two after  ")], imported=((" +1 ", "  two before, two after  "),)),
    Sheet("empty-rows", [HEADER, row("+1", "a"), ["", "", "", ""], row("+2", "b"), ["", "", "", ""], ["", "", "", ""], ["", "", "", "", ""]],
          imported=(("+1", "a"), ("+2", "b"))),
    Sheet("phone-as-number", [HEADER, row(573001234567, "a number that fits")], imported=(("573001234567", "a number that fits"),)),
    Sheet("phone-rounded", [HEADER, row("+1", "text"), row(573001234567890123456789, "rounded")],
          refused=("row 3: column A 'Interaction Identity' is a number that the spreadsheet has rounded",)),
    Sheet("title-forms", [["INTERACTION_IDENTITY", "interaction-name", "AccountId", "Contact\u00a0ID"], row("+1", "a")],
          imported=(("+1", "a"),)),
    Sheet("other-titles", [["Teléfono", "Nombre\ndel caso", "Account ID", "Contact ID", "Notas"], row("+1", "a") + ["x"]],
          flags=("--map", "Teléfono=interaction_identity", "--map", "Nombre del caso=interaction_name", "--map", "Notas="),
          imported=(("+1", "a"),)),
    Sheet("unknown-column", [["Interaction Identity", "Interacton Name", "Account ID", "Contact ID"], row("+1", "a")],
          refused=("column B 'Interacton Name' is no field", "did you mean 'interaction_name'?")),
    Sheet("title-row", [["Customers of July", "", "", ""], HEADER, row("+1", "a")],
          refused=("column A 'Customers of July' is no field",)),
    Sheet("wrong-cells", [HEADER, row("+1", "a", account="12"), row("", "b"), row("+3", "c", contact="")],
          refused=("row 2: column C 'Account ID' must be a GUID", "row 3: column A 'Interaction Identity' is required",
                   "row 4: column D 'Contact ID' is required: a GUID")),
    Sheet("more-cells-than-titles", [HEADER, row("+1", "a") + ["left over"]], refused=("row 2: column E has text",)),
)


def flat_ods(sheet: Sheet) -> str:
    """The sheet as a Flat OpenDocument spreadsheet."""
    lines = []
    for cells in sheet.rows:
        lines.append("<table:table-row>")
        for cell in cells:
            if isinstance(cell, int):
                lines.append(f'<table:table-cell office:value-type="float" office:value="{cell}"/>')
            elif cell == "":  # an empty text, as a formula leaves it: the cell counts as used
                lines.append('<table:table-cell table:formula="of:=&quot;&quot;" office:value-type="string" office:string-value=""/>')
            else:
                paragraphs = "".join(f'<text:p>{with_blanks(line)}</text:p>' for line in cell.split("\n"))
                lines.append(f'<table:table-cell office:value-type="string">{paragraphs}</table:table-cell>')
        lines.append("</table:table-row>")
    return ('<?xml version="1.0" encoding="UTF-8"?><office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
            'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:of="urn:oasis:names:tc:opendocument:xmlns:of:1.2" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
            'office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.spreadsheet"><office:body><office:spreadsheet>'
            f'<table:table table:name="Sheet1">{"".join(lines)}</table:table></office:spreadsheet></office:body></office:document>')


def with_blanks(text: str) -> str:
    return escape(text).replace(" ", "<text:s/>")


def write(sheet: Sheet) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, f"{sheet.name}.fods")
        source.write_text(flat_ods(sheet), encoding="utf-8")
        options = f"{sheet.separator},34,{sheet.encoding},1,,0,{str(sheet.quote_all).lower()},true,false"
        subprocess.run(["soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile", "--convert-to",
                        f"csv:Text - txt - csv (StarCalc):{options}", "--outdir", str(FOLDER), str(source)], check=True)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for one in SHEETS:
        if not sys.argv[1:] or one.name in sys.argv[1:]:
            write(one)

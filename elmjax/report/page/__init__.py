"""One HTML file that shows a run: archive, walkers, programs, ancestry, curves, tables.

The page asks nothing of a network or a server. Everything it shows lies in it as data, which its
script reads; no text of a program is ever part of the markup.
"""

from elmjax.report.page.assembly import write_page
from elmjax.report.page.film import film_page
from elmjax.report.page.outline import floor_and_ceilings, outline
from elmjax.report.page.packing import pack, pack_track
from elmjax.report.page.palettes import palettes

__all__ = [
    "film_page",
    "floor_and_ceilings",
    "outline",
    "pack",
    "pack_track",
    "palettes",
    "write_page",
]

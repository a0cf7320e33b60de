"""Pages: what people look up, and what a run has come to.

A page is made by a pure function out of what gearspec knows: the table, the clauses, the
vectors, the scripts. So it cannot be wrong about them, and nothing generated is kept.

- One module a kind of page (`message`, `text`, ...), with one function that yields a `Page`
  for each page of its kind; `site` knows these functions and nothing else of them.
- The words are in ``templates/``: HTML by jinja2 with everything escaped, undefined names
  being errors. `template.render` is the only way to them. What several templates share is a
  macro in ``templates/parts.html``: links to messages, clauses and cases first of all.
- A page of the site begins with ``<h1>``, and has a ``<h2 id="...">`` or ``<h3 id="...">`` for
  each section, each on a line of its own; what lies between may be any HTML. `fragment` makes
  sections of them, so that search and the table of contents find them.
- Every generated page lies in a folder (``messages/``, ``text/``, ``clauses/``, ``cases/``), so
  ``../`` always leads to the top. A clause is at ``clauses/GROUP.html#ID``, a case at
  ``cases/ID.html``. `link` finds what leads nowhere.
- What a run has come to is made of its `Log` (`summary`, and from that `report` and `comment`), and
  programs side by side of their `Standing`s (`board`, and from that `matrix` and `badge`). These
  pages stand alone, with the style of ``templates/base.css`` in them.
- Colours are the variables of the theme, or those of ``static/gearspec.css``.
"""

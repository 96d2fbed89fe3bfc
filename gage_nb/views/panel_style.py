"""The style of panels: one `<style>` for runs and batches, live and saved."""

from __future__ import annotations

from gage_nb.views.terminal_html import ANSI_CSS

__all__ = ["CSS", "NO_MATH"]

# A front end that renders formulas would read the text between two dollars as one.
NO_MATH = "mathjax_ignore tex2jax_ignore"

_UI_FONT = "var(--jp-ui-font-family,system-ui,-apple-system,'Segoe UI',sans-serif)"
_CODE_FONT = "var(--jp-code-font-family,ui-monospace,Menlo,Consolas,monospace)"

# `.gage.gage` takes precedence over JupyterLab's rules for `pre` and `code` in outputs. The tail
# scrolls in a reversed column, which begins at its end without a script.
CSS = f"""<style>
.gage{{font:13px/1.5 {_UI_FONT};color:var(--jp-ui-font-color1,inherit)}}
.gage.panel{{border:1px solid rgba(128,128,128,.35);border-radius:6px;padding:8px 12px;margin:4px 0;
max-width:1000px;box-sizing:border-box}}
.gage .head{{display:flex;flex-wrap:wrap;align-items:baseline;gap:2px 10px}}
.gage .pill{{border:1px solid;border-radius:10px;padding:0 9px;font-weight:600;white-space:nowrap;
color:var(--g8)}}
.gage .completed{{color:var(--g2)}}.gage .error{{color:var(--g1)}}.gage .running{{color:var(--g4)}}
.gage .terminated{{color:var(--g3)}}.gage .damaged{{color:var(--g5)}}
.gage .op{{font-size:14px;overflow-wrap:anywhere}}
.gage.gage .name,.gage.gage .mono{{font-family:{_CODE_FONT};font-size:12px;background:none;
color:inherit;padding:0;overflow-wrap:anywhere}}
.gage .called{{font-style:italic;overflow-wrap:anywhere}}
.gage .quiet{{opacity:.72;overflow-wrap:anywhere}}
.gage .time{{margin-left:auto;opacity:.72;font-variant-numeric:tabular-nums;white-space:nowrap}}
.gage .bar{{display:flex;align-items:center;gap:10px;min-height:18px;
font-variant-numeric:tabular-nums}}
.gage .track{{flex:1;height:6px;border-radius:3px;background:rgba(128,128,128,.22);overflow:hidden}}
.gage .fill{{height:100%;border-radius:3px;background:var(--g4);transition:width .1s}}
.gage .wait{{width:25%;animation:gage-wait 1.6s ease-in-out infinite alternate}}
@keyframes gage-wait{{from{{margin-left:0}}to{{margin-left:75%}}}}
@media(prefers-reduced-motion:reduce){{.gage .wait{{animation:none;margin-left:0}}}}
.gage .scroll{{display:flex;flex-direction:column-reverse;max-height:300px;overflow:auto;
margin:6px 0;background:rgba(128,128,128,.09);border-radius:4px}}
.gage.gage .tail{{flex:none;overflow:visible;font:12px/1.45 {_CODE_FONT};margin:0;
padding:6px 12px;border:0;background:none;
color:var(--jp-content-font-color1,inherit);white-space:pre-wrap;overflow-wrap:anywhere}}
.gage details{{margin:4px 0}}.gage summary{{cursor:pointer}}
.gage .list{{margin:2px 0;padding-left:20px}}
.gage .foot{{display:flex;flex-wrap:wrap;gap:2px 16px;font-size:12px;opacity:.72}}
.gage.gage .widget-html-content{{line-height:1.5;min-width:0}}
.gage .widget-html{{line-height:1.5;height:auto}}
{ANSI_CSS}</style>"""

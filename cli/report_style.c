/* SPDX-License-Identifier: Apache-2.0 */
/* report_style.c - what every page begins and ends with: style for light and dark, and the script that sorts tables. Nothing is fetched. */
#include "report_html.h"
#include <stdio.h>

static const char style[] =
	":root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--soft:#5b6570;--line:#d9dee3;--head:#f3f5f7;--link:#0072B2;--bad:#b3261e;--good:#00704f}\n"
	"@media(prefers-color-scheme:dark){:root{--bg:#15181c;--fg:#e4e7ea;--soft:#9aa4ae;--line:#343a41;--head:#1f242a;--link:#56B4E9;--bad:#ff8a80;--good:#4cc9a0}"
	"figure img{filter:invert(.92) hue-rotate(180deg)}}\n"
	"body{margin:0 auto;max-width:1180px;padding:1.5rem;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}\n"
	"h1{font-size:1.6rem;margin:.2rem 0}h2{font-size:1.2rem;margin:2.2rem 0 .6rem;border-bottom:1px solid var(--line);padding-bottom:.2rem}\n"
	"p.sub{color:var(--soft);margin:.2rem 0 1rem}code,pre,td.n{font-family:ui-monospace,monospace;font-size:.92em}\n"
	"pre{background:var(--head);padding:.8rem;overflow:auto;max-height:28rem;border-radius:6px}\n"
	"div.wide{overflow:auto;max-height:36rem;border:1px solid var(--line);border-radius:6px}table{border-collapse:collapse;width:100%}\n"
	"th,td{padding:.28rem .6rem;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}th{background:var(--head);position:sticky;top:0;"
	"font-weight:600;font-size:.9em}td.n{text-align:right;white-space:nowrap}\n"
	"table.sort th{cursor:pointer;user-select:none}table.sort th:hover{color:var(--link)}th[aria-sort=ascending]::after{content:' \\25B2'}"
	"th[aria-sort=descending]::after{content:' \\25BC'}\n"
	"th.n{text-align:right}th small{font-weight:400;color:var(--soft)}.bad{color:var(--bad)}.good{color:var(--good)}\n"
	"figure{margin:1rem 0 1.6rem}figure img{width:100%;height:auto;border-radius:6px}summary{cursor:pointer;color:var(--link)}p code,li code{overflow-wrap:anywhere}\n"
	"li{margin:.25rem 0}@media print{div.wide{max-height:none}}\n";

static const char script[] =
	"document.querySelectorAll('table.sort th').forEach(function(th){th.tabIndex=0;\n"
	"function go(){var t=th.closest('table'),b=t.tBodies[0],i=th.cellIndex,up=th.getAttribute('aria-sort')!=='ascending';\n"
	"t.querySelectorAll('th').forEach(function(x){x.removeAttribute('aria-sort')});th.setAttribute('aria-sort',up?'ascending':'descending');\n"
	"Array.from(b.rows).map(function(r){var c=r.cells[i],v=c.dataset.v;return{r:r,n:v===undefined?NaN:parseFloat(v),s:c.textContent}})\n"
	".sort(function(p,q){if(isNaN(p.n)!==isNaN(q.n))return isNaN(p.n)?1:-1;\n"
	"var d=isNaN(p.n)?p.s.localeCompare(q.s):p.n-q.n;return up?d:-d}).forEach(function(x){b.appendChild(x.r)})}\n"
	"th.addEventListener('click',go);th.addEventListener('keydown',function(e){if(e.key==='Enter')go()})});\n";

void html_text(FILE *o, const char *s)
{
	for (; *s; s++)
		switch (*s) {
		case '<': fputs("&lt;", o); break;
		case '>': fputs("&gt;", o); break;
		case '&': fputs("&amp;", o); break;
		case '"': fputs("&quot;", o); break;
		default: fputc(*s, o);
		}
}

void html_head(FILE *o, const char *title)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>", o);
	html_text(o, title);
	fprintf(o, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", style);
}

void html_foot(FILE *o)
{
	fprintf(o, "<script>\n%s</script>\n</body>\n</html>\n", script);
}

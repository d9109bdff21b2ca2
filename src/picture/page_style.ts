/**
 * Style of every page: quiet, with one accent colour, for errors; light, dark, on paper and on a
 * phone.
 */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fff; --panel: #f6f7f8; --line: #dfe2e6; --ink: #1b1e23; --soft: #59616b;
  --error: #b3261e; --error-paper: #fcf1f0; --warning: #7a5200; --changed: #6b3fa0; --healthy: #1b6b41;
  --data: #3a5a8c; --link: #1f4f93; --pick: #fff3c4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14161a; --panel: #1b1e23; --line: #31363d; --ink: #e6e8eb; --soft: #a3abb5;
    --error: #ff8f85; --error-paper: #2a1a1a; --warning: #e2b75c; --changed: #c9a7f0; --healthy: #7ccb9f;
    --data: #93b4e6; --link: #9dc0f5; --pick: #443a12;
  }
}
*, ::before, ::after { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1.5rem; -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
.top, main { max-width: 76rem; margin: 0 auto; padding: 0 clamp(1rem, 4vw, 2.5rem); }
.top { padding-top: 2.5rem; }
main { padding-bottom: 6rem; outline: none; }
h1, h2, h3, h4 { line-height: 1.25; text-wrap: balance; overflow-wrap: anywhere; }
h1 { margin: 0 0 .35rem; font-size: 1.75rem; font-weight: 650; letter-spacing: -.012em; }
h2 { margin: 0 0 1rem; font-size: 1.25rem; font-weight: 650; }
h3 { margin: 2rem 0 .75rem; font-size: 1.0625rem; font-weight: 650; }
h4 { margin: 0 0 .5rem; font-size: .9375rem; font-weight: 650; }
p { margin: 0 0 .75rem; max-width: 72ch; overflow-wrap: anywhere; }
section { margin-top: 3.5rem; }
a { color: var(--link); text-underline-offset: .25em; text-decoration-thickness: 1px; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
code, pre { font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
bdi { overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.small { font-size: .875rem; }
th .small { font-size: 1em; }
.error { color: var(--error); }
.warning { color: var(--warning); }
.changed { color: var(--changed); }
.healthy { color: var(--healthy); }
.skip { position: absolute; left: -100vw; padding: .5rem 1rem; background: var(--paper); z-index: 3; }
.skip:focus { left: .5rem; top: .5rem; }
.kicker { margin: 0 0 .5rem; color: var(--soft); font-size: .875rem; }
.verdict { margin: 0 0 1.25rem; font-size: 1.125rem; font-weight: 650; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 1.5rem 0 0; padding: .75rem 0;
  border-block: 1px solid var(--line); list-style: none; font-size: .9375rem; }
nav a { color: var(--ink); text-decoration-color: transparent; display: inline-block; max-width: 20rem;
  overflow: hidden; text-overflow: ellipsis; white-space: nowrap; vertical-align: bottom; }
nav a:hover { text-decoration-color: currentColor; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.25rem; margin: 0;
  font-size: .9375rem; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.part { margin-top: 2rem; }

.cause { margin: 0 0 1.25rem; padding: 1rem 1.25rem 1.1rem; border: 1px solid var(--line);
  border-left: 4px solid var(--soft); border-radius: 6px; background: var(--panel); }
.cause.is-error { border-left-color: var(--error); }
.cause h3 { margin: 0 0 .6rem; }
.cause.is-error h3 { color: var(--error); }
.cause p { margin: 0 0 .5rem; }
.cause p b { font-weight: 600; }
.code { display: flex; align-items: flex-start; gap: .5rem; margin: .5rem 0 .75rem; }
.code pre { flex: 1; min-width: 0; margin: 0; padding: .6rem .75rem; overflow: auto; max-height: 14rem;
  border: 1px solid var(--line); border-radius: 5px; background: var(--paper); }
button, select, input { font: inherit; color: inherit; background: var(--paper);
  border: 1px solid var(--soft); border-radius: 5px; padding: .3rem .65rem; }
button { cursor: pointer; }
.code button { padding: .2rem .55rem; font-size: .8125rem; border-color: var(--line); }
button:hover { border-color: var(--ink); }
[hidden] { display: none !important; }

.scroll { overflow: auto; border-block: 1px solid var(--line); }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; text-align: right; white-space: nowrap; vertical-align: baseline; }
thead th { color: var(--soft); font-weight: 500; }
thead tr:last-child { border-bottom: 1px solid var(--soft); }
thead button { border: 0; padding: 0; background: none; color: inherit; }
thead button:hover { color: var(--ink); text-decoration: underline; }
th[aria-sort=ascending] button::after { content: " ↑" / ""; }
th[aria-sort=descending] button::after { content: " ↓" / ""; }
tbody th { font-weight: 500; }
tbody tr { border-bottom: 1px solid var(--line); }
tbody tr:hover > * { background: var(--panel); }
tbody th, thead th:first-child, .word { text-align: left; }
.wide tbody th { max-width: 32rem; }
tbody th a { color: inherit; text-decoration-color: var(--line); }
tbody th a:hover { text-decoration-color: currentColor; }
.cut { width: 50%; max-width: 34rem; overflow: hidden; text-overflow: ellipsis; }
tbody th { position: sticky; left: 0; background: var(--paper); max-width: 17rem; white-space: normal; }
tbody th bdi { overflow-wrap: break-word; }
.inner th { padding-left: 2rem; }
.about { display: block; color: var(--soft); font-weight: 400; font-size: .8125rem; }
.group { text-align: center; }
.tools { display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: center; margin: 0 0 .75rem; }
.tools input { width: 16rem; max-width: 100%; }
.fold { margin-right: .35rem; padding: 0 .35rem; line-height: 1.3; border-color: var(--line); }
.on > th, .on > td, li.on, article.on h3, article.on h4, article:target h3, article:target h4 {
  background: var(--pick); }
.picked { position: fixed; inset: auto 0 0; display: flex; gap: .5rem; align-items: center; z-index: 2;
  padding: .5rem clamp(1rem, 4vw, 2.5rem); background: var(--panel); border-top: 1px solid var(--line);
  font-size: .9375rem; }
.picked output { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }

.finding { margin: 0 0 1.5rem; padding-left: 1rem; border-left: 3px solid var(--line); }
.finding.is-error { border-left-color: var(--error); }
.finding.is-warning { border-left-color: var(--warning); }
.finding h3, .finding h4 { margin: 0 0 .35rem; font-size: 1rem; }
.finding p { margin: 0 0 .35rem; }

@media (max-width: 40rem) {
  .top { padding-top: 1.5rem; }
  h1 { font-size: 1.375rem; }
  section { margin-top: 2.5rem; }
  dl.facts { grid-template-columns: 1fr; gap: 0; }
  .facts dd { margin-bottom: .4rem; }
  .cause { padding: .85rem 1rem; }
  .code { flex-direction: column; align-items: stretch; }
  .code button { align-self: flex-start; }
  tbody th { min-width: 8.5rem; max-width: 9.5rem; }
  tbody th bdi { overflow-wrap: anywhere; }
}
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
@media print {
  :root { --paper: #fff; --panel: #fff; --line: #ccc; --ink: #000; --soft: #444; --error: #a11;
    --error-paper: #fff; --warning: #640; --changed: #425; --healthy: #042; --data: #235; --link: #000; --pick: #fff; }
  @page { margin: 14mm; }
  body { font-size: 10pt; }
  nav, .skip, .tools, .picked, .code button, .fold { display: none !important; }
  .top, main { max-width: none; padding: 0; }
  section { margin-top: 8mm; }
  .scroll, .code pre { overflow: visible; max-height: none; }
  .code pre { white-space: pre-wrap; }
  table { font-size: 6.5pt; }
  th, td { padding: .15rem .2rem; }
  tbody th { position: static; max-width: 30mm; white-space: normal; }
  .cause, .finding, figure, article, tr, li { break-inside: avoid; }
  h2, h3, h4 { break-after: avoid; }
  a { text-decoration: none; }
}
`;

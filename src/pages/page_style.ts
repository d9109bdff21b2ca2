import { COLOR_STYLE, paletteStyle } from "./color_steps.ts";
import { BAR_STYLE } from "./bar_panel.ts";
import { STEPS_STYLE } from "./draw_steps.ts";
import { MARK_STYLE } from "./markup.ts";
import { NAMES_STYLE } from "./show_bars.ts";
import { BLOCKS_STYLE } from "./show_blocks.ts";

/** Edges that skip layers are drawn in lanes, to the right of which the names begin. */
const LANES = [0, 1, 2, 3, 4, 5, 6, 7].map((lanes) =>
  `.lanes-${lanes} .bars tbody th { padding-left: ${20 + 11 * lanes}px; }`
).join("\n");

/** Style of charts. */
export const CHART_STYLE = `
${COLOR_STYLE}${MARK_STYLE}${BAR_STYLE}${NAMES_STYLE}${STEPS_STYLE}${BLOCKS_STYLE}
.ramp { margin: .25rem 0 0; }
.ramp .cells { shape-rendering: crispEdges; }
.read { min-height: 1.5em; margin: .15rem 0 0; }
.tall { max-height: 26rem; }
.tall thead th { position: sticky; top: 0; background: var(--paper); }
figure { margin: 0; min-width: 0; }
figcaption { font-size: .875rem; line-height: 1.45; }
figcaption b { font-weight: 600; }
.defs { position: absolute; }
.plot { position: relative; overflow-x: clip;  border-radius: 3px; }
.bars { table-layout: fixed; font-size: .8125rem; line-height: 20px; border-collapse: collapse; }
.bars th, .bars td { padding: 0 .35rem; vertical-align: middle; height: 22px; }
.bars thead th { height: 42px; padding-bottom: 2px; vertical-align: bottom; border: 0; white-space: nowrap; }
.bars thead tr { border: 0; }
.bars .axis-head { text-align: left; }
.lead-chart .bars .axis-head { white-space: normal; line-height: 1.2; }
.bars .axis-head span { color: var(--ink); font-weight: 600; }
.bars tbody tr { border: 0; }
.bars tbody th { position: static; max-width: none; background: none; padding-left: 0; font-weight: 450; }
.bars tbody th > div { display: flex; gap: .5rem; white-space: nowrap; }
.bars tbody th > div > * { flex: none; }
.bars tbody th > div > :first-child { flex: 0 1 auto; min-width: 0; overflow: hidden; text-overflow: ellipsis; padding-bottom: 1px; }
.bars .class { flex: 0 4 auto !important; min-width: 0; overflow: hidden; text-overflow: ellipsis; }
.bars tbody td { padding-top: 0; padding-bottom: 0; }
.bars svg { display: block; overflow: visible; }
.plot > .map ~ .bars .names { width: 19rem; }
.bars col.figure { width: 4rem; }
.bars col.fix { width: 3.2rem; }
.bars .figure { text-align: right; white-space: nowrap; }
.bars .range { display: block; font-size: .6875rem; line-height: 11px; }
.bars .fix { text-align: left; }
.bars td.fix { color: var(--healthy); }
.compared td.fix { color: var(--ink); }
.compared .fixed { stroke: var(--ink); }
.bars td.figure.changed { color: var(--changed); }
.bars td.figure.error, .bars td.figure.warning { font-weight: 650; }
.bars th:first-child { padding-left: 0; text-align: left; }
.bars tbody tr { cursor: pointer; }
.bars tbody tr:hover > *, .bars tr.hover > *, tr.hover > * { background: var(--panel); }
.bars .class { font-weight: 400; }
.bars .state { margin-left: auto; font-size: .75rem; }
.plot > .map { position: absolute; left: 0; top: 42px; overflow: visible; }
${LANES}
.map path { fill: none; stroke: var(--soft); stroke-width: 1.5; }
.map circle { fill: var(--paper); stroke: var(--soft); stroke-width: 1.5; }
.map .follows { stroke: var(--error); }
.map .is-error { fill: var(--error); stroke: var(--error); }
.map .is-warning { fill: var(--warning); stroke: var(--warning); }
.map path.skip-edge { stroke: var(--data); stroke-opacity: .75; }
.abouts { margin: 0 0 1rem; padding: 0; list-style: none; font-size: .875rem; color: var(--soft); }
.abouts b { color: var(--ink); font-weight: 600; }
.rates { max-width: 34rem; margin-bottom: 1.5rem; }
.layers { display: grid; gap: 2rem; }
.layers.is-narrow { grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr)); gap: 1.5rem; }
.is-narrow .hists { display: block; }
article h3, article h4 { margin: 0 0 .25rem; padding: .1rem 0; }
article > p { margin: 0 0 .5rem; }
article summary { font-size: .9375rem; margin-top: .4rem; cursor: pointer; }
article ul { margin: .5rem 0 0; padding-left: 1.1rem; font-size: .9375rem; }
.hists { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: .75rem 1.5rem; }
.hist svg { display: block; width: 100%; height: auto; }
.hist figcaption, .hist-none { margin: .2rem 0 0; color: var(--soft); font-size: .8125rem; line-height: 1.4; }
.hist figcaption b, .hist-none b { font-size: inherit; color: var(--ink); }
.hist .columns { fill: var(--data); }
.hist .floor { fill: none; stroke: var(--line); }
.hist .target { fill: none; stroke: var(--healthy); stroke-width: 2; }
.hist text { font: 11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--soft); }
.key { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: .75rem 0 1.25rem; padding: 0;
  list-style: none; font-size: .8125rem; color: var(--soft); }
.key + .key { margin-top: -.75rem; }
.key svg { margin-right: .4rem; vertical-align: -2px; }
@media (max-width: 64rem) {
  .panels-3 .panel-3 { display: none; }
}
@media (max-width: 48rem) {
  .axis .near-start { text-anchor: start; }
  .hist text { font-size: 16px; }
  .hists { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
@media (max-width: 40rem) {
  .bars th, .bars td { padding-left: .15rem; padding-right: .15rem; }
  .bars col.names, .plot > .map ~ .bars .names { width: 8.1rem; }
  .bars.names-16 col.names { width: 7.5rem; }
  [class^=lanes]:not(.lanes-0) .map { display: none; }
  [class^=lanes] .bars tbody th { padding-left: 0; }
  .lanes-0 .bars tbody th { padding-left: 20px; }
  .bars col.figure { width: 3.6rem; }
  .bars col.fix { width: 2.8rem; }
  .panels-3 .axis-head span { font-size: .59rem; letter-spacing: -.03em; }
  .panels-3 col.figure { width: 3.45rem; }
  .panels-3 td.figure { font-size: .75rem; }
  .bars.panels-3 .axis-head { padding-left: 0; padding-right: 0; }
  .plot > .map ~ .bars.names-16 .names { width: 7rem; }
  .bars .class, .bars .state { display: none; }
  .lead .panel-2 { display: none; }
  [class^=lanes] .panels-3 .fix, .compared .panel-2 { display: none; }
}
`;

/**
 * Style of every page: quiet, with one accent colour, for errors; light, dark, on paper and on a
 * phone.
 */
export const PAGE_STYLE = `
${paletteStyle(":root")}
:root { color-scheme: light dark; }
*, ::before, ::after { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1.5rem; -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
.top, main { max-width: 76rem; margin: 0 auto; padding: 0 clamp(1rem, 4vw, 2.5rem); }
.top { padding-top: 1.75rem; }
main { padding-bottom: 6rem; outline: none; }
h1, h2, h3, h4 { line-height: 1.25; text-wrap: balance; overflow-wrap: anywhere; }
h1 { margin: 0 0 .6rem; font-size: 2.75rem; font-weight: 750; letter-spacing: -.02em; line-height: 1.1; }
h1.sentence { font-size: 2rem; }
.counts { font-size: 1.25rem; font-weight: 500; letter-spacing: 0; }
.judged { display: block; margin-top: .35rem; font-size: 1.25rem; font-weight: 500; letter-spacing: 0; line-height: 1.3; }
.lead { display: flow-root; --gap: 2.5rem; }
.lead-said, .lead-rest { float: left; clear: left; width: calc((100% - var(--gap)) * 4 / 11); }
.lead-chart, .lead-more { float: right; clear: right; width: calc((100% - var(--gap)) * 7 / 11); }
.lead-more { padding: 0 1rem; margin-top: 1.25rem; }
.lead.is-alone > * { float: none; width: auto; }
.lead-cause { font-size: 1.25rem; line-height: 1.35; font-weight: 600; text-wrap: pretty; }
.cause .lead-cause { font-size: 1.0625rem; }
.lead-chart { padding: 1rem 1rem 0; background: var(--panel); border-radius: 10px; }
.lead-chart > .scroll { margin-bottom: 1rem; }
.lead-chart th { background: var(--panel); }
.lead-chart .bars tbody tr:hover > *, .lead-chart tr.hover > * { background: var(--paper); }
.trial { margin-top: 1rem; }
.trial figcaption { font-weight: 600; }
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
.skip { position: absolute; left: -100vw; padding: .5rem 1rem; background: var(--paper); z-index: 3; }
.skip:focus { left: .5rem; top: .5rem; }
.kicker { margin: 0 0 .5rem; color: var(--soft); font-size: .875rem; }
p.verdict { margin: 0 0 1.25rem; font-size: 1.25rem; font-weight: 650; }
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
.cause.is-warning { border-left-color: var(--warning); }
.cause p { margin: 0 0 .5rem; }
.cause p b { font-weight: 600; }
.code { display: flex; align-items: flex-start; gap: .5rem; margin: .5rem 0 .75rem; }
.code pre { flex: 1; min-width: 0; white-space: pre-wrap; margin: 0; padding: .6rem .75rem; overflow: auto; max-height: 14rem;
  border: 1px solid var(--line); border-radius: 5px; background: var(--paper); }
.remark { display: inline-block; padding-left: 2ch; color: var(--soft); }
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
.layers-table th, .layers-table td { padding: .3rem .45rem; }
.layers-table thead th { white-space: normal; vertical-align: bottom; line-height: 1.25; }
td.wrong { font-weight: 650; background: color-mix(in srgb, currentColor 12%, transparent); }
.times { float: left; margin: .3em .5rem 0 0; }
.layers-table td:has(> .times) { min-width: 7.5rem; }
.fold-head th > div { position: sticky; left: 0; width: max-content; max-width: 100%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.fold-head th { max-width: none !important; border: 0; padding-bottom: 0 !important; }
tr.fold-head { border: 0; }
.totals { margin-top: .75rem; font-size: .875rem; color: var(--soft); }
.moved td { padding-left: .35rem; padding-right: .35rem; }
.moved td.wrong { background: none; }
.moved .times { float: none; display: inline-block; margin: 0 .5rem 0 0; vertical-align: middle; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 0 2.5rem; }
.passed { columns: 11rem; margin: 0 0 1rem; padding: 0; list-style: none; font-size: .875rem; color: var(--soft); }
.passed li::before { content: "✓ " / ""; color: var(--healthy); }
.notes { font-size: .875rem; } .notes dt { font-weight: 600; } .notes dd { margin: 0 0 .6rem; max-width: 72ch; color: var(--soft); }
thead tr:last-child { border-bottom: 1px solid var(--soft); }
thead button { text-align: inherit; border: 0; padding: 0; background: none; color: inherit; }
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
tbody th { position: sticky; left: 0; background: var(--paper); max-width: 17rem; white-space: normal; }
tbody th bdi { overflow-wrap: break-word; }
.inner th { padding-left: 2rem; }
.about { color: var(--soft); font-weight: 400; font-size: .8125rem; }
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

.model { border-bottom: 1px solid var(--line); }
.model > summary { display: flex; gap: .25rem 1rem; align-items: baseline; padding: .55rem 0; cursor: pointer; }
.model > summary::before { content: "▸" / ""; color: var(--soft); }
.model[open] > summary::before { content: "▾" / ""; }
.model > summary > b { flex: none; width: 5.5rem; }
.model-name { flex: none; width: 16rem; font-weight: 600; overflow-wrap: anywhere; }
.model-said { flex: 1; min-width: 0; text-wrap: pretty; }
.model[open] .model-said { display: none; }
.model .lead { margin-top: 1rem; }
.model > .facts { margin: 1.5rem 0; }
.named { margin-bottom: .25rem; }
.seeds { flex: none; letter-spacing: .1em; font-size: .75rem; }
.seeds i { font-style: normal; }
.findings > summary { cursor: pointer; margin-bottom: 1rem; font-weight: 600; }
.finding { margin: 0 0 1.5rem; padding-left: 1rem; border-left: 3px solid var(--line); }
.finding.is-error { border-left-color: var(--error); }
.finding.is-warning { border-left-color: var(--warning); }
.finding h3, .finding h4 { margin: 0 0 .35rem; font-size: 1rem; }
.finding p { margin: 0 0 .35rem; }

@media (max-width: 40rem) {
  .top { padding-top: 1rem; }
  h1 { font-size: 2.125rem; }
  .model > summary { flex-wrap: wrap; }
  .model > summary > b { width: auto; }
  .model-name { width: auto; flex: 1; min-width: 0; }
  .model-said { flex: 0 0 100%; padding-left: 1.1rem; }
  .lead > * { float: none; width: auto; }
  .lead-more { padding: 0; }
  .lead-chart { margin: .75rem -1rem 1rem; padding: .75rem 1rem 0; border-radius: 0; }
  .spare { display: none; }
  .fold-head th > div { width: auto; white-space: normal; }
  section { margin-top: 2.5rem; }
  dl.facts { grid-template-columns: 1fr; gap: 0; }
  .facts dd { margin-bottom: .4rem; }
  .cause { padding: .85rem 1rem; }
  .code { flex-direction: column; align-items: stretch; }
  .code button { align-self: flex-start; }
  tbody th { min-width: 8.5rem; max-width: 9.5rem; }
  tbody th bdi { overflow-wrap: anywhere; }
  .moved tbody th { min-width: 5rem; }
  .lead-chart .moved th, .lead-chart .moved td { padding-left: .2rem; padding-right: .2rem; }
  .moved .times { display: none; }
}
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
@media print {
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

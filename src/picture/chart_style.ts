import { BAR_STYLE } from "./draw_bars.ts";
import { COLOR_STYLE } from "./color_steps.ts";
import { MARK_STYLE } from "./markup.ts";
import { BLOCKS_STYLE } from "./show_blocks.ts";
import { STEPS_STYLE } from "./draw_steps.ts";

/** Edges that skip layers are drawn in lanes, to the right of which the names begin. */
const LANES = [0, 1, 2, 3, 4, 5, 6, 7].map((lanes) =>
  `.lanes-${lanes} .bars tbody th { padding-left: ${20 + 11 * lanes}px; }`
).join("\n");

/** Style of charts. */
export const CHART_STYLE = `
${COLOR_STYLE}${MARK_STYLE}${BAR_STYLE}${STEPS_STYLE}${BLOCKS_STYLE}
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
.bars tbody th > div > :first-child { flex: 0 1 auto; min-width: 0; overflow: hidden; text-overflow: ellipsis; }
.bars .class { flex: 0 4 auto !important; min-width: 0; overflow: hidden; text-overflow: ellipsis; }
.bars tbody td { padding-top: 0; padding-bottom: 0; }
.bars svg { display: block; overflow: visible; }
.bars .names { width: 8.5rem; }
.lead-chart .bars .names { width: 8.5rem; }
.plot > .map ~ .bars .names { width: 19rem; }
.bars col.figure { width: 3.6rem; }
.bars col.fix { width: 3.2rem; }
.bars .figure { text-align: right; white-space: nowrap; }
.bars .range { display: block; white-space: normal; font-size: .6875rem; line-height: 11px; }
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
  .bars col.names, .lead-chart .bars .names, .plot > .map ~ .bars .names { width: 7.5rem; }
  .bars col.figure { width: 3rem; }
  .bars col.fix { width: 2.8rem; }
  .panels-3 .axis-head span { font-size: .6875rem; }
  .bars .class, .bars .state { display: none; }
  .lead .panel-2 { display: none; }
  [class^=lanes] .panels-3 .fix, .compared .panel-2 { display: none; }
}
`;

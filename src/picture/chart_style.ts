/** Edges that skip layers are drawn in lanes, to the right of which the names begin. */
const LANES = [0, 1, 2, 3, 4, 5, 6, 7].map((lanes) =>
  `.map .lanes-${lanes} li { padding-left: ${28 + 11 * lanes}px; }`
).join("\n");

/** Style of charts and of the map of the network. */
export const CHART_STYLE = `
.overview { display: grid; grid-template-columns: minmax(0, 1fr) 21rem; gap: 0 3rem; }
.overview > .map { grid-column: 2; grid-row: 1 / span 2; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: .5rem 2rem; }
.charts figure { display: grid; grid-template-rows: subgrid; grid-row: span 2; margin-bottom: 1.5rem; }
figure { margin: 0; min-width: 0; }
figcaption { font-size: .875rem; line-height: 1.45; }
figcaption b { display: block; font-weight: 600; font-size: .9375rem; }
figcaption b::first-letter { text-transform: uppercase; }
.plot { display: block; border-radius: 3px; }
.plot .grid { stroke-opacity: 1; }
.plot svg, .hist svg { display: block; width: 100%; height: auto; }
.plot text, .hb text { font: 11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--soft);
  font-variant-numeric: tabular-nums; }
.plot .grid line, .plot .rule line, .plot .axis path { stroke: var(--line); }
.plot .band rect { fill: var(--healthy); fill-opacity: .12; }
.plot .curve path { stroke: var(--data); stroke-opacity: .55; }
.plot .range line { stroke: var(--data); }
.plot .dot circle { fill: var(--data); stroke: var(--paper); }
.plot .dot circle[data-mark=error], .plot .none circle[data-mark=error] { fill: var(--error); }
.plot .dot circle[data-mark=warning] { fill: var(--paper); stroke: var(--warning); }
.plot .none circle { fill: var(--soft); stroke: var(--paper); }
.plot circle { cursor: pointer; }
.plot circle.on { stroke: var(--ink); stroke-width: 2; r: 6px; }

.map h3 { margin: 0 0 .6rem; font-size: .9375rem; }
.graph { position: relative; }
.map ol { margin: 0; padding: 0; list-style: none; }
.map .scroll { max-height: min(44rem, 85vh); padding: .25rem 0; }
.map svg { position: absolute; top: 0; left: 0; }
${LANES}
.map li { display: flex; align-items: center; gap: .5rem; height: 32px; padding-right: .4rem;
  font-size: .875rem; white-space: nowrap; border-radius: 4px; cursor: pointer; }
.map li > span, .map li > a { overflow: hidden; text-overflow: ellipsis; min-width: 3rem; }
.map li > .soft { flex: 0 3 auto; min-width: 0; }
.map li > .state { flex: none; margin-left: auto; min-width: 0; font-size: .8125rem; }
.map li > a { color: inherit; text-decoration-color: transparent; }
.map li > a:hover { text-decoration-color: currentColor; }
.map path { fill: none; stroke: var(--soft); stroke-width: 1.5; }
.map circle { fill: var(--paper); stroke: var(--soft); stroke-width: 1.5; }
.map .follows { stroke: var(--error); }
.map .is-cause { fill: var(--error); stroke: var(--error); }
.map path.skip-edge { stroke: var(--data); stroke-opacity: .75; }
.layers { display: grid; gap: 2rem; }
article h3, article h4 { margin: 0 0 .25rem; padding: .1rem 0; }
article > p { margin: 0 0 .5rem; }
article summary { font-size: .9375rem; margin-top: .4rem; cursor: pointer; }
article ul { margin: .5rem 0 0; padding-left: 1.1rem; font-size: .9375rem; }
.hists { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: .75rem 1.5rem; }
.hist figcaption { margin: .2rem 0 0; color: var(--soft); font-size: .8125rem; line-height: 1.4; }
.hist figcaption b { display: inline; text-transform: none; font-size: inherit; color: var(--ink); }
.hist path, .key .fits { fill: var(--data); }
.hist path.out, .key .out { fill: var(--error); }
.hb rect, .key .normal { fill: var(--soft); fill-opacity: .1; }
.hb rect.sub, .key .sub { fill-opacity: .2; fill: var(--soft); }
.hb line { stroke: var(--line); }
.key { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 0 0 1.25rem; padding: 0;
  list-style: none; font-size: .875rem; color: var(--soft); }
.key svg { width: 14px; height: 14px; margin-right: .4rem; vertical-align: -2px; }
@media (max-width: 64rem) {
  .overview { display: block; }
  .map { margin-top: 2rem; }
}
@media (max-width: 48rem) {
  .hb text { font-size: 16px; }
  .hists { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
@media print {
  .overview { display: block; }
  .charts { grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 1rem; }
  .map .scroll { max-height: none; }
}
`;

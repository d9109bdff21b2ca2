/**
 * Style of drawings over scales or steps, in a page or an image: verdicts, marks and the cells of
 * heat maps.
 */
export const MARK_STYLE = `
.nil, .nan { fill: var(--paper); stroke: var(--paper); }
.nil-mark { stroke: var(--soft); stroke-width: 2.5; stroke-linecap: round; }
.nan-mark { stroke: var(--ink); stroke-width: 1; }
.verdicts .on-well, .verdicts .on-over { fill: var(--paper); font-weight: 600; }
.verdicts rect { stroke: none; }
.well { fill: var(--healthy); }
.else { fill: var(--line); }
.over { fill: var(--soft); }
.best-dot { stroke: var(--paper); stroke-width: 8; stroke-linecap: round; }
.tick, .lines { stroke: var(--line); fill: none; }
.tick { stroke: var(--soft); }
.band { fill: none; stroke: var(--healthy); stroke-width: 2; }
.top-scale { fill: var(--healthy); }
.theory, .theory-end { fill: none; stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 5 3; }
.theory-end { stroke-dasharray: 1.5 3; }
.phase-well { fill: none; stroke: var(--healthy); stroke-width: 2.5; }
.cells { shape-rendering: crispEdges; }
.cells path { fill: none; }
`;

import { TONES } from "../render/verdicts.ts";

/** Colours that say nothing of a network, on light and on dark paper. */
const NEUTRAL = {
  paper: { light: "#fff", dark: "#14161a" },
  panel: { light: "#f5f6f8", dark: "#1c1f25" },
  line: { light: "#dfe2e6", dark: "#343a42" },
  ink: { light: "#1b1e23", dark: "#e6e8eb" },
  soft: { light: "#59616b", dark: "#a3abb5" },
  data: { light: "#5b7aa8", dark: "#7f9fce" },
  link: { light: "#1f4f93", dark: "#9dc0f5" },
  pick: { light: "#fff3c4", dark: "#443a12" },
};

/** All colours, by the names of their variables: `--error`, `--paper` ... */
export const PALETTE: Readonly<Record<string, { light: string; dark: string }>> = {
  ...NEUTRAL,
  ...TONES,
};

const variables = (scheme: "light" | "dark") =>
  Object.entries(PALETTE).map(([name, color]) => `--${name}: ${color[scheme]};`).join(" ");

/**
 * Returns the style that defines the colours below an element, light or dark as the reader prefers
 * and light on paper: the same for pages, images and notebooks.
 */
export function paletteStyle(selector: string): string {
  return `
${selector} { ${variables("light")} }
@media screen and (prefers-color-scheme: dark) { ${selector} { ${variables("dark")} } }
.error { color: var(--error); }
.warning { color: var(--warning); }
.changed { color: var(--changed); }
.healthy { color: var(--healthy); }
`;
}

import { Markup, markup } from "./markup.ts";
import { pageScript } from "./page_script.js";
import { CHART_STYLE } from "./chart_style.ts";
import { PAGE_STYLE } from "./page_style.ts";

/** A page: one file that needs nothing else. */
export interface Page {
  /** What the window is called. */
  title: string;
  /** What stands above all sections: the name of what is shown, and the verdict. */
  header: Markup;
  /** What the page shows, in the order of a reader. */
  sections: readonly Section[];
  /** What this kind of page needs beside what all have: rules of style, and a script like `pageScript`. */
  extra?: { style: string; script: (() => void) | null };
}

/** A part of a page that its menu leads to. */
export interface Section {
  /** Its name in links, unique in the page. */
  id: string;
  /** Its heading. */
  title: string;
  /** What it shows. */
  body: Markup;
}

/**
 * Writes a page as one self-contained file. Nothing is loaded, nothing is sent: the Content-Security-Policy allows
 * this one style sheet and this one script, known by their hashes, and nothing else. Without the script everything is
 * there to be read.
 */
export async function renderPage(
  { title, header, sections, extra }: Page,
): Promise<string> {
  const style = `${PAGE_STYLE}${CHART_STYLE}${extra?.style ?? ""}`;
  const script = [pageScript, extra?.script ?? null].map((run) => run && `(${run})();`).join("");
  const policy = [
    "default-src 'none'",
    `style-src '${await hashOf(style)}'`,
    `script-src '${await hashOf(script)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const page = markup`<!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="generator" content="gradient-health">
    <meta http-equiv="Content-Security-Policy" content="${policy}">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="referrer" content="no-referrer">
    <title>${title}</title>
    <style>${new Markup(style)}</style>
    </head>
    <body>
    <a class="skip" href="#main">Skip to the content</a>
    <header class="top">
    ${header}
    <nav aria-label="Sections"><ul>${sections.map(menuItem)}</ul></nav>
    </header>
    <main id="main" tabindex="-1">${sections.map((section) => renderSection(section, 2))}</main>
    ${SELECTION}
    <script>${new Markup(script)}</script>
    </body>
    </html>
    `;
  return page.source;
}

/** A section under a heading of that level; one within another is no landmark of its own. */
export function renderSection({ id, title, body }: Section, level: 2 | 3): Markup {
  return level === 2
    ? markup`<section id="${id}" aria-labelledby="${id}-h"><h2 id="${id}-h">${title}</h2>
      ${body}</section>
      `
    : markup`<div class="part" id="${id}"><h3>${title}</h3>
      ${body}</div>
      `;
}

function menuItem({ id, title }: Section): Markup {
  return markup`<li><a href="#${id}">${title}</a></li>`;
}

/** What is known of the layer that a reader has selected; the script shows and fills it. */
const SELECTION = markup`<aside class="picked" id="picked" aria-label="Selected layer" hidden>
  <button type="button" data-step="-1" aria-label="Previous layer">‹</button>
  <button type="button" data-step="1" aria-label="Next layer">›</button>
  <output aria-live="polite"></output>
  <a href="#main">Details</a>
  <button type="button" data-step="0" aria-label="Clear the selection">×</button>
  </aside>`;

/** How a Content-Security-Policy knows a style sheet or a script. */
async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `sha256-${new Uint8Array(digest).toBase64()}`;
}

import { verdictShape } from "../core/diagnosis/diagnosis.ts";
import { gateResultShape } from "../core/diagnosis/result_document.ts";
import { severityShape } from "../core/rules/finding.ts";
import { findingShape, measurementsShape } from "../core/rules/require_measurements.ts";
import { allOf, list, nullable, number, object, optional, string } from "../ground/words/shape.ts";
import { Markup, markup } from "./markup.ts";
import { pageScript } from "./page_script.js";
import { CHART_STYLE, PAGE_STYLE } from "./page_style.ts";

/** A self-contained page. */
interface Page {
  /** Title of the window. */
  title: string;
  /** Header above all sections: the name of the subject, and the verdict. */
  header: Markup;
  /** Sections in reading order. */
  sections: readonly Section[];
  /** Additions for this kind of page: rules of style, and a script like `pageScript`. */
  extra?: { style: string; script: (() => void) | null };
}

/** Part of a page with an entry in the menu. */
export interface Section {
  /** Id in links, unique in the page. */
  id: string;
  title: string;
  /** Contents. */
  body: Markup;
}

/**
 * Renders a page as one self-contained file. Nothing is loaded or sent: the Content-Security-Policy
 * allows only this style sheet and this script, by their hashes. All contents are readable without
 * the script.
 */
export async function renderPage({ title, header, sections, extra }: Page): Promise<string> {
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
    ${
    sections.length < 2
      ? null
      : markup`<nav aria-label="Sections"><ul>${sections.map(menuItem)}</ul></nav>`
  }
    </header>
    <main id="main" tabindex="-1">${sections.map((section) => renderSection(section, 2))}</main>
    ${SELECTION}
    <script>${new Markup(script)}</script>
    </body>
    </html>
    `;
  return page.source;
}

/** Renders a section with a heading of this level; a nested section is not a landmark. */
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

/** Panel with the data of the selected layer; the script shows and fills it. */
const SELECTION = markup`<aside class="picked" id="picked" aria-label="Selected layer" hidden>
  <button type="button" data-step="-1" aria-label="Previous layer">‹</button>
  <button type="button" data-step="1" aria-label="Next layer">›</button>
  <output aria-live="polite"></output>
  <a href="#main">Details</a>
  <button type="button" data-step="0" aria-label="Clear the selection">×</button>
  </aside>`;

/** Returns the hash of a style sheet or a script for a Content-Security-Policy. */
async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `sha256-${new Uint8Array(digest).toBase64()}`;
}

/** Properties of a cause that are read. */
export const causeShape = object({
  severity: severityShape,
  message: string,
  layers: list(string),
  consequences: list(object({ problem: string, layers: list(string) })),
  fixes: list(object({ kind: string })),
  since: optional(number),
});

const diagnosisShape = object({
  verdict: verdictShape,
  causes: list(causeShape),
  notes: list(findingShape),
});

/** Measurements, findings and diagnosis of a report. */
export const reportShape = object({
  measurements: measurementsShape,
  findings: list(findingShape),
  diagnosis: diagnosisShape,
});

const runsShape = object({ runs: list(object({ diagnosis: optional(nullable(diagnosisShape)) })) });

/** Result of a gate, with the diagnosis of each run that has one. */
export const gateShape = allOf(gateResultShape, runsShape);

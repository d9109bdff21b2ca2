import { bestScaleSentence, studyCells, studySentences } from "../render/study_words.ts";
import { summaryShape } from "../study/study_shapes.ts";
import type { StudySummary, VariantSummary } from "../study/study_summary.ts";
import { escapeControls } from "../words/show_value.ts";
import { formatCount, formatFactor } from "../words/numbers.ts";
import { requireValue } from "../words/shape.ts";
import { COLUMN_STYLE } from "./column_axis.ts";
import { showStrips, stripsKey } from "./draw_strips.ts";
import { type Markup, markup, shortTitle } from "./markup.ts";
import { renderPage, renderSection, type Section } from "./page.ts";
import { HEALTHY, stripsOf, verdictsOf } from "./scale_marks.ts";
import { phasesOf, showPhases } from "./show_phases.ts";
import { showVariant } from "./show_variant.ts";
import { studyScript } from "./study_script.js";
import { studyVerdict, viewVariant } from "./study_view.ts";

/** Number of variants with charts; the table has all. */
const MOST_VARIANTS = 60;
/** With more variants, a menu would be longer than the table, which has the same links. */
const MOST_IN_MENU = 12;

/**
 * Renders a study as one self-contained page: the healthy scales of each variant in a table and in
 * sentences, the verdict at every scale, a phase diagram if there are several depths, and for each
 * variant a slider over the scales with the profile over depth, heat maps (scale by layer), and all
 * figures in tables. Figures are medians over the draws. Of a large study, evenly spaced scales and
 * layers are shown.
 *
 * @param summary The result of `summarizeStudy`.
 * @returns The page, an HTML document that needs no other file, with a newline at its end.
 * @throws {InputError} If it is not a summary.
 *
 * @example A study of two scales
 * ```ts
 * import { renderStudyPage } from "@gradient-health/gradient-health/picture";
 * import { study, summarizeStudy } from "@gradient-health/gradient-health/study";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const result = await study({ network: "exercise" }, { scales: [0.001, 1] });
 * const page = await renderStudyPage(summarizeStudy(result));
 * assertStringIncludes(page, "<!doctype html>");
 * ```
 */
export function renderStudyPage(summary: StudySummary): Promise<string> {
  requireValue("summary", summary, summaryShape);
  const { header, variants } = summary;
  const shown = variants.slice(0, MOST_VARIANTS);
  const phases = phasesOf(variants);
  const { strips, axis } = stripsOf(shown, header.rules, { from: 0, to: 100 });
  const sections = shown.map((variant, i): Section => ({
    id: `variant-${i + 1}`,
    title: variantTitle(variant),
    body: showVariant(viewVariant(variant, i + 1, shown.length), verdictsOf(variant, header.rules)),
  }));
  const parts = [
    { id: "scales", title: "Healthy scales", body: showAnswer(summary) },
    ...phases.length === 0
      ? []
      : [{ id: "phases", title: "Depth by scale", body: showPhases(phases) }],
  ];
  const name = shortTitle(header.model.name);
  const { paint, words } = studyVerdict(variants);
  return renderPage({
    title: `${name}: rescaling study`,
    header: markup`<p class="kicker"><bdi>${name}</bdi>: rescaling study</p>
      <h1 class="verdict sentence ${paint}">${words}</h1>${
      showStrips({ strips, axis, headings: ["network", "verdict at every scale"] })
    }${stripsKey(strips, [HEALTHY])}`,
    sections: [
      ...parts,
      ...sections.length <= MOST_IN_MENU ? sections : [{
        id: "variants",
        title: "Variants",
        body: markup`${sections.map((section) => renderSection(section, 3))}`,
      }],
      {
        id: "study",
        title: "The study",
        body: markup`${
          studySentences(summary).map((sentence) =>
            markup`<p class="soft"><bdi>${escapeControls(sentence)}</bdi></p>`
          )
        }`,
      },
    ],
    extra: { style: COLUMN_STYLE, script: studyScript },
  });
}

function variantTitle({ label, best }: VariantSummary): string {
  const name = shortTitle(label);
  return best === null
    ? `${name}: no healthy scale`
    : `${name}: best at ${formatFactor(best.scale)}`;
}

/** Shows the table of variants, and a sentence for each. */
function showAnswer({ variants }: StudySummary): Markup {
  const [headings, ...rows] = studyCells(variants);
  const shown = variants.slice(0, MOST_VARIANTS);
  return markup`<div class="scroll plain" tabindex="0" role="group" aria-label="Healthy scales"><table class="answer"><thead><tr>${
    headings.map((heading) => markup`<th scope="col">${heading}</th>`)
  }</tr></thead><tbody>${
    rows.map(([label, ...cells], i) =>
      markup`<tr><th scope="row">${
        i < MOST_VARIANTS
          ? markup`<a href="#variant-${i + 1}"><bdi>${label}</bdi></a>`
          : markup`<bdi>${label}</bdi>`
      }</th>${cells.map((cell) => markup`<td>${cell}</td>`)}</tr>
      `
    )
  }</tbody></table></div>
${
    shown.length < variants.length
      ? markup`<p class="small soft">The first ${
        formatCount(shown.length, "variant")
      } of ${variants.length} have charts.</p>`
      : null
  }
  <ul class="sentences">${
    variants.map((variant) =>
      markup`<li><bdi>${escapeControls(bestScaleSentence(variant))}</bdi></li>
      `
    )
  }</ul>`;
}

import { describeFix, fixCode } from "../diagnosis/fix_words.ts";
import type { Cause, Diagnosis } from "../diagnosis/diagnosis.ts";
import type { Measurements } from "../measure/measurements.ts";
import { fixOf, followWords, trialLines, triedWords } from "../render/render_diagnosis.ts";
import { escapeControls } from "../words/show_value.ts";
import type { LayerNames } from "./layer_map.ts";
import { type Markup, markup } from "./markup.ts";

/** More links are not helpful. */
const MOST_LINKS = 6;

/** Shows each cause with its fix, the result of trying it, and the consequences; then the trial. */
export function showDiagnosis(
  diagnosis: Diagnosis,
  { layers }: Measurements,
  names: LayerNames,
): Markup {
  const { causes } = diagnosis;
  return markup`${causes.length === 0 ? markup`<p>No problems found.</p>` : null}${
    causes.map((cause, i) => showCause(cause, i + 1, layers, names))
  }${trialLines(diagnosis, { width: Infinity }).map((line) => markup`<p>${line}</p>`)}`;
}

function showCause(
  { severity, message, layers, consequences, fixes, tried }: Cause,
  number: number,
  all: Measurements["layers"],
  names: LayerNames,
): Markup {
  const follows = followWords(consequences, all);
  return markup`<div class="cause is-${severity}"><h3><bdi>${number}. ${
    escapeControls(message)
  }</bdi></h3>
    ${
    layers.length === 0
      ? null
      : markup`<p class="small soft">Layers: ${names.list(layers, MOST_LINKS)}</p>`
  }${
    fixOf(fixes, tried).map((fix) => {
      const code = fixCode(fix);
      return markup`<p><b>Fix:</b> <bdi>${escapeControls(describeFix(fix, all))}</bdi></p>${
        code === null
          ? null
          : markup`<div class="code"><pre tabindex="0"><code>${lines(code)}</code></pre>
          <button type="button" data-copy hidden>Copy</button></div>`
      }`;
    })
  }${tried === undefined ? null : markup`<p><bdi>${escapeControls(triedWords(tried))}</bdi></p>`}${
    follows.length === 0
      ? null
      : markup`<p><b>As a result:</b> ${markup`<bdi>${
        escapeControls(follows.map(({ text }) => text).join("; "))
      }</bdi>`}.</p>`
  }</div>
    `;
}

/** Code keeps its line breaks; other invisible characters are made visible. */
function lines(code: string): string {
  return code.split("\n").map((line) => escapeControls(line)).join("\n");
}

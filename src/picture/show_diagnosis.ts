import { describeFix, fixCode } from "../diagnosis/fix_words.ts";
import type { Cause, Diagnosis } from "../diagnosis/diagnosis.ts";
import type { Measurements } from "../measure/measurements.ts";
import {
  fixOf,
  followWords,
  placesOf,
  trialLines,
  triedWords,
} from "../render/render_diagnosis.ts";
import { escapeControls } from "../words/show_value.ts";
import { type Markup, markup, prose } from "./markup.ts";

/** Shows causes as cards, each with its fix, the result of trying it, and its consequences. */
export function showCauses(causes: readonly Cause[], { layers }: Measurements): Markup {
  return markup`${
    causes.map((cause) =>
      markup`<div class="cause is-${cause.severity}">${showCause(cause, layers)}</div>
      `
    )
  }`;
}

/** Shows the trial before and after the fixes, and the learning rates, in sentences. */
export function showTrial(diagnosis: Diagnosis): Markup {
  return markup`${
    trialLines(diagnosis, { width: Infinity }).map((line) => markup`<p>${line}</p>`)
  }`;
}

/** Shows a cause with its fix, the result of trying it, and its consequences. */
export function showCause(
  { severity, message, consequences, fixes, tried, layers }: Cause,
  all: Measurements["layers"],
): Markup {
  const follows = followWords(consequences, all);
  return markup`<p class="lead-cause is-${severity}"><bdi>${prose(message)}</bdi></p>
    ${
    placesOf(layers, all).map((text) =>
      markup`<p class="small"><bdi>${escapeControls(text)}</bdi></p>`
    )
  }${
    fixOf(fixes, tried).map((fix) => {
      const code = fixCode(fix);
      return markup`<p><b>Fix:</b> <bdi>${prose(describeFix(fix, all))}</bdi></p>${
        code === null
          ? null
          : markup`<div class="code"><pre tabindex="0"><code>${lines(code)}</code></pre>
          <button type="button" data-copy hidden>Copy</button></div>`
      }`;
    })
  }${triedWords({ fixes, tried }).map((text) => markup`<p><bdi>${prose(text)}</bdi></p>`)}${
    follows.length === 0
      ? null
      : markup`<p><b>As a result:</b> <bdi>${
        prose(follows.map(({ text }) => text).join("; "))
      }</bdi>.</p>`
  }`;
}

/** Code keeps its line breaks; other invisible characters are made visible. */
function lines(code: string): string {
  return code.split("\n").map((line) => escapeControls(line)).join("\n");
}

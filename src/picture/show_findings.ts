import type { Diagnosis } from "../diagnosis/diagnosis.ts";
import type { GateFinding } from "../gate/gate_result.ts";
import type { Measurements } from "../measure/measurements.ts";
import { acceptedIn, isOpen } from "../render/gate_words.ts";
import { findingWords } from "../render/render_diagnosis.ts";
import { findingParagraphs, type Paragraph } from "../render/render_findings.ts";
import { escapeControls } from "../words/show_value.ts";
import type { LayerNames } from "./layer_map.ts";
import { type Markup, markup, prose } from "./markup.ts";

const MOST_LINKS = 12;
const TITLES = { error: "Error", warning: "Warning", note: "Note" };

/** Findings of a run in paragraphs, and the place of each. */
interface ShownFindings {
  body: Markup;
  /** Id of the paragraph of each finding. */
  placeOf: ReadonlyMap<GateFinding, string>;
}

/** Findings of a run, and the causes from which they come. */
interface FoundContent {
  findings: readonly GateFinding[];
  diagnosis: Pick<Diagnosis, "causes">;
  measurements: Pick<Measurements, "layers">;
}

/**
 * Shows the findings, errors first, and the suppressed ones. The causes have the fixes, since that of
 * a consequence would repeat or contradict them.
 */
export function showFindings(
  { findings, diagnosis: { causes }, measurements: { layers } }: FoundContent,
  names: LayerNames,
  prefix: string,
): ShownFindings {
  const order = layers.map(({ name }) => name);
  const open = findings.filter(isOpen);
  const paragraphs = findingParagraphs(open, order);
  const accepted = acceptedIn(findings, order);
  return {
    placeOf: new Map(
      paragraphs.flatMap(({ findings }, i) =>
        findings.map((finding) => [finding, `${prefix}-f${i + 1}`])
      ),
    ),
    body: markup`${
      open.length === 0
        ? null
        : markup`<details class="findings"><summary>All findings: ${
          findingWords(open, causes)
        }</summary>${
          paragraphs.map((paragraph, i) => showParagraph(paragraph, `${prefix}-f${i + 1}`, names))
        }</details>`
    }${
      accepted.map(({ rule, where, reason }) =>
        markup`<p class="soft">Suppressed: ${rule}, <bdi>${escapeControls(where)}</bdi> (${
          escapeControls(reason)
        })</p>`
      )
    }`,
  };
}

function showParagraph(
  { severity, rules, where, said, findings }: Paragraph,
  id: string,
  names: LayerNames,
): Markup {
  const layers = new Set(
    findings.flatMap(({ layer, layers }) => layers ?? (layer === null ? [] : [layer])),
  );
  const sorted = [...layers].sort((a, b) => names.place(a) - names.place(b));
  const say = (text: string) => markup`<p><bdi>${prose(text.replace(/\s+/g, " "))}</bdi></p>`;
  return markup`<div class="finding is-${severity}" id="${id}"><h3><span class="${severity}">${
    TITLES[severity]
  }</span> ${rules.join(", ")}</h3>
    <p class="small soft">${
    sorted.length === 0 ? escapeControls(where) : names.list(sorted, MOST_LINKS)
  }</p>
    ${said.map(say)}</div>
    `;
}

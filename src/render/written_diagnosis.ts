import { cureCode, describeCure } from "../diagnosis/cure_words.ts";
import type { Diagnosis } from "../diagnosis/diagnosis.ts";
import type { NamedLayers } from "../diagnosis/format_layers.ts";
import type { WrittenDiagnosis } from "../documents/diagnosis_shape.ts";

/**
 * Converts a diagnosis to its form in JSON documents: fixes in words and as code, findings by
 * index.
 *
 * @param diagnosis The diagnosis.
 * @param findings All findings of the run.
 * @param layers All layers, in the order of the forward pass.
 */
export function writtenDiagnosis(
  { verdict, notJudged, causes, trial }: Diagnosis,
  findings: readonly object[],
  layers: NamedLayers,
): WrittenDiagnosis {
  const places = new Map(findings.map((finding, index) => [finding, index]));
  return {
    verdict,
    ...notJudged === undefined ? {} : { notJudged },
    causes: causes.map(({ cures, findings, tried, ...cause }) => ({
      ...cause,
      fixes: cures.map((cure) => ({ text: describeCure(cure, layers), code: cureCode(cure) })),
      tried: tried ?? null,
      findings: findings.flatMap((finding) => places.get(finding) ?? []),
    })),
    trial: trial ?? null,
  };
}

import type { VariantSummary } from "../study/study_summary.ts";

/** Returns the verdict on a study, in a few words and with a colour. */
export function studyVerdict(
  variants: readonly VariantSummary[],
): { paint: "healthy" | "warning" | "error"; words: string } {
  const without = variants.filter(({ best }) => best === null);
  const paint = without.length === 0
    ? "healthy"
    : without.length < variants.length
    ? "warning"
    : "error";
  const isActivation =
    new Set(variants.map(({ activation }) => activation)).size === variants.length;
  const noun = isActivation ? "activations" : "networks";
  const words = without.length === 0
    ? variants.length === 1
      ? "Healthy scales found"
      : `Healthy scales found for all ${variants.length} ${noun}`
    : without.length === variants.length
    ? "No scale tried is healthy"
    : `Healthy scales found for ${variants.length - without.length} of ${variants.length} ${noun}`;
  return { paint, words };
}

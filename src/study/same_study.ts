import { escapeControls } from "../words/show_value.ts";
import { studyHeaderShape } from "./study_document.ts";
import type { StudyHeader } from "./study_header.ts";

/** Messages about a difference, by the header field that differs. */
const WORDS: Partial<Record<keyof StudyHeader, string>> = {
  package: "they are of different versions of gradient-health",
  engine: "they were computed by different engines (relaxed SIMD moves figures: use --portable)",
  model: "they are of different models or batches",
  objective: "they differentiate different objectives",
  examples: "their batches differ in size",
  batch: "their batches are from different files",
  scaleLayers: "they scale different layers",
  rules: "they judge by different rules",
  grid: "they have different grids",
  training: "they train differently",
  total: "they have different grids",
};

/**
 * Says why two headers do not belong to the same study; their shards do not matter.
 *
 * @returns The reason with both values, or `null` if they are of one study.
 */
export function differenceOf(one: StudyHeader, other: StudyHeader): string | null {
  // The fingerprint comes last: other depths or examples change it too, and say more.
  const named = (header: StudyHeader) => ({
    ...header,
    model: { ...header.model, fingerprint: "" },
  });
  return firstDifferenceOf(named(one), named(other)) ?? firstDifferenceOf(one, other);
}

function firstDifferenceOf(one: StudyHeader, other: StudyHeader): string | null {
  const [a, b] = [one, other].map((header) => studyHeaderShape.encode(header)) as [
    Record<string, unknown>,
    Record<string, unknown>,
  ];
  for (const key of Object.keys(a)) {
    if (key === "shard" || JSON.stringify(a[key]) === JSON.stringify(b[key])) continue;
    const words = WORDS[key as keyof StudyHeader] ?? `they differ in ${key}`;
    return `${words}: ${firstDifference(key, a[key], b[key])}`;
  }
  return null;
}

/** Describes the innermost difference between two JSON values. */
function firstDifference(place: string, a: unknown, b: unknown): string {
  const isObject = (value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  if (isObject(a) && isObject(b)) {
    for (const [key, value] of Object.entries(a as object)) {
      const other = (b as Record<string, unknown>)[key];
      if (JSON.stringify(value) !== JSON.stringify(other)) {
        return firstDifference(`${place}.${key}`, value, other);
      }
    }
  }
  return `${place} is ${shown(a)} and ${shown(b)}`;
}

function shown(value: unknown): string {
  const text = escapeControls(JSON.stringify(value));
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

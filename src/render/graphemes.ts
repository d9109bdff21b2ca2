const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

/** The characters as a reader sees them: an accent stays with its letter, a flag is one. */
export function graphemes(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

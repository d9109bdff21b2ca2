import type { TensorFlow } from "../../src/engine/tensorflow.ts";
import { openLines, readLines, writeLine } from "./lines.ts";
import type { Reference } from "./references.ts";
import { referenceBook, type TruthLine, truthOf } from "./truth.ts";

/** Files of the truth, and of that of references. */
export interface TruthFiles {
  truth: string | URL;
  references: string | URL;
}

/**
 * Trains the networks of some seeds and writes a line each; those that have a line are left out.
 *
 * @param done Told of each line once it is written.
 */
export async function writeTruth(
  tf: TensorFlow,
  seeds: readonly number[],
  files: TruthFiles,
  done: (line: TruthLine) => void = () => {},
): Promise<void> {
  const known = new Set((await readLines<TruthLine>(files.truth)).map(({ seed }) => seed));
  const references = await readLines<Reference>(files.references);
  using truthFile = await openLines(files.truth);
  using referenceFile = await openLines(files.references);
  const book = referenceBook(tf, references, (line) => writeLine(referenceFile, line));
  for (const seed of seeds) {
    if (known.has(seed)) continue;
    const line = await truthOf(tf, seed, book);
    await writeLine(truthFile, line);
    done(line);
  }
}

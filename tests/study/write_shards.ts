import {
  shardRange,
  STUDY_CLOSING,
  type StudyHeader,
  studyLine,
  studyOpening,
} from "../../src/study/study_document.ts";
import { makeHeader, makeLayer, makePoint } from "../networks/studies.ts";

/** A study in parts, as `sweep --shard` would have written them, without measuring anything. */
export interface Shards {
  /** Header of the whole. */
  header: StudyHeader;
  /** The files, in the order of their shards. */
  paths: string[];
}

/**
 * Writes a simulated study in parts.
 *
 * @param folder Where the parts go, as `1.json` and so on.
 * @param count How many parts.
 * @param points Points in each part.
 * @param layers Layers of a point: one takes some 270 bytes in the file.
 */
export async function writeShards(
  folder: string,
  { count, points, layers }: { count: number; points: number; layers: number },
): Promise<Shards> {
  const scales = Array.from({ length: points }, (_, i) => (i + 1) / points);
  const header = makeHeader({ scales, seeds: count, activations: ["tanh"], depths: [layers] });
  const paths = await Array.fromAsync({ length: count }, async (_, i) => {
    const part = { ...header, shard: { index: i + 1, count } };
    const { from, to } = shardRange(header.grid, part.shard);
    const lines = Array.from({ length: to - from }, (_, j) => studyLine(point(from + j)));
    const path = `${folder}/${i + 1}.json`;
    await Deno.writeTextFile(path, `${studyOpening(part)}\n${lines.join(",\n")}${STUDY_CLOSING}`);
    return path;
  });
  return { header, paths };

  function point(index: number) {
    // Figures of the length that measured ones have.
    const figure = Math.sin(index + 1);
    const over = { sigma: figure, gradient: figure / 3, delta: figure / 7, deltaNorm: figure / 9 };
    return makePoint(header, index, {
      objective: figure,
      layers: Array.from(
        { length: layers },
        (_, i) => makeLayer(`dense_${i + 1}`, { ...over, meanActivation: figure / 11 }),
      ),
    });
  }
}

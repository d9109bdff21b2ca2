/**
 * Prints how much memory `report` takes for the weights of sparse files of each format, and how long
 * that is beside `cat FILE > /dev/null`: `deno run -A bench/checkpoints/formats.ts [GB]`.
 *
 * @module
 */
import {
  writeSparseHdf5,
  writeSparseManifest,
  writeSparseNpz,
} from "../../tests/checkpoint/write_sparse.ts";
import { GRADIENT_HEALTH, timeCommand } from "./time_command.ts";

const gigabytes = Number(Deno.args[0] ?? 4);
const folder = await Deno.makeTempDir();
const width = 16384;
const rows = Math.round(gigabytes * 1e9 / 4 / width);

try {
  const arrays = [
    { name: "dense/kernel", shape: [rows, width], first: [1, 2, 3] },
    { name: "dense/bias", shape: [width], first: [1] },
  ];
  const numbered = arrays.map((array, i) => ({ ...array, name: String(i) }));
  await writeSparseNpz(`${folder}/weights.npz`, arrays);
  await writeSparseHdf5(`${folder}/a.weights.h5`, numbered);
  const manifest = await writeSparseManifest(folder, arrays, 1e9);
  for (const path of [`${folder}/weights.npz`, `${folder}/a.weights.h5`, manifest]) {
    const files = path === manifest ? `${folder}/group1-shard*` : path;
    const cat = await timeCommand("sh", "-c", `cat ${files} > /dev/null`);
    const report = await timeCommand(
      ...GRADIENT_HEALTH,
      "report",
      path,
      "--weights-only",
      "--quiet",
    );
    console.log(
      `${path.slice(folder.length + 1)} of ${gigabytes} GB: ${report.megabytes.toFixed(0)} MB, ` +
        `${report.seconds.toFixed(1)} s, ${(report.seconds / cat.seconds).toFixed(1)} times cat`,
    );
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}

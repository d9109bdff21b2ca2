import { layersOf } from "./layers_of.ts";
import { withFolder } from "../model/save_model.ts";
import { readWeights } from "../../../src/entry/model.ts";
import {
  compareCheckpoints,
  measureCheckpoint,
  type Measurements,
} from "../../../src/entry/measure.ts";
import type { WeightsFile } from "../../../src/files/weights_file.ts";
import { encode } from "../../../src/files/file_types.ts";
import { assemblePickle, dictionaryParts, tensorParts } from "../../torch/assemble_pickle.ts";
import { writeZip64 } from "../../torch/write_zip64.ts";
import { checkpointMemory } from "../../checkpoint/checkpoint_memory.ts";
import { assert, assertEquals } from "@std/assert";

type Shape = [rows: number, columns: number];

/** Array of float32 in the order of Fortran or C; what `values` lacks are zeros, not on the disk. */
async function writeNpy(
  path: string,
  { shape, values, isFortran }: { shape: Shape; values: Float32Array; isFortran: boolean },
): Promise<void> {
  const order = isFortran ? "True" : "False";
  const text = `{'descr': '<f4', 'fortran_order': ${order}, 'shape': (${shape}), }\n`;
  const head = [0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, text.length, 0];
  await Deno.writeFile(path, new Uint8Array([...head, ...new TextEncoder().encode(text)]));
  await Deno.writeFile(path, encode(values, "float32"), { append: true });
  await Deno.truncate(path, head.length + text.length + 4 * shape[0] * shape[1]);
}

/** State dict whose tensor is the transpose of its storage, or its storage. */
async function writeTorch(
  path: string,
  { shape, values, strides }: { shape: Shape; values: Float32Array; strides: number[] },
): Promise<void> {
  const count = shape[0] * shape[1];
  const parts = tensorParts({ key: "0", kind: "FloatStorage", count, shape, strides });
  await writeZip64(path, [
    { name: "net/data.pkl", content: assemblePickle(dictionaryParts({ "fc.weight": parts })) },
    {
      name: "net/data/0",
      content: count === values.length ? encode(values, "float32") : 4 * count,
    },
  ]);
}

/** Entries in rows, of which one is of zeros, one repeats another, and two have a NaN. */
function drawn([rows, columns]: Shape): Float32Array {
  const values = new Float32Array(rows * columns);
  for (let i = 0, state = 1; i < values.length; i++) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0;
    values[i] = state / 2 ** 34;
  }
  values.fill(0, 5 * columns, 6 * columns);
  values.copyWithin(7 * columns, columns, 2 * columns);
  // The first in the order of rows is the second in that of columns.
  values[12 * columns + 40] = NaN;
  values[90 * columns + 3] = NaN;
  return values;
}

function transposed(values: Float32Array, [rows, columns]: Shape): Float32Array {
  const to = new Float32Array(values.length);
  for (let row = 0, i = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, i++) to[column * rows + row] = values[i];
  }
  return to;
}

/** Returns a file none of whose tensors may be read whole. */
function inPieces(file: WeightsFile): WeightsFile {
  const never = (): never => assert(false, "it is held whole") as never;
  return { ...file, tensors: file.tensors.map((one) => ({ ...one, read: never, bytes: never })) };
}

const firstBroken = ({ layers: [{ weights: [weight] }] }: Measurements) =>
  weight.nonFiniteAt?.first;

/** 68 MB: larger than what is read at once, and than a piece. */
const SHAPE: Shape = [4250, 4000];

Deno.test("an array in the order of Fortran is read in pieces, with the figures of one of C", () =>
  withFolder(async (folder) => {
    const values = drawn(SHAPE);
    await Deno.mkdir(`${folder}/c`);
    const c = `${folder}/c/fc.weight.npy`, fortran = `${folder}/fc.weight.npy`;
    await writeNpy(c, { shape: SHAPE, values, isFortran: false });
    await writeNpy(fortran, {
      shape: SHAPE,
      values: transposed(values, SHAPE),
      isFortran: true,
    });
    const one = inPieces(await readWeights(c)), other = inPieces(await readWeights(fortran));
    const measured = await measureCheckpoint(other), plain = await measureCheckpoint(one);
    assertEquals(layersOf(measured), layersOf(plain));
    assertEquals([firstBroken(plain), firstBroken(measured)], [[12, 40], [90, 3]]);
    const [weight] = measured.layers[0].weights;
    assertEquals([weight.duplicateUnits, weight.zeroUnits], [1, 1]);
    const { tensors: [change] } = await compareCheckpoints(one, other);
    // A NaN differs from itself or not, as it does in a comparison of one file.
    const { tensors: [same] } = await compareCheckpoints(one, one);
    assertEquals(change, same);
  }));

Deno.test("a transposed tensor of PyTorch is read in pieces, with the figures of a plain one", () =>
  withFolder(async (folder) => {
    const values = drawn(SHAPE);
    const [rows, columns] = SHAPE;
    await writeTorch(`${folder}/a.pt`, { shape: SHAPE, values, strides: [columns, 1] });
    await writeTorch(`${folder}/b.pt`, {
      shape: SHAPE,
      values: transposed(values, SHAPE),
      strides: [1, rows],
    });
    const [plain, view] = await Promise.all(
      ["a.pt", "b.pt"].map(async (name) =>
        layersOf(await measureCheckpoint(inPieces(await readWeights(`${folder}/${name}`))))
      ),
    );
    assertEquals(view, plain);
  }));

Deno.test({
  name: "an array of Fortran and a transposed tensor of 205 MB take less than 300 MB of memory",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withFolder(async (folder) => {
      const shape: Shape = [7000, 7350];
      const values = drawn([100, 7350]);
      await writeNpy(`${folder}/a.npy`, { shape, values, isFortran: true });
      await writeTorch(`${folder}/a.pt`, { shape, values, strides: [1, 7000] });
      for (const name of ["a.npy", "a.pt"]) {
        const { count, megabytes, said } = await checkpointMemory(`${folder}/${name}`);
        assertEquals(count, 7000 * 7350, said);
        assert(megabytes < 300, `${name}: ${megabytes.toFixed(0)} MB`);
      }
    }),
});

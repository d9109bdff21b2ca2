import { withFolder } from "../core/model/save_model.ts";
import { readWeights } from "../../src/entry/model.ts";
import { compareFiles } from "../../src/checkpoint/compare_checkpoints.ts";
import { type JournalOptions, measureFile } from "../../src/checkpoint/measure_checkpoint.ts";
import { SweepJournal } from "../../src/checkpoint/sweep_journal.ts";
import { compareCheckpoints, type MeasureCheckpointOptions } from "../../src/entry/measure.ts";
import { encode } from "../../src/files/file_types.ts";
import { assemblePickle, dictionaryParts, tensorParts } from "../torch/assemble_pickle.ts";
import { BLOCK, drawn, type PackedFile, writePacked } from "./write_packed.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";

type Read = Awaited<ReturnType<typeof readWeights>>;
type Options = MeasureCheckpointOptions;
type Work = (file: Read, options: Options) => Promise<unknown>;

const diff: Work = (file, options) => compareCheckpoints(file, file, options);

/** Number of bytes of a small part; results so far are kept after four parts, as they are by default. */
const PART = 2 ** 22;

/** Returns the same work in parts of a sixteenth of their size, so that small files have several. */
const inSmallParts =
  (work: (file: Read, options: JournalOptions) => Promise<unknown>): Work =>
  async (file, { journal: path = null, ...options }) => {
    using journal = path === null ? null : await SweepJournal.open(path, [file], 4 * PART);
    const found = await work(file, { ...options, journal, partBytes: PART });
    await journal?.remove();
    return found;
  };

const smallReport = inSmallParts(measureFile);
const smallDiff = inSmallParts((file, options) => compareFiles(file, file, options));

/** Number of bytes of a pass after which a work is stopped. */
interface Stop {
  bytes: number;
  pass?: number;
}

/**
 * Stops a work after some bytes of a pass over the file, and does it again from its journal.
 *
 * @returns Its results without a stop and with it, and the bytes that were left of all.
 */
async function stopped(path: string, work: Work, { bytes, pass = 1 }: Stop) {
  const whole = await work(await readWeights(path), {});
  const journal = `${path}.progress`;
  const stop = new AbortController();
  let total = 0, before = 0, passes = 1;
  const onProgress: Options["onProgress"] = (done) => {
    total = Math.max(total, done.total);
    if (done.bytes <= before) passes++;
    before = done.bytes;
    if (passes === pass && done.bytes >= bytes) stop.abort(new Error("stopped"));
  };
  const options = { threads: 1, journal, signal: stop.signal, onProgress };
  const file = await readWeights(path);
  await assertRejects(() => work(file, options), Error, "stopped");
  const kept = await Deno.readTextFile(journal);
  let left = 0;
  const resumed = await work(await readWeights(path), {
    journal,
    onProgress: ({ bytes }) => void (left = Math.max(left, bytes)),
  });
  await assertRejects(() => Deno.stat(journal), Deno.errors.NotFound);
  return { whole, resumed, left, total, kept };
}

/**
 * Writes a `.safetensors` with tensors of one shape, sparse except for drawn blocks at some of its
 * bytes.
 */
async function writeSparse(
  path: string,
  { shape, names }: { shape: [number, number]; names: string[] },
  blocks: readonly number[],
) {
  const each = 2 * shape[0] * shape[1];
  const size = names.length * each;
  const entries = names.map((name, i) => [
    name,
    { dtype: "BF16", shape, data_offsets: [i * each, (i + 1) * each] },
  ]);
  const header = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const start = 8 + header.length;
  using file = await Deno.open(path, { write: true, create: true });
  const put = async (at: number, bytes: Uint8Array) => {
    await file.seek(at, Deno.SeekMode.Start);
    for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
  };
  await put(0, new Uint8Array(BigUint64Array.of(BigInt(header.length)).buffer));
  await put(8, header);
  const floats = Float32Array.from({ length: 2 ** 15 }, (_, i) => Math.sin(i * i));
  for (const block of blocks) await put(start + block, encode(floats, "bfloat16"));
  await put(start + size - 2, Uint8Array.of(0x80, 0x7f));
}

Deno.test("one large tensor goes on where it was stopped, in either pass, to the bit", () =>
  withFolder(async (folder) => {
    const path = `${folder}/w.safetensors`;
    const size = 5 * PART;
    const tensors = { shape: [size / 2 / 1024, 1024] as [number, number], names: ["embed.weight"] };
    await writeSparse(path, tensors, [0, 2 * PART, 4 * PART + PART / 16]);
    // Most rows are equal, and so the first pass is followed by one over whole rows.
    const bytes = 4 * PART;
    for (const pass of [1, 2]) {
      const { whole, resumed, kept } = await stopped(path, smallReport, { bytes, pass });
      assertEquals(resumed, whole);
      assertEquals(kept.trim().split("\n").length, 1 + pass);
    }
    const pair = await stopped(path, smallDiff, { bytes: 2 * bytes });
    assertEquals(pair.resumed, pair.whole);
    assert(pair.left <= pair.total - bytes, `${pair.left} of ${pair.total}`);
  }));

Deno.test("a journal gets the rows of a large tensor once", () =>
  withFolder(async (folder) => {
    const path = `${folder}/w.safetensors`;
    const rows = 10 * PART / 1024;
    await writeSparse(path, { shape: [rows, 512], names: ["embed.weight"] }, [0]);
    const { whole, resumed, kept } = await stopped(path, smallReport, { bytes: 8 * PART });
    assertEquals(resumed, whole);
    const [, first, second] = kept.split("\n").map(({ length }) => length);
    assert(first > 4 * 4 * PART / 1024 && second < 1.1 * first, `${first} and ${second} letters`);
  }));

Deno.test("a tensor goes on where it was stopped behind one that is swept again", () =>
  withFolder(async (folder) => {
    const path = `${folder}/w.safetensors`;
    const size = 5 * PART;
    // Equal rows leave the first pass without figures for the first tensor, too.
    const tensors = {
      shape: [size / 2 / 1024, 1024] as [number, number],
      names: ["h.0.fc.weight", "h.1.fc.weight"],
    };
    await writeSparse(path, tensors, [0, size, size + 2 * PART]);
    const { whole, resumed } = await stopped(path, smallReport, { bytes: size + 4 * PART });
    assertEquals(resumed, whole);
  }));

/** Header of an array of float32. */
function npyHead(shape: readonly number[], isFortran: boolean): Uint8Array<ArrayBuffer> {
  const order = isFortran ? "True" : "False";
  const text = `{'descr': '<f4', 'fortran_order': ${order}, 'shape': (${shape},), }\n`;
  const magic = [0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, text.length, 0];
  return new Uint8Array([...magic, ...new TextEncoder().encode(text)]);
}

const COUNT = 2;

/** Number of blocks of an array, which is too large to be unpacked in memory. */
const ARRAY_BLOCKS = 5;

/** Number of blocks of a tensor of PyTorch, whose view is gathered in several pieces. */
const VIEW_BLOCKS = 9;

const repeated = (blocks: number) => Array<Uint8Array>(blocks).fill(drawn);

function arrays(isFortran: boolean): PackedFile[] {
  return Array.from({ length: COUNT }, (_, i) => ({
    name: `h.${i}.fc.weight.npy`,
    pieces: [npyHead([ARRAY_BLOCKS * 1024, BLOCK / 1024], isFortran), ...repeated(ARRAY_BLOCKS)],
  }));
}

/** Files of an archive of `torch.save`, with views that begin behind the first rows. */
function torchFiles(isTransposed: boolean): PackedFile[] {
  const shape = [1024 * VIEW_BLOCKS, isTransposed ? 1024 : 1000];
  const strides = isTransposed ? [1, shape[0]] : [1024, 1];
  const count = VIEW_BLOCKS * BLOCK;
  const names = Array.from({ length: COUNT }, (_, i) => `${i}`);
  const tensors = names.map((key) => [
    `h.${key}.fc.weight`,
    tensorParts({ kind: "FloatStorage", count, shape, strides, key }),
  ]);
  const pickle = assemblePickle(dictionaryParts(Object.fromEntries(tensors)));
  return [
    { name: "net/data.pkl", pieces: [pickle] },
    ...names.map((key) => ({ name: `net/data/${key}`, pieces: repeated(VIEW_BLOCKS) })),
  ];
}

/** Archive whose tensors have some blocks, and the work that compares it with itself. */
interface Archive {
  file: string;
  blocks: number;
  files: PackedFile[];
  compare: Work;
}

const NPZ = { file: "a.npz", blocks: ARRAY_BLOCKS, compare: smallDiff };
const TORCH = { file: "a.pt", blocks: VIEW_BLOCKS, compare: diff };
const ARCHIVES: Record<string, Archive> = {
  "packed arrays": { ...NPZ, files: arrays(false) },
  "packed arrays in the order of Fortran": { ...NPZ, files: arrays(true) },
  "a packed archive of torch.save with transposed tensors": { ...TORCH, files: torchFiles(true) },
  "a packed archive of torch.save with tensors that have gaps": {
    ...TORCH,
    files: torchFiles(false),
  },
};

for (const [name, { file, blocks, files, compare }] of Object.entries(ARCHIVES)) {
  Deno.test(`${name} go on where they were stopped, to the bit`, () =>
    withFolder(async (folder) => {
      const path = `${folder}/${file}`;
      await writePacked(path, files);
      const size = 4 * BLOCK * blocks;
      const works = [
        { work: smallReport, stop: { bytes: 1.5 * size } },
        { work: compare, stop: { bytes: 3 * size } },
      ];
      for (const { work, stop } of works) {
        const { whole, resumed, kept } = await stopped(path, work, stop);
        assertEquals(resumed, whole);
        const lines = kept.trim().split("\n").length;
        assert(lines >= 2, `${lines} lines`);
      }
    }));
}

import { withFolder } from "../core/model/save_model.ts";
import { ModelError, readWeights } from "../../src/entry/model.ts";
import { measureCheckpoint } from "../../src/entry/measure.ts";
import { openZip } from "../../src/files/unzip.ts";
import { assemblePickle, dictionaryParts, tensorParts } from "../torch/assemble_pickle.ts";
import { writeLargeProgram } from "../torch/program/write_large_program.ts";
import { writeZip } from "../files/write_zip.ts";
import { checkpointMemory } from "./checkpoint_memory.ts";
import { BLOCK, drawn, type PackedFile, writePacked } from "./write_packed.ts";
import { writeSparseHdf5 } from "./write_sparse.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";

/** Returns files of an archive with a kernel of as many blocks, in the format of a suffix. */
type Files = (blocks: number, folder: string) => Promise<PackedFile[]>;

const repeated = (blocks: number) => Array<Uint8Array>(blocks).fill(drawn);

const torchFiles = (isTransposed: boolean): Files => async (blocks) => {
  const shape = [1024 * blocks, 1024];
  const strides = isTransposed ? [1, shape[0]] : [1024, 1];
  const tensor = tensorParts({ kind: "FloatStorage", count: blocks * BLOCK, shape, strides });
  const pickle = assemblePickle(dictionaryParts({ "fc.weight": tensor }));
  return await Promise.resolve([
    { name: "net/data.pkl", pieces: [pickle] },
    { name: "net/data/0", pieces: repeated(blocks) },
  ]);
};

const fortranFiles: Files = async (blocks) => {
  const shape = `(${1024 * blocks}, 1024)`;
  const text = `{'descr': '<f4', 'fortran_order': True, 'shape': ${shape}, }\n`;
  const head = [0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, text.length, 0];
  return await Promise.resolve([{
    name: "fc.weight.npy",
    pieces: [
      new Uint8Array([...head, ...new TextEncoder().encode(text)]),
      ...repeated(blocks),
    ],
  }]);
};

const kerasFiles: Files = async (blocks, folder) => {
  const path = `${folder}/sparse.weights.h5`;
  await writeSparseHdf5(path, [{ name: "0", shape: [1024, 1024 * blocks], first: [] }]);
  const { tensors: [{ stored }] } = await readWeights(path);
  using file = await Deno.open(path);
  const head = new Uint8Array(stored!.offset);
  for (let at = 0; at < head.length;) at += (await file.read(head.subarray(at)))!;
  await Deno.remove(path);
  return [{ name: "model.weights.h5", pieces: [head, ...repeated(blocks)] }];
};

const programFiles: Files = async (blocks, folder) => {
  const units = 77;
  await writeLargeProgram(`${folder}/small.pt2`, { layers: 1, units, isPickled: false });
  const small = openZip(await Deno.readFile(`${folder}/small.pt2`), ModelError);
  await Deno.remove(`${folder}/small.pt2`);
  return [...small.values()].map(({ name, read }) => {
    if (/weight_0$/.test(name)) return { name, pieces: repeated(blocks) };
    const text = new TextDecoder().decode(read());
    // 16 and 49 blocks are squares.
    const size = Math.sqrt(blocks * BLOCK);
    return { name, pieces: [new TextEncoder().encode(text.replaceAll(/\b77\b/g, `${size}`))] };
  });
};

/** Number of blocks of 205 MB: a process that held them, too, would take more than 300 MB. */
const BLOCKS = 49;

/** Number of blocks that are copied: 16 MiB are unpacked in memory. */
const COPIED = 5;

/** Formats by the suffix of their files. */
const FORMATS: [suffix: string, files: Files][] = [
  [".pt", torchFiles(false)],
  [".pth", torchFiles(true)],
  [".npz", fortranFiles],
  [".keras", kerasFiles],
  [".pt2", programFiles],
];

const plain = async (path: string, files: readonly PackedFile[]) =>
  await Deno.writeFile(
    path,
    writeZip(
      await Promise.all(files.map(async ({ name, pieces }) => ({
        name,
        content: new Uint8Array(await new Blob(pieces as Uint8Array<ArrayBuffer>[]).arrayBuffer()),
      }))),
    ),
  );

for (const [suffix, files] of FORMATS) {
  Deno.test(`a large packed file in a ${suffix} is measured like one that is stored`, () =>
    withFolder(async (folder) => {
      const all = await files(16, folder);
      await Deno.mkdir(`${folder}/plain`);
      await plain(`${folder}/plain/a${suffix}`, all);
      await writePacked(`${folder}/a${suffix}`, all);
      const [stored, packed] = await Promise.all(
        [`${folder}/plain/a${suffix}`, `${folder}/a${suffix}`].map((path) => readWeights(path)),
      );
      assert(packed.tensors.every((one) => one.stored !== undefined || one.unpack !== undefined));
      const one = await measureCheckpoint(stored);
      const other = await measureCheckpoint(packed);
      assertEquals(other.layers, one.layers);
      assert(one.layers[0].weights[0].values.count === 16 * BLOCK);
    }));

  Deno.test({
    name: `a packed file of 205 MB in a ${suffix} takes less than 300 MB of memory`,
    ignore: Deno.build.os !== "linux",
    fn: () =>
      withFolder(async (folder) => {
        await writePacked(`${folder}/a${suffix}`, await files(BLOCKS, folder));
        const { count, megabytes, said } = await checkpointMemory(`${folder}/a${suffix}`);
        assertEquals(count, BLOCKS * BLOCK, said);
        assert(megabytes < 300, `${megabytes.toFixed(0)} MB`);
      }),
  });
}

Deno.test("a large packed file with a wrong checksum is refused", () =>
  withFolder(async (folder) => {
    const path = `${folder}/a.pt`;
    await writePacked(path, await torchFiles(false)(COPIED, folder), { wrong: true });
    const { message } = await assertRejects(() => readWeights(path), ModelError);
    assert(message.startsWith(`${path}: `) && message.includes("damaged"), message);
  }));

Deno.test("without a place for the copy, a note says that the archive is held", () =>
  withFolder(async (folder) => {
    const files = await torchFiles(false)(COPIED, folder);
    await writePacked(`${folder}/a.pt`, files);
    const { makeTempFileSync } = Deno;
    Deno.makeTempFileSync = () => {
      throw new Deno.errors.NotCapable("no");
    };
    try {
      const file = await readWeights(`${folder}/a.pt`);
      assert(/^Unpacked in memory: no temporary file was written, it is not/.test(file.notes[0]));
      assertEquals(file.tensors[0].bytes!().length, COPIED * 4 * BLOCK);
    } finally {
      Deno.makeTempFileSync = makeTempFileSync;
    }
  }));

Deno.test("the copy of an archive that turns out to be unusable is removed at once", () =>
  withFolder(async (folder) => {
    await writePacked(`${folder}/a.pt`, [{ name: "net/data/0", pieces: repeated(COPIED) }]);
    const { makeTempFileSync } = Deno;
    Deno.makeTempFileSync = (options) => makeTempFileSync({ ...options, dir: folder });
    try {
      await assertRejects(() => readWeights(`${folder}/a.pt`), ModelError, "data.pkl");
    } finally {
      Deno.makeTempFileSync = makeTempFileSync;
    }
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["a.pt"]);
  }));

/** Reports an archive of some blocks; `use` gets the process when it writes the copy. */
async function withCopy(
  folder: string,
  blocks: number,
  use: (child: Deno.ChildProcess) => void,
): Promise<{ status: Deno.CommandStatus; left: string[] }> {
  const temporary = `${folder}/temporary`;
  const copies = () => [...Deno.readDirSync(temporary)].map(({ name }) => name);
  await writePacked(`${folder}/a.pt`, await torchFiles(false)(blocks, folder));
  await Deno.mkdir(temporary);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "mod.ts", "report", `${folder}/a.pt`],
    cwd: new URL("../../", import.meta.url),
    env: { TMPDIR: temporary },
    stdout: "null",
    stderr: "null",
  }).spawn();
  let isOver = false;
  const ended = child.status.finally(() => isOver = true);
  while (copies().length === 0 && !isOver) await new Promise((then) => setTimeout(then, 10));
  assert(!isOver, "there was no copy");
  use(child);
  return { status: await ended, left: copies() };
}

Deno.test({
  name: "the copy of an archive is removed when the process ends",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (folder) => {
      const { status, left } = await withCopy(folder, COPIED, () => {});
      assertEquals([status.signal, left], [null, []]);
    }),
});

Deno.test({
  name: "the copy of an archive is removed after Ctrl-C, which still ends the process",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (folder) => {
      const { status, left } = await withCopy(folder, BLOCKS, (child) => child.kill("SIGINT"));
      assertEquals([status.signal, left], ["SIGINT", []]);
    }),
});

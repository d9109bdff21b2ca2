import { assert, assertEquals, assertRejects } from "@std/assert";
import { readWeights } from "../../src/load/read_weights.ts";
import { measureCheckpoint } from "../../src/checkpoint/measure_checkpoint.ts";
import { WORTH_WORKERS } from "../../src/checkpoint/sweep_in_parallel.ts";
import { placeOf, SweepJournal } from "../../src/checkpoint/sweep_journal.ts";
import type { TensorFigures } from "../../src/checkpoint/tensor_sweep.ts";
import type { WeightsFile } from "../../src/files/weights_file.ts";
import { InputError } from "../../src/ground/words/input_error.ts";
import { writeCheckpoint } from "./write_checkpoint.ts";

/** Uses a file that is worth several threads: ten tensors, two of them with equal rows. */
async function withCheckpoint(use: (path: string, journal: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    const width = 2048;
    const rows = Math.ceil(WORTH_WORKERS / 10 / width / 2);
    const path = `${folder}/w.safetensors`;
    await writeCheckpoint(
      path,
      Array.from({ length: 10 }, (_, i) => ({
        name: `h.${i}.fc.weight`,
        dtype: "BF16" as const,
        shape: [rows, width],
        std: i < 2 ? 0 : 0.02 * (i + 1),
      })),
    );
    await use(path, `${folder}/progress`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Measures until this many bytes are read. */
async function stopAfter(share: number, path: string, journal: string): Promise<number> {
  const stop = new AbortController();
  let first: number | null = null;
  await measureCheckpoint(await readWeights(path), {
    threads: 1,
    journal,
    signal: stop.signal,
    onProgress({ bytes, total }) {
      first ??= total;
      if (bytes >= share * total) stop.abort(new Error("stopped"));
    },
  }).catch(() => {});
  return first!;
}

Deno.test("a sweep that was stopped goes on from its journal, to the bit", () =>
  withCheckpoint(async (path, journal) => {
    const file = await readWeights(path);
    const whole = await measureCheckpoint(file);
    const total = await stopAfter(0.6, path, journal);
    const text = await Deno.readTextFile(journal);
    assert(text.split("\n").length > 4, text.slice(0, 300));
    // As after kill -9: the last line is not whole.
    await Deno.writeTextFile(journal, text.slice(0, -200));
    let left: number | null = null;
    const resumed = await measureCheckpoint(file, {
      journal,
      onProgress: ({ total }) => void (left ??= total),
    });
    assertEquals(resumed, whole);
    assert(left! < 0.7 * total, `${left} of ${total}`);
    await assertRejects(() => Deno.stat(journal), Deno.errors.NotFound);
  }));

Deno.test("a journal of a file that has changed is not used, and another file or folder is not replaced", () =>
  withCheckpoint(async (path, journal) => {
    const total = await stopAfter(0.6, path, journal);
    await Deno.utime(path, new Date(1e12), new Date(1e12));
    assertEquals(await stopAfter(0.1, path, journal), total);
    await Deno.writeTextFile(journal, "mine");
    await assertRejects(() => stopAfterOrThrow(path, journal), InputError, "no journal");
    assertEquals(await Deno.readTextFile(journal), "mine");
    await Deno.remove(journal);
    await Deno.mkdir(journal);
    await assertRejects(() => stopAfterOrThrow(path, journal), InputError, "no journal");
    await Deno.remove(journal);
  }));

async function stopAfterOrThrow(path: string, journal: string) {
  await measureCheckpoint(await readWeights(path), { journal });
}

Deno.test("a journal tells tensors apart, and is not used for weights that are in memory", async () => {
  const path = await Deno.makeTempFile();
  const file = { path: "w", size: 16, changed: 1 };
  const tensor = (name: string, more: Partial<WeightsFile["tensors"][0]>) => ({
    name,
    shape: [2],
    type: "float32" as const,
    read: () => new Float32Array(2),
    ...more,
  });
  const places = [
    tensor("a", { source: file }),
    tensor("b", { source: file }),
    // Groups of a model.json each begin at 0.
    tensor("c", { stored: { file, offset: 0 } }),
    tensor("d", { stored: { file, offset: 0 } }),
    tensor("d", { stored: { file, offset: 8 } }),
    tensor("e", {}),
  ].map(placeOf);
  assertEquals(new Set(places).size, places.length);
  const known = async (own: WeightsFile["tensors"][0]) => {
    const weights: WeightsFile = { path: "w", format: "NumPy", tensors: [own], notes: [] };
    {
      using journal = await SweepJournal.open(path, [weights]);
      journal!.add(placeOf(own), 1);
    }
    using journal = await SweepJournal.open(path, [weights]);
    return journal!.get(placeOf(own));
  };
  try {
    assertEquals(await known(tensor("a", { source: file })), 1);
    assertEquals(await known(tensor("a", {})), undefined);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("a journal of a file on a server is that of its ETag, whatever its number there is", async () => {
  const path = await Deno.makeTempFile();
  const weights = (state: string | undefined, id: number): WeightsFile => {
    const remote = { mailbox: new SharedArrayBuffer(8), id };
    const stored = {
      file: {
        path: "http://host/w",
        size: 9,
        changed: null,
        remote,
        ...state === undefined ? {} : { state },
      },
      offset: 1,
    };
    const read = () => new Float32Array(2);
    const tensors: WeightsFile["tensors"] = [{
      name: "w",
      shape: [2],
      type: "float32",
      read,
      stored,
    }];
    return { path: "http://host/w", format: "safetensors", tensors, notes: [] };
  };
  const known = async (state: string | undefined, id: number) => {
    using journal = await SweepJournal.open(path, [weights(state, id)]);
    return journal!.get(placeOf(weights(state, id).tensors[0]));
  };
  try {
    const figures = { rows: null, columns: null, units: null } as TensorFigures;
    {
      using journal = await SweepJournal.open(path, [weights('"1"', 3)]);
      journal!.add(placeOf(weights('"1"', 3).tensors[0]), figures);
    }
    assertEquals(await known('"1"', 4), figures);
    assertEquals(await known('"2"', 4), undefined);
    // Without a state, nothing tells that the file is the same.
    {
      using journal = await SweepJournal.open(path, [weights(undefined, 3)]);
      journal!.add(placeOf(weights(undefined, 3).tensors[0]), figures);
    }
    assertEquals(await known(undefined, 3), undefined);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("a journal keeps results so far each 256 MB, and says if those before are found again", async () => {
  const path = await Deno.makeTempFile();
  const weights: WeightsFile = { path: "w", format: "NumPy", tensors: [], notes: [] };
  const half = 2 ** 27;
  try {
    {
      using journal = await SweepJournal.open(path, [weights]);
      const firsts: boolean[] = [];
      const advance = (name: string, bytes: number) =>
        journal!.advance(name, bytes, (isFirst) => {
          firsts.push(isFirst);
          return `${name}${firsts.length}`;
        });
      advance("a", half);
      assertEquals(firsts, []);
      advance("a", half);
      advance("b", half);
      advance("a", 2 * half);
      assertEquals(firsts, [true, false]);
      // A line of another tensor hides those of the first.
      advance("b", half);
      advance("a", 2 * half);
      assertEquals(firsts, [true, false, true, true]);
      journal!.add("c", 1);
      advance("a", 2 * half);
      advance("a", 2 * half);
      assertEquals(firsts.slice(4), [true, false]);
    }
    {
      using journal = await SweepJournal.open(path, [weights]);
      assertEquals([journal!.size, journal!.hasBegun], [1, true]);
      assertEquals([journal!.soFar("a"), journal!.soFar("b")], [["a5", "a6"], []]);
      // The results are in memory, whatever the rest of the file is.
      journal!.add("d", 2);
      assertEquals(journal!.soFar("a"), ["a5", "a6"]);
      journal!.advance("a", 2 * half, (isFirst) => isFirst ? "all" : "rest");
    }
    using journal = await SweepJournal.open(path, [weights]);
    assertEquals([journal!.get("d"), journal!.soFar("a")], [2, ["all"]]);
  } finally {
    await Deno.remove(path);
  }
});

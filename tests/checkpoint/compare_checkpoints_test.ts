import { weightChanges } from "../../src/core/compare/difference.ts";
import { readWeights, type WeightsFile } from "../../src/entry/model.ts";
import { compareCheckpoints } from "../../src/entry/measure.ts";
import { decode, encode } from "../../src/files/file_types.ts";
import type { FileType } from "../../src/ground/traits/number_types.ts";
import { type MadeTensor, writeCheckpoint } from "./write_checkpoint.ts";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";

const TYPES: FileType[] = ["float64", "float32", "float16", "bfloat16", "float8_e5m2"];

/** Returns a file in memory of tensors by name. */
const fileOf = (
  tensors: Record<string, { shape: number[]; type: FileType; bytes: Uint8Array }>,
): WeightsFile => ({
  path: "a.safetensors",
  format: "safetensors",
  notes: [],
  tensors: Object.entries(tensors).map(([name, { shape, type, bytes }]) => ({
    name,
    shape,
    type,
    read: () => decode(bytes, type),
  })),
});

/** Writes two files with one tensor each and compares them, as they are stored. */
async function compareStored(a: Uint8Array, typeA: FileType, b: Uint8Array, typeB: FileType) {
  const folder = await Deno.makeTempDir();
  try {
    const [one, other] = await Promise.all(
      [[a, typeA], [b, typeB]].map(async ([bytes, type], i) => {
        const path = `${folder}/${i}`;
        await Deno.writeFile(path, bytes as Uint8Array);
        const { size, mtime } = await Deno.stat(path);
        const values = decode(bytes as Uint8Array, type as FileType);
        const file = fileOf({ w: { shape: [values.length], type: type as FileType, bytes: a } });
        const stored = { file: { path, size, changed: mtime!.getTime() }, offset: 0 };
        return { ...file, tensors: [{ ...file.tensors[0], read: () => values, stored }] };
      }),
    );
    return (await compareCheckpoints(one, other)).tensors[0];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function draw(count: number, type: FileType, seed: number): Uint8Array {
  const values = Float32Array.from(
    { length: count },
    (_, i) => Math.sin(seed + i * i) * 10 ** ((i * 7 + seed) % 4 - 2),
  );
  if (type !== "float8_e5m2") return encode(values, type);
  return Uint8Array.from(values, (x) => Math.floor(Math.abs(x) * 1e4) % 120 + (x < 0 ? 128 : 0));
}

for (const typeA of TYPES) {
  for (const typeB of TYPES) {
    Deno.test(`compareCheckpoints() has the norms and cosine of ${typeA} beside ${typeB}`, async () => {
      const count = 2 ** 18 + 7;
      const a = draw(count, typeA, 1), b = draw(count, typeB, 2);
      const x = decode(a, typeA), y = decode(b, typeB);
      let xx = 0, yy = 0, xy = 0, apart = 0, differing = 0;
      for (let i = 0; i < count; i++) {
        xx += x[i] * x[i];
        yy += y[i] * y[i];
        xy += x[i] * y[i];
        apart += (x[i] - y[i]) ** 2;
        if (!Object.is(x[i], y[i])) differing++;
      }
      const found = await compareStored(a, typeA, b, typeB);
      assertEquals([found.differing, found.count], [differing, count]);
      assertEquals(found.types, [typeA, typeB]);
      assertAlmostEquals(found.relativeChange! / Math.sqrt(apart / xx), 1, 1e-12);
      assertAlmostEquals(found.cosine!, xy / Math.sqrt(xx * yy), 1e-12);
    });
  }
}

for (
  const [type, ints] of Object.entries({
    int8: Int8Array.of(1, -2, 3),
    bool: Uint8Array.of(1, 0, 1),
    uint16: Uint16Array.of(1, 2, 65535),
    // As float32, or as float64, the last two of these would be equal.
    int32: Int32Array.of(1, -2, 2 ** 30 + 1),
    int64: BigInt64Array.of(1n, -2n, 2n ** 60n + 1n),
  })
) {
  Deno.test(`compareCheckpoints() counts the entries of ${type} that differ`, async () => {
    const a = new Uint8Array(ints.buffer), b = a.slice();
    b[2 * a.length / 3] ^= 1;
    const of = async (b: Uint8Array) => {
      const { differing, count, relativeChange, cosine } = await compareStored(
        a,
        type as FileType,
        b,
        type as FileType,
      );
      return [differing, count, relativeChange, cosine];
    };
    const isVector = type === "int8";
    assertEquals(await of(a), [0, 3, 0, isVector ? 1 : null]);
    const changed = [1 / Math.sqrt(14), 11 / Math.sqrt(14 * 9)];
    assertEquals(await of(b), [1, 3, ...isVector ? changed : [null, null]]);
  });
}

Deno.test("compareCheckpoints() compares whole numbers of two types by their values", async () => {
  const narrow = new Uint8Array(Int32Array.of(1, -2, 3).buffer);
  const wide = new Uint8Array(BigInt64Array.of(1n, -2n, 4n).buffer);
  assertEquals((await compareStored(narrow, "int32", wide, "int64")).differing, 1);
});

Deno.test("compareCheckpoints() knows equal bits, one that differs, NaN and zeros", async () => {
  const a = new Float32Array([1, NaN, 3, 4, 5, 6, 7]);
  const bytes = (values: Float32Array) => new Uint8Array(values.buffer.slice(0) as ArrayBuffer);
  const compare = (one: Float32Array, other: Float32Array) =>
    compareStored(bytes(one), "float32", bytes(other), "float32");
  const same = await compare(a, a);
  assertEquals([same.differing, same.relativeChange, same.cosine], [0, 0, null]);
  const finite = Float32Array.of(1, 2, 3, 4, 5, 6, 7), moved = finite.slice();
  moved[6] = 8;
  const one = await compare(finite, moved);
  assertEquals(one.differing, 1);
  assertAlmostEquals(one.relativeChange!, 1 / Math.sqrt(140), 1e-12);
  const broken = await compare(a, finite);
  assertEquals([broken.differing, broken.relativeChange, broken.cosine], [1, null, null]);
  const zero = await compare(new Float32Array(7), finite);
  assertEquals([zero.differing, zero.relativeChange, zero.cosine], [7, null, null]);
  assertEquals([zero, broken, one].map(({ wasZero }) => wasZero), [true, undefined, undefined]);
  const alike = await compare(finite, finite);
  assertEquals([alike.relativeChange, alike.cosine], [0, 1]);
  const zeros = await compare(new Float32Array(7), new Float32Array(7));
  assertEquals([zeros.differing, zeros.relativeChange, zeros.cosine], [0, 0, null]);
});

Deno.test("compareCheckpoints() has the same bits however many threads there are", async () => {
  const folder = await Deno.makeTempDir();
  try {
    // 100 MB each: more than one thread is worth it.
    const tensors: MadeTensor[] = [
      { name: "a.weight", dtype: "BF16", shape: [5000, 8192] },
      { name: "b.weight", dtype: "F32", shape: [1024, 5000] },
    ];
    await writeCheckpoint(`${folder}/a.safetensors`, tensors, 1);
    await writeCheckpoint(`${folder}/b.safetensors`, tensors, 2);
    const [a, b] = await Promise.all(
      ["a", "b"].map((x) => readWeights(`${folder}/${x}.safetensors`)),
    );
    const seen: number[] = [];
    const one = await compareCheckpoints(a, b, {
      threads: 1,
      onProgress: ({ bytes, total }) => seen.push(bytes / total),
    });
    assertEquals(await compareCheckpoints(a, b, { threads: 3 }), one);
    assertEquals(seen.at(-1), 1);
    assert(one.tensors.every(({ cosine }) => Math.abs(cosine!) < 0.01));
    // Small ones are done before anybody would look.
    const small: MadeTensor[] = [{ name: "weight", dtype: "F32", shape: [8, 8] }];
    await writeCheckpoint(`${folder}/small.safetensors`, small, 1);
    const tiny = await readWeights(`${folder}/small.safetensors`);
    await compareCheckpoints(tiny, tiny, { onProgress: () => seen.push(NaN) });
    assertEquals(seen.filter(Number.isNaN), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const scalar = (x: number) => ({
  shape: [1],
  type: "float32" as const,
  bytes: encode(Float32Array.of(x), "float32"),
});

Deno.test("compareCheckpoints() pairs names without what all of a file begin with", async () => {
  const { tensors, onlyBefore, onlyAfter } = await compareCheckpoints(
    fileOf({ "module.fc1.weight": scalar(1), "module.fc2.weight": scalar(1) }),
    fileOf({ "fc1.weight": scalar(1), "fc3.weight": scalar(2) }),
  );
  assertEquals(tensors.map(({ name }) => name), ["fc1.weight"]);
  assertEquals([onlyBefore, onlyAfter], [["module.fc2.weight"], ["fc3.weight"]]);
});

Deno.test("weightChanges() says which blocks and kinds a fine-tune touched", async () => {
  const made = (touched: (block: number) => number) =>
    fileOf(Object.fromEntries([
      ...Array.from({ length: 12 }, (_, i) => i).flatMap((block) => [
        [`h.${block}.q.weight`, scalar(1 + touched(block))],
        [`h.${block}.k.weight`, scalar(1)],
      ]),
      ["wte.weight", scalar(3)],
    ]));
  const of = async (touched: (block: number) => number) =>
    weightChanges(await compareCheckpoints(made(() => 0), made(touched)));
  const tuned = await of((block) => block >= 10 || block === 2 ? 0.5 : 0);
  assertEquals(tuned.first, "h.2.q.weight");
  assertEquals(tuned.said, [
    "3 of 25 tensors differ; the first is h.2.q.weight.",
    "The largest relative change is 0.5, of h.2.q.weight.",
    "Of the blocks of h, 2, 10 to 11 differ; 0 to 1, 3 to 9 are equal to the bit.",
    "In the blocks, only h.*.q.weight differs.",
  ]);
  assertEquals(tuned.blocks.map(({ changed }) => changed), [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
  const all = weightChanges(
    await compareCheckpoints(
      fileOf({ a: scalar(1), b: scalar(1) }),
      fileOf({ a: scalar(2), b: scalar(3) }),
    ),
  );
  assertEquals(all.said[0], "All 2 tensors differ.");
  assertEquals((await of(() => 0)).said, ["All 25 tensors are equal to the bit."]);
  assertEquals((await of(() => 0)).first, null);
  // The last bit of one entry.
  assertEquals((await of((block) => block === 5 ? 2 ** -23 : 0)).first, "h.5.q.weight");
});

Deno.test("weightChanges() names the first tensor in the order of the network, not of the file", async () => {
  const of = async (...names: string[]) => {
    const made = (change: number) =>
      fileOf(Object.fromEntries(names.map((name) => [name, scalar(1 + change)])));
    return weightChanges(await compareCheckpoints(made(0), made(1))).first;
  };
  const stack = ["lm_head.weight", "h.10.q.weight", "h.2.q.weight"];
  assertEquals(await of(...stack, "wte.weight"), "wte.weight");
  assertEquals(await of(...stack), "h.2.q.weight");
  assertEquals(await of("h.2.v.weight", "h.2.q.weight", "h.2.k.weight"), "h.2.v.weight");
});

Deno.test("weightChanges() says what is not compared, and calls nothing else equal", async () => {
  const of = async (before: Parameters<typeof fileOf>[0], after: Parameters<typeof fileOf>[0]) =>
    weightChanges(await compareCheckpoints(fileOf(before), fileOf(after))).said;
  const whole = { shape: [1], type: "int8" as const, bytes: Uint8Array.of(1) };
  assertEquals(await of({ a: scalar(1), q: scalar(1) }, { a: scalar(1), q: whole }), [
    "The one tensor is equal to the bit.",
    "1 tensor was not compared: whole numbers in one file alone, or of a type that is not read.",
  ]);
  const wide = { ...scalar(1), shape: [1, 1] };
  assertEquals(await of({ a: scalar(1), b: scalar(2) }, { a: scalar(1), b: wide }), [
    "The one tensor of one shape in A and B is equal to the bit.",
  ]);
  assertEquals(await of({ b: scalar(2) }, { b: wide }), [
    "No tensor of A has the name and shape of one of B.",
  ]);
});

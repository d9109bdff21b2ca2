import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ModelError, readWeights } from "../../src/load/mod.ts";
import { fixture, refusalOf, safetensors } from "./fixture.ts";

const one = (changes: object = {}) => ({
  w: { dtype: "F32", shape: [2, 2], data_offsets: [0, 16], ...changes },
});

const refuses = (name: string, bytes: Uint8Array, message: string) =>
  Deno.test(`readWeights() refuses a safetensors file ${name}`, async () => {
    assertEquals(await refusalOf(".safetensors", bytes), message);
  });

refuses(
  "of no bytes",
  new Uint8Array(),
  "The file has 0 bytes, expected 8 with the header's length",
);
refuses(
  "whose header is longer than the file",
  new Uint8Array([255, 255, 255, 255, 255, 255, 255, 255, 1]),
  "The header is said to have 18446744073709551615 bytes, expected at most 1 in a file of 9: " +
    "truncated, or not a safetensors file",
);
refuses(
  "whose header is no JSON",
  safetensors("{"),
  "The header is not valid JSON, expected a safetensors file",
);
refuses(
  "whose header is a list",
  safetensors([]),
  "The header is an empty array, expected an object of tensors",
);
refuses(
  "without tensors",
  safetensors({ __metadata__: { a: "b" } }),
  "The file holds no tensors, expected weights",
);
refuses(
  "of whole numbers alone",
  safetensors({ w: { dtype: "I64", shape: [1], data_offsets: [0, 8] } }, 8),
  "The file holds only tensors of int64, expected weights",
);
refuses(
  "of an unknown type",
  safetensors(one({ dtype: "F5" }), 16),
  'dtype of "w" is "F5", expected F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL, ' +
    "F8_E4M3, F8_E5M2, F8_E4M3FNUZ, F8_E5M2FNUZ, F6_E2M3, F6_E3M2, F4, F8_E8M0 or C64",
);
refuses(
  "with a gigantic shape",
  safetensors(one({ shape: [2 ** 40, 2 ** 40] }), 16),
  'shape of "w" is [1099511627776, 1099511627776], expected whole numbers of a tensor',
);
refuses(
  "with a shape that its bytes do not hold",
  safetensors(one({ shape: [2 ** 31, 2] }), 16),
  'data_offsets of "w" cover 16 bytes, expected 17179869184 for shape [2147483648, 2] of F32',
);
refuses(
  "with a negative size",
  safetensors(one({ shape: [-2, 2] }), 16),
  'shape of "w" is [-2, 2], expected whole numbers of a tensor',
);
refuses(
  "whose tensors overlap",
  safetensors({ ...one(), v: { dtype: "F32", shape: [2], data_offsets: [12, 20] } }, 20),
  'data_offsets of "v" begin at 12, expected 16, where "w" ends: two tensors overlap',
);
refuses(
  "with a hole",
  safetensors({ ...one(), v: { dtype: "F32", shape: [2], data_offsets: [20, 28] } }, 28),
  'data_offsets of "v" begin at 20, expected 16: there is a hole',
);
refuses(
  "that is truncated",
  safetensors(one(), 15),
  'data_offsets of "w" end at 16, expected at most 15, the end of the file: truncated',
);
refuses(
  "with bytes that belong to nothing",
  safetensors(one(), 20),
  "The file has 20 bytes of entries, expected the 16 that its header declares",
);
refuses(
  "whose offsets are turned round",
  safetensors(one({ data_offsets: [16, 0] }), 16),
  'data_offsets of "w" is an array of 2 items, expected where it begins and ends',
);

Deno.test("readWeights() refuses a safetensors file that is cut anywhere", async () => {
  const whole = await Deno.readFile(fixture("digits.safetensors"));
  for (let length = 0; length < whole.length; length += 97) {
    await refusalOf(".safetensors", whole.subarray(0, length));
  }
  assertStringIncludes(await refusalOf(".safetensors", whole.subarray(0, -1)), "truncated");
});
for (const key of ["shape", "data_offsets"]) {
  refuses(
    `without ${key}`,
    safetensors(one({ [key]: undefined }), 16),
    `${key} of "w" is missing, expected an array`,
  );
}

/** Writes a file that is as long as its header says, of which only some bytes take room on the disk. */
async function writeSparse(path: string, header: object, length: number, tail: number[]) {
  const head = safetensors(header);
  await Deno.writeFile(path, head);
  await Deno.truncate(path, head.length + length);
  using file = await Deno.open(path, { write: true });
  await file.seek(head.length + length - 4 * tail.length, Deno.SeekMode.Start);
  await file.write(new Uint8Array(new Float32Array(tail).buffer));
}

for (const exponent of [27, 32, 33, 40]) {
  Deno.test(`readWeights() reads a tensor that begins at byte 2^${exponent} of a safetensors file`, async () => {
    const path = await Deno.makeTempFile({ suffix: ".safetensors" });
    const begin = 2 ** exponent;
    try {
      const header = {
        large: { dtype: "F32", shape: [begin / 4], data_offsets: [0, begin] },
        small: { dtype: "F32", shape: [3], data_offsets: [begin, begin + 12] },
      };
      await writeSparse(path, header, begin + 12, [1, -2, 3]);
      const { tensors } = await readWeights(path);
      assertEquals(tensors.map(({ shape }) => shape), [[begin / 4], [3]]);
      assertEquals([...tensors[1].read()], [1, -2, 3]);
      if (begin > 2 ** 32) {
        assertEquals(
          assertThrows(() => tensors[0].read(), ModelError).message,
          `${path}: "large" has ${begin / 2 ** 30}.0 GiB, expected at most 4.0 GiB`,
        );
      }
    } finally {
      await Deno.remove(path);
    }
  });
}

Deno.test("readWeights() refuses to read a tensor of a safetensors file that was changed since", async () => {
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  try {
    await writeSparse(path, { w: { dtype: "F32", shape: [1], data_offsets: [0, 4] } }, 4, [5]);
    const { tensors } = await readWeights(path);
    await Deno.truncate(path, 8);
    assertEquals(
      assertThrows(() => tensors[0].read(), ModelError).message,
      `${path}: the file was changed while it was being read`,
    );
  } finally {
    await Deno.remove(path);
  }
});

import { assertEquals } from "@std/assert";
import { ModelError, readWeights } from "../../src/entry/model.ts";
import { fixture, refusalOf, safetensors } from "./fixture.ts";
import { assertRefused, type Parts, parts } from "../assert_refused.ts";

const one = (changes: object = {}) => ({
  w: { dtype: "F32", shape: [2, 2], data_offsets: [0, 16], ...changes },
});

const refuses = (name: string, bytes: Uint8Array, said: Parts) =>
  Deno.test(`readWeights() refuses a safetensors file ${name}`, async () => {
    assertEquals(await refusalOf(".safetensors", bytes), said);
  });

refuses(
  "of no bytes",
  new Uint8Array(),
  parts("The file", "0 bytes", "8 with the header's length"),
);
refuses(
  "whose header is longer than the file",
  new Uint8Array([255, 255, 255, 255, 255, 255, 255, 255, 1]),
  parts(
    "The header",
    "said to have 18446744073709551615 bytes",
    "at most 1 in a file of 9: truncated, or not a safetensors file",
  ),
);
refuses(
  "whose header is no JSON",
  safetensors("{"),
  parts("The header", "not valid JSON", "a safetensors file"),
);
refuses(
  "whose header is a list",
  safetensors([]),
  parts("The header", "an empty array", "an object of tensors"),
);
refuses(
  "without tensors",
  safetensors({ __metadata__: { a: "b" } }),
  parts("The file", "no tensors", "weights"),
);
refuses(
  "of whole numbers alone",
  safetensors({ w: { dtype: "I64", shape: [1], data_offsets: [0, 8] } }, 8),
  parts("The file", "only tensors of int64", "weights"),
);
refuses(
  "of an unknown type",
  safetensors(one({ dtype: "F5" }), 16),
  parts(
    'dtype of "w"',
    '"F5"',
    "F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL, F8_E4M3, F8_E5M2, F8_E4M3FNUZ, F8_E5M2FNUZ, F6_E2M3, F6_E3M2, F4, F8_E8M0 or C64",
  ),
);
refuses(
  "with a gigantic shape",
  safetensors(one({ shape: [2 ** 40, 2 ** 40] }), 16),
  parts('shape of "w"', "[1099511627776, 1099511627776]", "whole numbers of a tensor"),
);
refuses(
  "with a shape that its bytes do not hold",
  safetensors(one({ shape: [2 ** 31, 2] }), 16),
  parts('data_offsets of "w"', "16 bytes", "17179869184 for shape [2147483648, 2] of F32"),
);
refuses(
  "with a negative size",
  safetensors(one({ shape: [-2, 2] }), 16),
  parts('shape of "w"', "[-2, 2]", "whole numbers of a tensor"),
);
refuses(
  "whose tensors overlap",
  safetensors({ ...one(), v: { dtype: "F32", shape: [2], data_offsets: [12, 20] } }, 20),
  parts('data_offsets of "v"', "12", '16, where "w" ends'),
);
refuses(
  "with a hole",
  safetensors({ ...one(), v: { dtype: "F32", shape: [2], data_offsets: [20, 28] } }, 28),
  parts('data_offsets of "v"', "20", "16: there is a hole"),
);
refuses(
  "that is truncated",
  safetensors(one(), 15),
  parts('data_offsets of "w"', "16", "at most 15, the end of the file: truncated"),
);
refuses(
  "with bytes that belong to nothing",
  safetensors(one(), 20),
  parts("The file", "20 bytes of entries", "the 16 that its header declares"),
);
refuses(
  "whose offsets are turned round",
  safetensors(one({ data_offsets: [16, 0] }), 16),
  parts('data_offsets of "w"', "an array of 2 items", "where it begins and ends"),
);

Deno.test("readWeights() refuses a safetensors file that is cut anywhere", async () => {
  const whole = await Deno.readFile(fixture("digits.safetensors"));
  for (let length = 0; length < whole.length; length += 97) {
    await refusalOf(".safetensors", whole.subarray(0, length));
  }
  const { place } = await refusalOf(".safetensors", whole.subarray(0, -1));
  assertEquals(place, 'data_offsets of "up.weight"');
});
for (const key of ["shape", "data_offsets"]) {
  refuses(
    `without ${key}`,
    safetensors(one({ [key]: undefined }), 16),
    parts(`${key} of "w"`, "missing", "an array"),
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
        assertRefused(
          () => tensors[0].read(),
          parts(`${path}: "large"`, `${begin / 2 ** 30}.0 GiB`, "at most 4.0 GiB"),
          ModelError,
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
    assertRefused(
      () => tensors[0].read(),
      parts(path, "the file was changed while it was being read", ""),
      ModelError,
    );
  } finally {
    await Deno.remove(path);
  }
});

import { fixture, refusalOf, safetensors } from "./fixture.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";

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
  "of an unknown type",
  safetensors(one({ dtype: "F4" }), 16),
  'dtype of "w" is "F4", expected F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL, ' +
    "F8_E4M3, F8_E5M2 or C64",
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
    `${key} of "w" is missing`,
  );
}

import { renderWholeNumbers, wholeWords } from "../../../src/core/text/layer_table.ts";
import type { Measurements, WholeTensor } from "../../../src/core/measure/measurements.ts";
import { assertEquals } from "@std/assert";

Deno.test("tensors of whole numbers that are alike are described once", () => {
  const whole = (name: string, largest: number, shape: number[] = []) =>
    ({
      name,
      type: "int64",
      shape,
      range: [largest, largest],
      values: { zeroFraction: 0 },
    }) as unknown as WholeTensor;
  const wholeNumbers = [
    ...Array.from({ length: 20 }, (_, i) => whole(`bn${i}.num_batches_tracked`, 150)),
    whole("bn20.num_batches_tracked", 151),
    whole("other.steps", 150),
    ...Array.from({ length: 12 }, (_, i) => whole(`t${i}`, i, [2])),
  ];
  const words = wholeWords({ weightsOnly: { wholeNumbers } } as unknown as Measurements)!;
  assertEquals(words.title, "Whole numbers: 34 tensors");
  assertEquals([words.tensors.length, words.more], [12, 22]);
  const few = wholeNumbers.slice(0, 22);
  const { tensors, more } = wholeWords(
    { weightsOnly: { wholeNumbers: few } } as unknown as Measurements,
  )!;
  assertEquals([tensors.map(({ name, type }) => `${name}: ${type}`), more], [
    [
      "bn0.num_batches_tracked: int64 [], one of 20 alike",
      "bn20.num_batches_tracked: int64 []",
      "other.steps: int64 []",
    ],
    0,
  ]);
});

Deno.test("renderWholeNumbers() has a paragraph for each tensor, and says how many it leaves out", () => {
  const whole = (name: string, over: object = {}) => ({
    name,
    type: "int64",
    shape: [2, 3],
    range: [0, 1200],
    values: { zeroFraction: 0.25 },
    ...over,
  });
  const lines = (wholeNumbers: object[]) =>
    renderWholeNumbers(
      { weightsOnly: { wholeNumbers } } as unknown as Measurements,
      { width: 60, ellipsis: ".." },
    );
  const alike = {
    rows: { zero: 1, constant: 0, repeated: 2 },
    columns: { zero: 0, constant: 1, repeated: 0 },
  };
  const long = "n".repeat(31);
  assertEquals(lines([whole("a", { range: [7, 7] }), whole(long, { layer: "dense", alike })]), [
    "Whole numbers: 2 tensors",
    "  a: int64 [2, 3], 7, 25% zeros",
    "  nnnnnnnnn..nnnnnnnnnnnnnnnnnnn: int64 [2, 3], a kernel, 0",
    "    to 1,200, 25% zeros, 1 zero row, 2 repeated rows, 1",
    "    constant column",
    "",
  ]);
  const many = Array.from({ length: 13 }, (_, i) => whole(`t${i}`, { range: [i, i] }));
  assertEquals(lines(many.slice(0, 12)).slice(-2), ["  t11: int64 [2, 3], 11, 25% zeros", ""]);
  assertEquals(lines(many).slice(-2), ["  and 1 more: --format json", ""]);
  assertEquals(lines([]), []);
});

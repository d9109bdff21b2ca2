import { wholeWords } from "../../src/render/whole_numbers.ts";
import type { Measurements, WholeTensor } from "../../src/measure/measurements.ts";
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

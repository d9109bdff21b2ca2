import { assertEquals, assertThrows } from "@std/assert";
import { joinParts, type ReportPart } from "../../../src/core/text/report_document.ts";
import { InputError } from "../../../src/ground/words/input_error.ts";
import { layer, measurements } from "../../networks/sample.ts";

type Part = ReportPart & { name: string };

function part(
  index: number,
  count: number,
  { name = "digits", whole = [] as string[] } = {},
): Part {
  const depths = [index, index + count];
  const measured = measurements(
    depths.map((depth) => layer(`dense_${depth}`, {}, { depth })),
  );
  const wholeNumbers = whole.map((name) => ({ name }));
  return {
    version: 1,
    name: `part_${index}`,
    shard: { index, count },
    measurements: {
      ...measured,
      model: { ...measured.model, name },
      weightsOnly: { wholeNumbers },
    } as unknown as Part["measurements"],
  };
}

Deno.test("joinParts() sorts the layers of all parts by depth, and whole numbers by name", () => {
  const { layers, weightsOnly } = joinParts([
    part(2, 2, { whole: ["c", "a"] }),
    part(1, 2, { whole: ["b"] }),
  ]);
  assertEquals(layers.map(({ name }) => name), ["dense_1", "dense_2", "dense_3", "dense_4"]);
  assertEquals(weightsOnly?.wholeNumbers?.map(({ name }) => name), ["a", "b", "c"]);
  const none = joinParts([part(1, 1)]);
  assertEquals(none.weightsOnly?.wholeNumbers, []);
  const one = joinParts([part(1, 1, { whole: ["a"] })]);
  assertEquals(one.weightsOnly?.wholeNumbers?.length, 1);
});

Deno.test("joinParts() rejects parts of other weights or another number, twice, or missing", () => {
  const refuses = (parts: Part[], text: string) =>
    void assertThrows(() => joinParts(parts), InputError, text);
  refuses(
    [part(1, 2), part(2, 2, { name: "other" })],
    "part_2 is a part of the report on other weights, expected those of part_1",
  );
  refuses([part(1, 2), part(2, 3)], "part_2 is one of 3 parts, expected 2 as in part_1");
  refuses([part(1, 2), part(1, 2)], "part_1 is part 1 of 2, expected another than part_1");
  refuses([part(2, 4), part(3, 4)], "Parts 1, 4 of 4 are missing, expected all");
});

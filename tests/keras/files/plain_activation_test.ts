import { activationOfLayer } from "../../../src/keras/files/plain_operation.ts";
import { ModelError } from "../../../src/entry/model.ts";
import { assertEquals } from "@std/assert";
import { assertRefused, parts } from "../../assert_refused.ts";

const slope = (negative_slope: unknown) =>
  activationOfLayer({ class_name: "LeakyReLU", config: { negative_slope } }, "place", {
    isKeras3: true,
  });

Deno.test("activationOfLayer() takes a number for a slope, and nothing else", () => {
  assertEquals(slope(0.1), { class_name: "leakyRelu", config: { alpha: 0.1 } });
  for (const odd of [{}, [0.1], "0.1"]) {
    assertRefused(
      () => slope(odd),
      parts(
        "place",
        'a layer "LeakyReLU" with settings that no activation has',
        "it after the layer, not in it",
      ),
      ModelError,
    );
  }
});

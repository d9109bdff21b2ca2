import { assertEquals, assertThrows } from "@std/assert";
import {
  requireSetting,
  requireTopologyLayers,
} from "../../../src/keras/topology/require_layers.ts";
import { ModelError } from "../../../src/core/model/model_error.ts";
import { KINDS, required, type Setting } from "../../../src/ground/traits/setting.ts";

const MOST = 2 ** 31 - 1;

/** Accepted and refused values of each kind of setting, on both sides of each limit. */
const CASES: [name: string, setting: Setting, taken: unknown[], refused: unknown[]][] = [
  ["axis", KINDS.axis, [0, -1, MOST, -MOST], [0.5, "1", MOST + 1, -MOST - 1, true, [1]]],
  ["axes", KINDS.axes, [0, [1], [0, -1]], [[], [0.5], [null], [[1]]]],
  ["axesOrNone", KINDS.axesOrNone, [0, [], [1, 2]], [[0.5], "", 0.5]],
  ["count", KINDS.count, [1, MOST], [0, -1, 1.5, MOST + 1, "1", [1]]],
  ["counts(1)", KINDS.counts(1), [1, [1]], [0, [0], [], [1, 1]]],
  ["counts(2)", KINDS.counts(2), [1, [1, 2]], [0, [1, 0], [1], [1, 1, 1]]],
  ["bordersOf(1)", KINDS.bordersOf(1), [0, 1, [0, 1]], [-1, [1], [0, -1], [[0, 1], [0, 1]]]],
  [
    "bordersOf(2)",
    KINDS.bordersOf(2),
    [0, 1, [0, 1], [[0, 1], [2, 3]], [1, [2, 3]]],
    [-1, [1], [[0, 1]], [[0, 1], [2]], [[0, 1], [2, -1]], [1, 2, 3]],
  ],
  ["bordersOf(3)", KINDS.bordersOf(3), [0, [0, 1, 2], [[0, 1], 1, 1]], [[0, 1], [0, 1, -1]]],
  ["choice", KINDS.choice("fanIn", "fanOut"), ["fanIn", "fan_out"], ["fan", "", 1, ["fanIn"]]],
  ["flag", KINDS.flag, [true, false], [0, 1, "true"]],
  ["fraction", KINDS.fraction, [0, 0.5, 1], [-1e-9, 1 + 1e-9, NaN, "0", [0]]],
  ["number", KINDS.number, [0, -1.5, 1e300], [NaN, Infinity, "1", [1]]],
  ["numbers", KINDS.numbers, [0, [0.5, -1]], [[], [NaN], ["1"]]],
  ["only(1)", KINDS.only(1, "why"), [1], [0, 2, true]],
  ["only(false)", KINDS.only(false, "why"), [false], [true, 0]],
  ["pair of counts", KINDS.pair("count"), [[1, 2]], [1, [1], [1, 0], [1, 1, 1]]],
  ["permutation", KINDS.permutation, [[1], [2, 1], [3, 1, 2]], [[0], [2], [1, 1], [1.5], 1, "21"]],
  [
    "range",
    KINDS.range,
    [1e-9, 5, [-1, -1], [-0.5, 0.5], [0, 0]],
    [0, -1, Infinity, [-1.1, 0], [0.5, 0.4], [0], [0, 1, 2], [0, Infinity], "1"],
  ],
  ["batchShape", KINDS.batchShape, [[null], [null, 3], [1, 2]], [[], [0], [undefined], 3, ["1"]]],
  ["shape", KINDS.shape, [[], [null, 3], [1]], [[0], [-1], 3]],
  ["sizes", KINDS.sizes, [1, [1, null]], [0, [], [0]]],
  ["target", KINDS.target, [[], [1], [2, 3], [-1], [2, null]], [
    [-1, -1],
    [-1, null],
    [0],
    [-2],
    3,
  ]],
  ["text", KINDS.text, ["a"], ["", 1, ["a"]]],
];

for (const [name, setting, taken, refused] of CASES) {
  Deno.test(`a setting of kind ${name} takes what it says and nothing beside it`, () => {
    for (const value of taken) requireSetting(required(setting), value, "x");
    for (const value of refused) {
      assertThrows(
        () => requireSetting(setting, value, "x"),
        ModelError,
        "x",
        JSON.stringify(value),
      );
    }
  });
}

Deno.test("requireSetting() lets a setting be missing or null unless it is required", () => {
  for (const value of [undefined, null]) {
    requireSetting(KINDS.count, value, "x");
    assertThrows(() => requireSetting(required(KINDS.count), value, "x"), ModelError, "x is ");
  }
  // The items of a list have to be there, whatever the list itself.
  assertThrows(() => requireSetting(KINDS.counts(2), [1, null], "x"), ModelError, "x[1] is null");
});

Deno.test("settings for each axis say how many items a list of them has", () => {
  const said = (setting: Setting) =>
    assertThrows(() => requireSetting(setting, "x", "it"), ModelError).message;
  const count = `a whole number from 1 to ${MOST}`, border = `a whole number from 0 to ${MOST}`;
  assertEquals(
    [
      KINDS.counts(1),
      KINDS.counts(2),
      KINDS.bordersOf(1),
      KINDS.bordersOf(2),
      KINDS.pair("count"),
      KINDS.sizes,
      KINDS.choice("fanIn", "fanOut", "fanAvg"),
    ].map(said),
    [
      `${count}, or an array of one`,
      `${count}, or an array of 2 of them`,
      `${border}, or an array of 2 of them`,
      `${border}, or an array of 2 of them, or of 2 pairs`,
      `an array of 2, each ${count}`,
      `null or ${count}, or an array of them`,
      '"fan_in", "fan_out" or "fan_avg"',
    ].map((expected) => `it is "x", expected ${expected}`),
  );
});

/** Returns the refusal of a Dense of two units with other settings; `null` if it is accepted. */
function refusal(config: Record<string, unknown>, className = "Dense"): string | null {
  const layer = {
    class_name: className,
    config: { units: 2, batch_input_shape: [null, 3], ...config },
  };
  const model = { class_name: "Sequential", config: { layers: [layer] } };
  try {
    requireTopologyLayers(model, "m", (name) => name);
    return null;
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return error.message.replace("m.config.layers[0].config.", "");
  }
}

Deno.test("requireTopologyLayers() takes a VarianceScaling of any scale from 0", () => {
  const scaling = (scale: unknown) =>
    refusal({ kernel_initializer: { class_name: "VarianceScaling", config: { scale } } });
  for (const scale of [0, 0.5, 1, 2, null]) assertEquals(scaling(scale), null, `${scale}`);
  for (const scale of [-1e-9, "1", NaN]) {
    assertEquals(
      scaling(scale)?.endsWith("expected a number of at least 0"),
      true,
      `${scale}`,
    );
  }
});

Deno.test("requireTopologyLayers() takes the implementations 0, 1 and 2 of a recurrent layer", () => {
  const config = { batch_input_shape: [null, 3, 2] };
  for (const implementation of [0, 1, 2]) {
    assertEquals(refusal({ ...config, implementation }, "LSTM"), null);
  }
  for (const implementation of [-1, 3, 4]) {
    assertEquals(
      refusal({ ...config, implementation }, "LSTM"),
      `implementation is ${implementation}, expected 1 or 2`,
    );
  }
});

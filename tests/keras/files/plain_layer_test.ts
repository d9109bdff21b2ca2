import { plainLayer } from "../../../src/keras/files/plain_topology.ts";
import { ModelError } from "../../../src/load/mod.ts";
import { assertEquals, assertThrows } from "@std/assert";

type Json = Record<string, unknown>;

const plain = (className: string, config: Json) => plainLayer(className, config, "x");
const same = (className: string, config: Json) => ({ class_name: className, config });

Deno.test("plainLayer() takes a list of one axis for the axis, and any other as it is", () => {
  const axis = (axis: unknown) => plain("BatchNormalization", { axis, epsilon: 1 }).config;
  assertEquals(axis([3]), { epsilon: 1, axis: 3 });
  for (const other of [3, 0, null, [], [1, 2]]) {
    assertEquals(axis(other), { epsilon: 1, axis: other as number });
  }
  assertEquals(axis(undefined), { epsilon: 1 });
});

Deno.test("plainLayer() makes a leaky one of a ReLU that has a slope and no limits", () => {
  const leaky = { class_name: "LeakyReLU", config: { name: "r", alpha: 0.1 } };
  for (const none of [undefined, null, 0]) {
    const config = { name: "r", threshold: none, max_value: none };
    assertEquals(plain("ReLU", { ...config, negative_slope: 0.1 }), leaky);
    const flat = { ...config, negative_slope: none };
    assertEquals(plain("ReLU", flat), same("ReLU", flat));
  }
  for (const limit of [{ threshold: 1 }, { max_value: 6 }, { threshold: 1, max_value: 6 }]) {
    const config = { negative_slope: 0.1, ...limit };
    assertEquals(plain("ReLU", config), same("ReLU", config));
  }
});

Deno.test("plainLayer() passes on an ActivityRegularization and its penalty", () => {
  const config = { name: "a" };
  const linear = { class_name: "Activation", config: { name: "a", activation: "linear" } };
  assertEquals(plain("Identity", config), linear);
  for (const none of [undefined, null, 0]) {
    assertEquals(plain("ActivityRegularization", { ...config, l1: none, l2: none }), linear);
  }
  for (const [l1, l2] of [[0.1, 0], [0, 0.1], [0.1, 0.1]]) {
    const activity_regularizer = { class_name: "L1L2", config: { l1, l2 } };
    assertEquals(plain("ActivityRegularization", { ...config, l1, l2 }), {
      class_name: "Activation",
      config: { ...linear.config, activity_regularizer },
    });
  }
});

Deno.test("plainLayer() renames settings, keeps what is not there away, and leaves others alone", () => {
  assertEquals(plain("InputLayer", { batch_shape: [null, 2], name: "i" }).config, {
    batch_input_shape: [null, 2],
    name: "i",
  });
  assertEquals(plain("InputLayer", { name: "i" }).config, { name: "i" });
  assertEquals(plain("LeakyReLU", { negative_slope: 0.1 }).config, { alpha: 0.1 });
  assertEquals(plain("LeakyReLU", { alpha: 0.2 }).config, { alpha: 0.2 });
  const unused = { kernel_initializer: 1, kernel_regularizer: 2, kernel_constraint: 3 };
  for (const name of ["SeparableConv1D", "SeparableConv2D"]) {
    assertEquals(plain(name, { filters: 2, ...unused }).config, { filters: 2 });
  }
  assertEquals(
    plain("Discretization", { num_bins: 3, epsilon: 1, bin_boundaries: [1] }).config,
    { bin_boundaries: [1] },
  );
  assertEquals(
    plain("Conv2D", { filters: 2, ...unused }),
    same("Conv2D", { filters: 2, ...unused }),
  );
  assertEquals(plain("toString", { units: 1 }), same("toString", { units: 1 }));
});

Deno.test("plainLayer() takes two directions that are copies, each going its own way", () => {
  const layer = (config: Json, class_name = "LSTM") => ({ class_name, config });
  const pair = (forward: Json | undefined, backward: unknown) =>
    plain("Bidirectional", {
      layer: forward && layer(forward),
      backward_layer: backward,
      merge_mode: "sum",
    }).config;
  const forward = { units: 2, go_backwards: false, name: "forward_lstm" };
  const expected = { layer: layer({ ...forward, name: "lstm" }), merge_mode: "sum" };
  for (
    const backward of [
      undefined,
      null,
      layer({ name: "backward_lstm", go_backwards: true, units: 2 }),
    ]
  ) {
    assertEquals(pair(forward, backward), expected);
  }
  const strange = [
    3,
    layer({ ...forward, go_backwards: true }, "GRU"),
    { class_name: "LSTM", config: null },
    layer({ ...forward, go_backwards: true, units: 3 }),
    layer({ ...forward, go_backwards: true, more: 1 }),
    layer(forward),
  ];
  for (const backward of strange) {
    assertEquals(
      assertThrows(() => pair(forward, backward), ModelError).message,
      "x.backward_layer is unlike x.layer, expected a copy of it that goes backwards: " +
        "TensorFlow.js has no other",
    );
  }
  // A layer without a name is given none, and one that is no layer is refused later.
  assertEquals(pair({ units: 2 }, null), { layer: layer({ units: 2 }), merge_mode: "sum" });
  assertEquals(pair({ name: "forward_" }, null).layer, layer({ name: "forward_" }));
  assertEquals(pair({ name: "my_forward_lstm" }, null).layer, layer({ name: "my_forward_lstm" }));
  assertEquals(pair(undefined, 3), { layer: undefined, merge_mode: "sum" });
});

Deno.test("plainLayer() takes the implementation 0 for 1, as TensorFlow.js does with a warning", () => {
  for (const name of ["GRU", "GRUCell", "LSTM", "LSTMCell"]) {
    assertEquals(plain(name, { implementation: 0 }).config, { implementation: 1 });
    assertEquals(plain(name, { implementation: 2 }).config, { implementation: 2 });
  }
});

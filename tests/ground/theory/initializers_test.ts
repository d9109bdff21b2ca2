import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  defaultFanIn,
  fans,
  type InitializerScheme,
  initializerStd,
} from "../../../src/ground/theory/initializers.ts";
import { gain } from "../../../src/ground/theory/criticality.ts";
import { assertRefused } from "../../assert_refused.ts";

Deno.test("fans() reads dense, convolutional, transposed and depthwise kernels", () => {
  assertEquals(fans([20, 30]), { fanIn: 20, fanOut: 30 });
  assertEquals(fans([5, 16, 32]), { fanIn: 80, fanOut: 160 });
  assertEquals(fans([3, 3, 16, 32]), { fanIn: 144, fanOut: 288 });
  assertEquals(fans([3, 3, 32, 16], "transposed"), { fanIn: 144, fanOut: 288 });
  assertEquals(fans([3, 3, 16, 2], "depthwise"), { fanIn: 9, fanOut: 18 });
  // PyTorch's fans count the window on both sides; an einsum of dense layers has no window.
  assertEquals(fans([32, 16, 3, 3], "einsum oiii"), { fanIn: 144, fanOut: 288 });
  assertEquals(fans([16, 32, 3, 3], "einsum ioii"), { fanIn: 144, fanOut: 288 });
  assertEquals(fans([32, 16], "einsum oi"), { fanIn: 16, fanOut: 32 });
  assertEquals(fans([16, 4, 8], "einsum ioo"), { fanIn: 16, fanOut: 32 });
  assertRefused(() => fans([20]), {
    place: "shape",
    found: "[20]",
    expected: "two axes or more",
  });
});

Deno.test("initializerStd() follows the formula of each scheme", () => {
  const kernel = { fanIn: 50, fanOut: 150 };
  assertAlmostEquals(initializerStd("he", kernel), 0.2, 1e-15);
  assertAlmostEquals(initializerStd("lecun", kernel), Math.sqrt(1 / 50), 1e-15);
  assertAlmostEquals(initializerStd("glorot", kernel), 0.1, 1e-15);
  assertAlmostEquals(initializerStd("orthogonal", kernel), Math.sqrt(1 / 150), 1e-15);
  assertRefused(
    () => initializerStd("xavier" as InitializerScheme, kernel),
    { place: "initializer", found: '"xavier"', expected: "he, lecun, glorot, orthogonal" },
  );
});

Deno.test("gain() is null for what has none", () => {
  for (const name of ["sigmoid", "hardSigmoid", "softmax", "constructor"]) {
    assertEquals(gain(name), null);
  }
});

Deno.test("defaultFanIn() is that of PyTorch, which takes the outputs of a transposed convolution", () => {
  assertEquals(defaultFanIn([16, 8, 3, 3], "einsum oiii"), 72);
  assertEquals(defaultFanIn([16, 8, 3, 3], "einsum ioii"), 72);
  assertEquals(defaultFanIn([16, 8], "einsum oi"), 8);
  // The Conv1D of transformers.
  assertEquals(defaultFanIn([16, 8], "einsum io"), 16);
});

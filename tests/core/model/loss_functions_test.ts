import { startEngine, type Tensor } from "../../../src/engine/mod.ts";
import { TORCH_ROW_LOSSES } from "../../../src/core/model/loss_functions.ts";
import { InputError } from "../../../src/ground/words/input_error.ts";
import { assertEquals, assertThrows } from "@std/assert";

const { tf } = await startEngine();

Deno.test("weights of a loss are one for each unit, or one for all", () => {
  tf.tidy(() => {
    const targets: Tensor = tf.zeros([1, 3]);
    const outputs: Tensor = tf.tensor2d([[1, 2, 3]]);
    const sum = (unitWeights: number[]) =>
      TORCH_ROW_LOSSES.mse_loss(tf, targets, outputs, {
        name: "mse_loss",
        unitWeights,
        reduction: "sum",
      }).dataSync()[0];
    assertEquals([sum([1, 1, 1]), sum([2]), sum([0, 0, 5])], [14, 28, 45]);
    assertThrows(
      () => sum([1, 2]),
      InputError,
      "The weight of the loss has 2 numbers, expected 3, one for each class or unit",
    );
  });
});

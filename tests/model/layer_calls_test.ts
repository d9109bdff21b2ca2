import { assertEquals } from "@std/assert";
import { layerCalls } from "../../src/keras/topology/require_graph.ts";

Deno.test("layerCalls() has how many tensors each layer takes and gives", () => {
  const of = (name: string, config = {}) => {
    const { first, isInput, fewest, most, tensors } = layerCalls(name, config);
    return [first, isInput, fewest, most, tensors];
  };
  const cases: [string, object, ...ReturnType<typeof of>][] = [
    ["Dense", {}, 0, false, 1, 1, 1],
    ["InputLayer", {}, 1, true, 0, 0, 1],
    ["Sequential", {}, 1, false, 1, 1, 1],
    ["Model", { input_layers: [1, 2], output_layers: [1, 2, 3] }, 1, false, 2, 2, 3],
    ["Functional", { inputLayers: [1], outputLayers: [1] }, 1, false, 1, 1, 1],
    ["LSTM", {}, 0, false, 1, Infinity, 3],
    ["ConvLSTM2D", {}, 0, false, 1, Infinity, 3],
    ["GRU", {}, 0, false, 1, Infinity, 2],
    ["SimpleRNN", {}, 0, false, 1, Infinity, 2],
    // Two directions of an LSTM: outputs together, or apart, and four states.
    ["Bidirectional", {}, 0, false, 1, Infinity, 6],
    ["RNN", {}, 0, false, 1, Infinity, Infinity],
    ["Attention", {}, 0, false, 2, 3, 1],
    ["AdditiveAttention", { return_attention_scores: false }, 0, false, 2, 3, 1],
    ["MultiHeadAttention", { return_attention_scores: true }, 0, false, 1, 7, 2],
    ["GroupQueryAttention", { returnAttentionScores: true }, 0, false, 1, 7, 2],
    ["Dot", {}, 0, false, 2, 2, 1],
    ["Subtract", {}, 0, false, 2, 2, 1],
    ...["Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply"].map((
      name,
    ): [string, object, ...ReturnType<typeof of>] => [name, {}, 0, false, 2, Infinity, 1]),
    ["Custom", {}, 1, null, 1, Infinity, Infinity],
  ];
  for (const [name, config, ...expected] of cases) assertEquals(of(name, config), expected, name);
});
